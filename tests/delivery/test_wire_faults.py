"""Whatever the wire does, each event arrives once and in order, and nothing leaves the spool without its receipt."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from patchtrail.contract.events import Heartbeat, SessionEnd
from patchtrail.delivery import Device
from tests.delivery.fakes import RunningCollector, running_collector
from tests.delivery.fault_proxy import Connection, Fault, FaultProxy
from tests.delivery.test_courier import NOTE, Carrier, check_complete, command

TIMEOUT_S = 0.3


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    """Run a real collector for all tests here."""
    with running_collector(tmp_path_factory.mktemp("collector")) as running:
        yield running


def cut_request(size: int) -> Fault:
    """Break off in the middle of a request."""

    async def fault(connection: Connection) -> None:
        await connection.send_part(await connection.request(), size)
        connection.reset()

    return fault


def cut_answer(size: int) -> Fault:
    """Let the collector take the request, and break off in the middle of its answer."""

    async def fault(connection: Connection) -> None:
        answer = await connection.answer(await connection.request())
        await connection.reply(answer[:size])
        connection.reset()

    return fault


def canned(status: str, body: bytes = b"", *headers: str) -> Fault:
    """Answer in the collector's place."""

    async def fault(connection: Connection) -> None:
        await connection.request()
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
        await connection.reply("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    return fault


async def stall(connection: Connection) -> None:
    """Take the request and say nothing."""
    await connection.request()
    await asyncio.sleep(30)


async def half_open(connection: Connection) -> None:
    """Answer once; then the peer is gone without a word."""
    await connection.reply(await connection.answer(await connection.request()))
    await asyncio.sleep(30)


async def dribble_an_answer(connection: Connection) -> None:
    """Answer one byte at a time, each in time."""
    for byte in await connection.answer(await connection.request()):
        await connection.reply(bytes([byte]))
        await asyncio.sleep(TIMEOUT_S / 4)


async def dribble_headers(connection: Connection) -> None:
    """Send headers that never end."""
    await connection.request()
    await connection.reply(b"HTTP/1.1 200 OK\r\n")
    while True:
        await connection.reply(b"a")
        await asyncio.sleep(TIMEOUT_S / 4)


async def read_slowly(connection: Connection) -> None:
    """Take the request a few bytes at a time."""
    while await connection.reader.read(16):
        await asyncio.sleep(TIMEOUT_S / 4)


async def double(connection: Connection) -> None:
    """Deliver every request twice, and give the second answer."""
    while True:
        request = await connection.request()
        await connection.answer(request)
        await connection.reply(await connection.answer(request))


async def reorder(connection: Connection) -> None:
    """Deliver an old request again behind every new one."""
    old = b""
    while True:
        request = await connection.request()
        answer = await connection.answer(request)
        if old:
            await connection.answer(old)
        old = request
        await connection.reply(answer)


async def another_receipt(connection: Connection) -> None:
    """Give the first chunk's receipt for every chunk."""
    first = b""
    while True:
        request = await connection.request()
        answer = await connection.answer(request)
        if b"/chunks/" in request.split(b"\r\n", 1)[0]:
            first = first or answer
            answer = first
        await connection.reply(answer)


FAULTS: dict[str, Fault] = {
    **{f"request cut after {size}": cut_request(size) for size in (0, 50, 700)},
    **{f"answer cut after {size}": cut_answer(size) for size in (0, 20, 150)},
    "stall": stall,
    "half open": half_open,
    "answer dribbles": dribble_an_answer,
    "headers dribble": dribble_headers,
    "request is read slowly": read_slowly,
    "doubled": double,
    "reordered": reorder,
    "receipt of another chunk": another_receipt,
    "429 seconds": canned("429 Too Many Requests", b"", "Retry-After: 7"),
    "429 date": canned(
        "429 No", b"", "Date: Sat, 21 Nov 2026 08:00:00 GMT", "Retry-After: Sat, 21 Nov 2026 08:00:09 GMT"
    ),
    "503 garbage": canned("503 No", b"", "Retry-After: when it is ready"),
    "503 ten years": canned("503 No", b"", "Retry-After: 315360000"),
    "503 negative": canned("503 No", b"", "Retry-After: -5"),
    "500": canned("500 Oops", b"<h1>Oops</h1>"),
    "500 with a problem": canned("500 Oops", b'{"code":"internal","message":"m","detail":{}}'),
    "301 to itself": canned("301 Moved", b"", "Location: /"),
    "captive portal": canned("200 OK", b"<html>Sign in</html>"),
    "captive portal in JSON": canned("200 OK", b'{"status": "sign in"}'),
    "proxy's sign-in": canned("407 Proxy Authentication Required", b"<html></html>"),
    "410 of nobody": canned("410 Gone", b"<html>Gone</html>"),
    "401 of nobody": canned("401 Unauthorized", b"<html></html>"),
    "nonsense": canned("HTTP/9 ???", b"\xff\xfe"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_everything_arrives_once(fault: Fault, tmp_path: Path, collector: RunningCollector) -> None:
    """P3, P4, P5: behind a wire that fails for every kind of request, a session arrives whole, in order, once."""
    with FaultProxy(collector.url, [fault, Connection.pass_once, fault, fault, Connection.pass_once]) as proxy:
        carrier = Carrier(tmp_path / "spool", collector.enrol())
        carrier.device.close()
        enrolled = carrier.enrolled.model_copy(update={"collector_url": proxy.url})
        carrier.device = Device(enrolled, timeout_s=TIMEOUT_S)
        carrier.courier._device = carrier.device
        trace = carrier.trace(is_offline=True)
        trace.append(command(trace.store(b"output", "text/plain")))
        trace.append(NOTE)
        trace.append(Heartbeat())
        trace.append(NOTE)
        trace.append(SessionEnd(reason="participant"))
        for _ in range(240):
            carrier.look()
            check_receipts(trace.folder.path)
            if trace.folder.complete.exists():
                break

        check_complete(collector, trace.trace_id, 6)
        assert carrier.store.owned() == []
        carrier.close()


def check_receipts(folder: Path) -> None:
    """Every chunk that is not here any more left its receipt."""
    here = {path.stem for path in folder.glob("*.seg")}
    receipted = {path.stem for path in folder.glob("*.rcpt")}

    assert len(here | receipted) == 3


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9", "http://nowhere.invalid", "https://127.0.0.1:{port}", "http://[::1]:9", "not a url"],
    ids=["refused", "DNS gone", "TLS to a plain port", "IPv6 only", "no address"],
)
def test_nobody_there(url: str, tmp_path: Path, collector: RunningCollector) -> None:
    """P9: without a collector everything is kept, and the state says that we are offline."""
    carrier = Carrier(tmp_path / "spool", collector.enrol())
    trace = carrier.trace(is_offline=True)
    trace.append(NOTE)
    carrier.device.transport._url = url.format(port=collector.url.rpartition(":")[2])
    for _ in range(3):
        carrier.look()

    assert (trace.folder.numbers(".env"), carrier.courier.is_online) == ([0], False)
    carrier.close()
