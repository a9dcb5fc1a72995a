"""What comes in over a socket and is no sound HTTP, or has no end of headers."""

from __future__ import annotations

import socket

import pytest

from patchtrail.collector.protocol import MAX_HEADER_BYTES
from patchtrail.contract.problem import PROBLEM_MEDIA_TYPE, Problem
from tests.delivery.fakes import RunningCollector

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"


def answered(collector: RunningCollector, *pieces: bytes) -> bytes:
    """Send pieces one by one, and return everything that is answered until the other side closes."""
    host, port = collector.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        found = b""
        try:
            for piece in pieces:
                wire.sendall(piece)
            while received := wire.recv(65536):
                found += received
        except (ConnectionResetError, BrokenPipeError):
            pass  # It closed while we were still sending.
    return found


def check(answer: bytes, status: int, code: str) -> None:
    """Compare an answer's status, media type, shape and code."""
    head, _, body = answer.partition(b"\r\n\r\n")

    assert head.startswith(f"HTTP/1.1 {status} ".encode()), answer
    assert f"content-type: {PROBLEM_MEDIA_TYPE}".encode() in head
    assert f"content-length: {len(body)}".encode() in head
    assert Problem.model_validate_json(body).code == code


MALFORMED = {
    "a control character in a header": GET + b"X-A: \x01\r\n\r\n",
    "two lengths": b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "a length that is none": b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
    "NUL in the path": b"GET /v1/\0traces HTTP/1.1\r\nHost: x\r\n\r\n",
    "no ASCII in the path": b"GET /v1/\xfftraces HTTP/1.1\r\nHost: x\r\n\r\n",
    "an unknown method": b"BREW /v1/traces HTTP/1.1\r\nHost: x\r\n\r\n",
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", MALFORMED.values(), ids=MALFORMED)
def test_malformed_http_has_the_shape_of_every_failure(collector: RunningCollector, request_bytes: bytes) -> None:
    """What is no sound HTTP is answered with {code, message, detail}, and the connection is closed."""
    check(answered(collector, request_bytes), 400, "bad_http")


def test_an_upgrade_is_not_followed(collector: RunningCollector) -> None:
    """Whoever asks for a web socket is answered as over HTTP."""
    upgrade = b"Connection: Upgrade, close\r\nUpgrade: websocket\r\n"
    upgrade += b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n\r\n"
    check(answered(collector, b"GET /nowhere HTTP/1.1\r\nHost: x\r\n" + upgrade, b"\x01"), 404, "no_such_route")


FULL = b"X-A: " + b"a" * 60_000 + b"\r\n"
MANY = b"".join(b"X-%d: a\r\n" % n for n in range(2_000))


@pytest.mark.parametrize("headers", [FULL, MANY], ids=["one", "many"])
def test_complete_headers_are_capped(collector: RunningCollector, headers: bytes) -> None:
    """Headers beyond the cap are refused, also when they come whole in one piece, or end at last."""
    check(answered(collector, GET + headers + b"\r\n"), 431, "headers_too_large")
    check(answered(collector, GET, headers, b"\r\n"), 431, "headers_too_large")


def test_headers_without_an_end_are_capped(collector: RunningCollector) -> None:
    """Headers that go on without an end are refused before there is one; so is an address."""
    check(answered(collector, GET + b"X-A: ", *[b"a" * 4096] * 40), 431, "headers_too_large")
    check(answered(collector, b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\n\r\n"), 431, "headers_too_large")


def test_what_is_within_the_cap_is_answered(collector: RunningCollector) -> None:
    """Headers just below the cap are taken, and a second request on the same connection is counted anew."""
    header = b"X-A: " + b"a" * (MAX_HEADER_BYTES - 100) + b"\r\n"
    answer = answered(collector, GET + header + b"\r\n" + GET + header + b"Connection: close\r\n\r\n")

    assert answer.count(b"HTTP/1.1 200 OK") == 2
