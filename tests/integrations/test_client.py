"""Calls to the vendor over real HTTP: every answer becomes a value or one typed error, and no key leaks."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from uuid import UUID

import httpx
import pytest

from integrations import errors, http
from integrations.mobility_work import client
from integrations.mobility_work.operations import OPERATIONS

KEY = "mw-k3y-that-must-never-be-seen"
SETTINGS = {
    "networkId": "6f1d3c52-8a47-4e0b-9c15-2b7de0a4f318",
    "legacyNetworkId": 4711,
    "name": "Fonderie du Val d'Arve",
    "timezone": "Europe/Paris",
    "currency": "EUR",
}


@dataclass
class Vendor:
    """A server that gives one prepared answer, and keeps what it was asked."""

    url: str = ""
    status: int = 200
    body: bytes = b"null"
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    def answer(self, status: int, body: object, **headers: str) -> None:
        self.status, self.headers = status, {name.replace("_", "-"): value for name, value in headers.items()}
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    prepared = Vendor()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            prepared.asked.append((self.command, self.path, dict(self.headers), sent))
            if prepared.status == 0:
                return  # drops the connection without an answer
            self.send_response(prepared.status)
            for name, value in prepared.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(prepared.body)

        do_GET = do_POST = do_PUT = handle_any  # noqa: N815 (the names that http.server calls)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    prepared.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield prepared
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_settings_are_typed_and_the_call_is_honest(vendor: Vendor, caplog: pytest.LogCaptureFixture) -> None:
    vendor.answer(200, SETTINGS, Request_Id="req-77")
    with caplog.at_level(logging.DEBUG):
        settings = client.get_network_settings(vendor.url, api_key=KEY, network_name="Fonderie de l’Œuvre Étagée")
    assert settings == client.NetworkSettings(
        network_id=UUID(SETTINGS["networkId"]), legacy_network_id=4711, name="Fonderie du Val d'Arve",
        time_zone="Europe/Paris", currency="EUR",
    )  # fmt: skip
    method, path, headers, _body = vendor.asked[0]
    assert (method, path, headers["Api-Key"]) == ("GET", "/partners/v1/network/settings", KEY)
    assert headers["User-Agent"] == f"{http.PRODUCT} Fonderie de l'OEuvre Etagee"
    assert "req-77" in caplog.text
    assert KEY not in caplog.text


def test_missing_members_are_empty_but_the_network_id_is_needed(vendor: Vendor) -> None:
    vendor.answer(200, {"networkId": SETTINGS["networkId"], "legacyNetworkId": "x", "timezone": "Mars", "currency": 3})
    settings = client.get_network_settings(vendor.url, api_key=KEY)
    assert (settings.legacy_network_id, settings.name, settings.time_zone, settings.currency) == (None, "", "", "")
    deep = b'{"a":' * 90_000
    for body in ({"name": "x"}, {"networkId": 5}, [], b"<html>Bad gateway</html>", b"\xff", deep):
        vendor.answer(200, body, Request_Id="req-9")
        with pytest.raises(errors.UnexpectedAnswer) as caught:
            client.get_network_settings(vendor.url, api_key=KEY)
        assert caught.value.request_id == "req-9"


@pytest.mark.parametrize(
    ("status", "kind", "retryable", "outcome_unknown"),
    [
        (400, errors.InvalidPayload, False, False),
        (401, errors.BadKey, False, False),
        (403, errors.AccessDenied, False, False),
        (404, errors.UnexpectedAnswer, False, True),
        (302, errors.UnexpectedAnswer, False, True),
        (429, errors.RateLimited, True, False),
        (500, errors.VendorFault, True, True),
        (503, errors.VendorFault, True, True),
    ],
)
def test_every_status_is_one_typed_error(
    vendor: Vendor, status: int, kind: type[errors.VendorError], retryable: bool, outcome_unknown: bool
) -> None:
    vendor.answer(status, {"message": "Non\0 sense"}, Request_Id="req-1", Retry_After="17", Location="/elsewhere")
    with pytest.raises(kind) as caught:
        client.get_network_settings(vendor.url, api_key=KEY)
    error = caught.value
    assert (error.status, error.request_id, error.detail) == (status, "req-1", "Non sense")
    assert (error.retryable, error.outcome_unknown) == (retryable, outcome_unknown)
    assert error.user_message
    if isinstance(error, errors.RateLimited):
        assert error.retry_after == 17
    assert len(vendor.asked) == 1  # no redirect is followed: the key goes to one host only


def test_nothing_sent_and_outcome_unknown_are_told_apart(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(errors.NothingSent) as refused:
            client.get_network_settings(f"http://127.0.0.1:{taken.getsockname()[1]}", api_key=KEY)
        assert not refused.value.outcome_unknown
        taken.listen()
        short = http.vendor_client(
            f"http://127.0.0.1:{taken.getsockname()[1]}", api_key=KEY, timeout=httpx.Timeout(0.2)
        )
        monkeypatch.setattr(client, "vendor_client", lambda *_, **__: short)
        with pytest.raises(errors.OutcomeUnknown):
            client.get_network_settings("", api_key=KEY)
    monkeypatch.undo()
    with pytest.raises(errors.NothingSent):
        client.get_network_settings("http://no-such-host.invalid", api_key=KEY)
    vendor.status = 0
    with pytest.raises(errors.OutcomeUnknown) as dropped:
        client.get_network_settings(vendor.url, api_key=KEY)
    assert dropped.value.outcome_unknown


@pytest.mark.parametrize("key", ["", "with space", "new\nline", "clé", "\0"])
def test_a_key_that_no_header_can_hold_is_a_bad_key(key: str) -> None:
    with pytest.raises(errors.BadKey) as caught:
        client.get_network_settings("http://127.0.0.1:9", api_key=key)
    assert not key or key not in str(caught.value)


def test_the_key_is_in_no_repr_and_on_no_request_that_is_left(vendor: Vendor) -> None:
    vendor.answer(200, SETTINGS)
    with http.vendor_client(vendor.url, api_key=KEY) as opened:
        response = opened.get("/")
        seen = [repr(opened), repr(vars(opened)), repr(opened.headers), repr(response), repr(response.request.headers)]
    with http.vendor_client("http://127.0.0.1:9", api_key=KEY) as closed:
        try:
            closed.get("/")
        except httpx.ConnectError as error:
            seen += [repr(error), repr(error.request.headers)]
    assert len(seen) == 7
    assert not any(KEY in text for text in seen)


def test_a_write_carries_its_rows_and_hands_back_what_the_vendor_says(vendor: Vendor) -> None:
    vendor.answer(202, None, Request_Id="req-5")
    rows = [{"id": "ROUL-6205-2RS", "quantity": 12}]
    accepted = client.send(
        vendor.url,
        OPERATIONS["replaceSparePartStock"],
        client.body_of(OPERATIONS["replaceSparePartStock"], rows),
        api_key=KEY,
    )
    assert accepted == client.Accepted(202, "req-5")
    method, path, headers, body = vendor.asked[0]
    assert (method, path, headers["Content-Type"]) == ("PUT", "/partners/v1/spare-parts/stock", "application/json")
    assert body == b'[{"id":"ROUL-6205-2RS","quantity":12}]'


def test_a_retry_time_may_be_a_date_or_nonsense(vendor: Vendor) -> None:
    for value, expected in [("Wed, 01 Jan 2020 00:00:00 GMT", 0), ("soon", None), ("9" * 40, None), ("", None)]:
        vendor.answer(429, b"", Retry_After=value)
        with pytest.raises(errors.RateLimited) as caught:
            client.get_network_settings(vendor.url, api_key=KEY)
        assert caught.value.retry_after == expected


@pytest.fixture
def dripping() -> Iterator[tuple[str, list[bytes]]]:
    """A vendor that answers byte by byte, each well within the limit of a step; yield its address and what to say."""
    listening = socket.create_server(("127.0.0.1", 0))
    said: list[bytes] = []
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            try:
                connection, _address = listening.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                try:
                    connection.sendall(said[0])
                    while not over.wait(0.02):
                        connection.sendall(b"x")
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}", said
    over.set()
    listening.close()


@pytest.mark.parametrize(
    "beginning",
    [
        b"HTTP/1.1 202 Accepted\r\nX-Long: ",
        b"HTTP/1.1 202 Accepted\r\nContent-Length: 100000\r\n\r\n",
        b"HTTP/1.1 202 Accepted\r\nConnection: close\r\n\r\n",  # looks whole wherever it is cut off
        b"",
    ],
)
def test_a_vendor_that_drips_bytes_holds_no_worker(dripping: tuple[str, list[bytes]], beginning: bytes) -> None:
    url, said = dripping
    said.append(beginning)
    began = time.monotonic()
    with pytest.raises(errors.OutcomeUnknown) as raised:
        client.send(url, OPERATIONS["replaceSparePartStock"], b"[]", api_key=KEY, seconds=0.5)
    assert time.monotonic() - began < 5
    assert raised.value.detail == "Deadline"


def test_a_quick_answer_leaves_no_watch_behind(vendor: Vendor) -> None:
    vendor.answer(202, None)
    client.send(vendor.url, OPERATIONS["replaceSparePartStock"], b"[]", api_key=KEY)
    for _ in range(100):
        if not any(thread.name == "deadline" for thread in threading.enumerate()):
            return
        time.sleep(0.01)
    pytest.fail("a watch goes on")
