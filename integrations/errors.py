"""What can go wrong in a call to the vendor. Each error knows whether a repeat can help and whether it is safe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar


def _(msgid: str) -> str:
    """Mark a text for translation; the page translates it."""
    return msgid


class VendorError(Exception):
    """Base of the tree. `retryable`: the same call may succeed later. `outcome_unknown`: it may have taken effect."""

    retryable: ClassVar[bool] = False
    outcome_unknown: ClassVar[bool] = False
    user_message: ClassVar[str] = _("The call to Mobility Work failed.")

    def __init__(self, detail: str = "", *, status: int | None = None, request_id: str = "") -> None:
        super().__init__(detail or self.user_message)
        self.detail = detail
        self.status = status
        self.request_id = request_id


class NothingSent(VendorError):
    """No connection was made, so nothing can have taken effect."""

    retryable = True
    user_message = _("Mobility Work could not be reached. Nothing was sent; try again in a few minutes.")


class OutcomeUnknown(VendorError):
    """The request was sent and no whole answer came back."""

    retryable = True
    outcome_unknown = True
    user_message = _("Mobility Work did not answer in time. Try again in a few minutes.")


class BadKey(VendorError):
    """401: the key is missing, unknown or revoked."""

    user_message = _("Mobility Work does not accept this API key. Check that it was copied whole, and is not revoked.")


class AccessDenied(VendorError):
    """403: the plan or the account does not allow the call."""

    user_message = _("Mobility Work accepts the key but denies access. The plan of the network may not include this.")


class RateLimited(VendorError):
    """429: too many calls; `retry_after` in seconds when the vendor says."""

    retryable = True
    user_message = _("Mobility Work asks to slow down. Try again in a minute.")

    def __init__(
        self, detail: str = "", *, status: int | None = None, request_id: str = "", retry_after: int | None = None
    ) -> None:
        super().__init__(detail, status=status, request_id=request_id)
        self.retry_after = retry_after


class VendorFault(VendorError):
    """5xx: a fault on the vendor's side."""

    retryable = True
    outcome_unknown = True
    user_message = _("Mobility Work has a fault at the moment. Try again in a few minutes.")


class UnexpectedAnswer(VendorError):
    """An answer that fits no description: not JSON, or without what it must hold."""

    outcome_unknown = True
    user_message = _("Mobility Work answered something unexpected. Check the address of its API.")


@dataclass(frozen=True, slots=True)
class FieldError:
    """One error that the vendor names. `row` counts from zero, `path` leads to the property inside it.

    Without row and path it concerns the whole request; `pointer` then still says what the vendor pointed at.
    """

    row: int | None
    path: tuple[str, ...]
    message_key: str
    parameters: dict[str, object] = field(default_factory=dict)
    pointer: str = ""

    @property
    def is_global(self) -> bool:
        """Tell whether the error belongs to no row and no property that we sent."""
        return self.row is None and not self.path


class InvalidPayload(VendorError):
    """400: the vendor names what is wrong with the body."""

    user_message = _("Mobility Work refuses the data.")

    def __init__(
        self,
        detail: str = "",
        *,
        status: int | None = None,
        request_id: str = "",
        errors: tuple[FieldError, ...] = (),
    ) -> None:
        super().__init__(detail, status=status, request_id=request_id)
        self.errors = errors
