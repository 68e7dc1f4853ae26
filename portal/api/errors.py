"""What can be wrong with a request, and the one form in which the API says so."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse


@dataclass(frozen=True, slots=True)
class BadParameter:
    """One parameter that cannot be understood."""

    name: str
    message: str


@dataclass
class Refusal(Exception):
    """An answer other than what was asked for: status, a stable code, and a sentence that says what to do."""

    status: int
    code: str
    message: str
    parameters: Sequence[BadParameter] = ()
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> HttpResponse:
        """Return the answer."""
        body = {
            "error": self.code,
            "message": self.message,
            "parameters": [{"name": each.name, "message": each.message} for each in self.parameters],
        }
        answer = HttpResponse(json.dumps(body), content_type="application/json", status=self.status)
        for name, value in self.headers.items():
            answer[name] = value
        answer["Cache-Control"] = "no-store"
        return answer


def no_token(message: str) -> Refusal:
    """The request carries no token, or none that opens anything."""
    return Refusal(401, "unauthorized", message, headers={"WWW-Authenticate": 'Bearer realm="read API"'})


def scope_missing(scope: str) -> Refusal:
    """The token may not do this."""
    return Refusal(403, "scope_missing", f"This token lacks the scope “{scope}”.")


def not_found(message: str) -> Refusal:
    """There is nothing here, or it is not this token's to see: one answer for both."""
    return Refusal(404, "not_found", message)


def not_acceptable(offered: Sequence[str]) -> Refusal:
    """The Accept header asks for a form that is not offered."""
    return Refusal(406, "not_acceptable", f"This address answers as {' or '.join(offered)}; see your Accept header.")


def bad_parameters(parameters: Sequence[BadParameter]) -> Refusal:
    """Parameters that are unknown, missing, given twice, or have values that make no sense."""
    names = ", ".join(dict.fromkeys(each.name for each in parameters))
    return Refusal(422, "bad_parameters", f"Cannot be understood: {names}.", parameters)


def too_many(seconds: int, limit: int) -> Refusal:
    """The token asks too often."""
    message = f"At most {limit} requests a minute with one token. Go on after {seconds} seconds."
    return Refusal(429, "too_many_requests", message, headers={"Retry-After": str(seconds)})


def failed() -> Refusal:
    """Something of ours went wrong; the log says what."""
    return Refusal(500, "failed", "The portal failed to answer. Nothing was changed; try again later.")


def of_validation(errors: Sequence[dict[str, Any]]) -> Refusal:
    """Return the refusal for what the validation of parameters found."""
    # The last name in the path of a location is the parameter's; numbers are places in a list of values.
    found = [
        BadParameter(next((str(part) for part in reversed(error["loc"]) if isinstance(part, str)), "?"), error["msg"])
        for error in errors
    ]
    return bad_parameters(found)
