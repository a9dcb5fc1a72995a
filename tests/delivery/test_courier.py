"""The courier carries what is due, keeps what is not receipted, and lets nothing wrong pass for a receipt."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from patchtrail.contract.artifact import ArtifactRef
from patchtrail.contract.errors import CollectorUnavailable
from patchtrail.contract.events import CmdRun, ConsentRef, Heartbeat, RationaleNote, SessionEnd
from patchtrail.contract.lsp import DeviceKey
from patchtrail.delivery import Courier, Device, SpoolStore, TraceSpool, open_offline, open_online
from tests.delivery.fakes import ManualClock, RunningCollector, running_collector
from tests.delivery.starts import TASK, start_of

NOTE = RationaleNote(kind="plan", text="Look.", confidence=None, links=[])


class Rules:
    """What the courier asks; a test sets it."""

    is_allowed = True
    hold = 0

    def may_send(self) -> bool:
        """Return what the test says."""
        return self.is_allowed

    def hold_ms(self) -> int:
        """Return what the test says."""
        return self.hold


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    """Run a real collector for all tests here."""
    with running_collector(tmp_path_factory.mktemp("collector")) as running:
        yield running


class Carrier:
    """A device with a spool and a courier whose looks the test makes itself."""

    def __init__(self, folder: Path, enrolled: DeviceKey) -> None:
        self.clock, self.rules = ManualClock(), Rules()
        self.clock.now_ms = time.time_ns() // 1_000_000
        self.folder = folder
        self.later: Carrier | None = None
        self.enrolled = enrolled
        self.device = Device(enrolled, hasty_s=60)
        self.store = SpoolStore(folder, self.clock, self.device.key)
        self.courier = Courier(self.store, self.device, self.clock, self.rules, lambda: None)

    def trace(self, *, is_offline: bool = False) -> TraceSpool:
        """Open a trace and record its start."""
        now_ms = self.clock.now_ms
        new = (
            open_offline(self.device, TASK, newest_receipt=None, made_ms=now_ms)
            if is_offline
            else open_online(self.device, TASK, made_ms=now_ms)
        )
        trace = self.store.create(new, "/w/shop", b"k" * 32)
        self.courier.remember_token(new.trace_id, new.upload_token)
        trace.append(start_of(new.kind, self.enrolled.participant_id))
        return trace

    def look(self) -> None:
        """Let the courier look once, whatever its back-off says."""
        self.clock.since_boot_ms += 3_700_000
        self.courier.tend()
        self.courier.look()

    def restarted(self) -> Carrier:
        """Return the same device after a kill: nothing was closed."""
        for trace in self.store.owned():
            trace._lock.release()
        carrier = self.later = Carrier(self.folder, self.enrolled)
        carrier.store.adopt()
        return carrier

    def close(self) -> None:
        """Close the connections."""
        self.device.close()
        if self.later is not None:
            self.later.close()


@pytest.fixture
def carrier(tmp_path: Path, collector: RunningCollector) -> Iterator[Carrier]:
    """Enrol a device."""
    made = Carrier(tmp_path / "spool", collector.enrol())
    yield made
    made.close()


def check_complete(collector: RunningCollector, trace_id: str, events: int) -> dict:
    """Compare what the collector holds of a delivered trace."""
    document = collector.read(f"/v1/traces/{trace_id}").json()

    assert [event["seq"] for event in document["events"]] == list(range(events))
    return document


@pytest.mark.parametrize("is_offline", [False, True], ids=["online", "offline"])
def test_a_session_is_delivered(carrier: Carrier, collector: RunningCollector, is_offline: bool) -> None:
    """Every chunk is receipted, the spool keeps only receipts, and the collector calls the trace complete."""
    trace = carrier.trace(is_offline=is_offline)
    trace.append(NOTE)
    trace.append(SessionEnd(reason="participant"))
    carrier.look()

    document = check_complete(collector, trace.trace_id, 3)
    assert document["integrity"]["assurance"]["level"] == "L3"
    assert sorted(path.name for path in trace.folder.path.glob("*.*")) == [
        *("000000.rcpt", "000001.rcpt", "complete.json", "opening.json"),
    ]
    assert carrier.store.owned() == []


def test_chunks_are_held(carrier: Carrier) -> None:
    """A sealed chunk waits its hold time, unless the session ended."""
    carrier.rules.hold = 120_000
    trace = carrier.trace()
    trace.append(NOTE)
    carrier.look()
    assert trace.folder.numbers(".env") == [0]

    carrier.clock.advance(120_000)
    carrier.look()
    assert trace.folder.numbers(".rcpt") == [0]

    trace.append(SessionEnd(reason="participant"))
    carrier.look()
    assert trace.folder.complete.exists()


def test_a_closed_gate_sends_nothing(carrier: Carrier, collector: RunningCollector) -> None:
    """Nothing leaves while the rules say no, not even of an ended session."""
    trace = carrier.trace()
    trace.append(SessionEnd(reason="participant"))
    carrier.rules.is_allowed = False
    carrier.look()
    assert trace.folder.numbers(".env") == [0]
    assert collector.read("/v1/traces").json()["traces"][0]["chunks"] == 0

    carrier.rules.is_allowed = True
    carrier.look()
    assert trace.folder.complete.exists()


def test_artifacts_go_first(carrier: Carrier, collector: RunningCollector) -> None:
    """A chunk's artifacts are there before its receipt is, and leave the spool only when the trace is whole."""
    trace = carrier.trace()
    ref = trace.store(b"all of the output", "text/plain")
    trace.append(command(ref))
    trace.append(NOTE)
    carrier.look()
    assert trace.folder.artifact(ref.sha256).exists()

    trace.append(SessionEnd(reason="participant"))
    carrier.look()
    assert not trace.folder.artifact(ref.sha256).exists()
    answer = collector.read(f"/v1/traces/{trace.trace_id}/artifacts/{ref.sha256}")
    assert answer.content == b"all of the output"


def command(ref: ArtifactRef) -> CmdRun:
    """Return a command whose output is an artifact."""
    return CmdRun(
        command_line="make",
        confidence="high",
        cwd="/w",
        exit_code=0,
        duration_ms=1,
        output_tail="",
        output_size_bytes=17,
        output_artifact=ref,
    )


def test_a_kill_after_the_commit_is_harmless(carrier: Carrier, collector: RunningCollector) -> None:
    """A chunk that was accepted, but whose receipt was lost with the process, is receipted again and stored once."""
    trace = carrier.trace()
    trace.append(NOTE)
    envelope, segment = trace.folder.envelope(0).read_bytes(), trace.folder.segment(0).read_bytes()
    carrier.look()
    first = trace.folder.receipt(0).read_bytes()
    trace.folder.receipt(0).unlink()
    trace.folder.envelope(0).write_bytes(envelope)
    trace.folder.segment(0).write_bytes(segment)

    again = carrier.restarted()
    again.look()
    recovered = again.store.owned()[0]
    assert recovered.folder.receipt(0).read_bytes() == first
    recovered.append(SessionEnd(reason="participant"))
    again.look()
    check_complete(collector, trace.trace_id, 3)


def test_an_offline_start_survives_a_restart(carrier: Carrier, collector: RunningCollector) -> None:
    """A trace that was never introduced to the collector is opened there by whichever sidecar comes next."""
    trace = carrier.trace(is_offline=True)
    trace.append(SessionEnd(reason="participant"))
    carrier.restarted().look()

    check_complete(collector, trace.trace_id, 2)


def test_an_expired_token_is_renewed(carrier: Carrier, collector: RunningCollector) -> None:
    """A token that the collector no longer knows is renewed once, and the chunk goes out."""
    trace = carrier.trace()
    trace.append(SessionEnd(reason="participant"))
    carrier.courier._tokens[trace.trace_id] = "ptu_" + "0" * 36
    carrier.look()
    carrier.look()

    check_complete(collector, trace.trace_id, 2)


def test_an_unreachable_collector_costs_nothing(carrier: Carrier, collector: RunningCollector) -> None:
    """Everything is kept while the collector is away, and the state says that we are offline."""
    trace = carrier.trace()
    trace.append(NOTE)
    url = carrier.device.transport._url
    carrier.device.transport._url = "http://127.0.0.1:9"
    for _ in range(3):
        carrier.look()
    assert (trace.folder.numbers(".env"), carrier.courier.is_online) == ([0], False)

    carrier.device.transport._url = url
    trace.append(SessionEnd(reason="participant"))
    carrier.look()
    check_complete(collector, trace.trace_id, 3)
    assert carrier.courier.is_online


def test_a_chunk_that_is_refused_for_good_is_set_aside(carrier: Carrier, collector: RunningCollector) -> None:
    """P7: a poison chunk is set aside and told, nothing of it is deleted, and other traces go on.

    The next start offers it once more: it may have been the collector's fault.
    """
    poisoned = carrier.trace()
    poisoned.append(NOTE)
    with impostor(422, b'{"code":"chunk.poison","message":"No.","detail":{}}', {}) as url:
        carrier.device.transport._url, real = url, carrier.device.transport._url
        carrier.look()
        carrier.device.transport._url = real
    sound = carrier.trace()
    sound.append(SessionEnd(reason="participant"))
    carrier.look()

    check_complete(collector, sound.trace_id, 2)
    assert carrier.courier.stuck() == 1
    assert "refused for good (422 chunk.poison: No.)" in carrier.courier.notices()[0]
    assert (poisoned.folder.quarantine / "000000.why").read_text() == "422 chunk.poison: No."
    assert poisoned.folder.segment(0).exists()

    carrier.restarted().look()
    assert poisoned.folder.numbers(".rcpt") == [0]
    assert list(poisoned.folder.quarantine.iterdir()) == []


def test_a_withdrawn_trace_is_wiped(carrier: Carrier, collector: RunningCollector) -> None:
    """P10: a trace that the collector calls withdrawn is wiped here, sent or not, and told; the others go on."""
    withdrawn = carrier.trace()
    withdrawn.store(b"an output", "text/plain")
    withdrawn.append(NOTE)
    withdrawn.append(Heartbeat())
    with impostor(410, b'{"code":"withdrawn","message":"Withdrawn.","detail":{}}', {}) as url:
        carrier.device.transport._url, real = url, carrier.device.transport._url
        carrier.look()
        carrier.device.transport._url = real
    sound = carrier.trace()
    sound.append(SessionEnd(reason="participant"))
    carrier.look()

    check_complete(collector, sound.trace_id, 2)
    assert not withdrawn.folder.path.exists()
    assert f"{withdrawn.trace_id} was withdrawn, and is deleted here too." in carrier.courier.notices()


def test_another_devices_trace_waits_and_blocks_nobody(
    carrier: Carrier, collector: RunningCollector, tmp_path: Path
) -> None:
    """A trace of another device key is never signed with ours; it is named, and ours is delivered."""
    left = carrier.trace()
    left.append(Heartbeat())
    left._lock.release()
    other = Carrier(tmp_path / "spool", collector.enrol())
    other.store.adopt()
    mine = other.trace()
    mine.append(SessionEnd(reason="participant"))
    other.look()
    other.close()

    check_complete(collector, mine.trace_id, 2)
    assert [line.partition(":")[0] for line in other.store.damaged] == [left.trace_id]


def test_a_trace_that_cannot_be_introduced_blocks_nobody(carrier: Carrier, collector: RunningCollector) -> None:
    """An offline trace that the collector refuses to open is set aside and told; the others are delivered."""
    stale = TASK.model_copy(update={"consent": ConsentRef(version="0", sha256="0" * 64)})
    new = open_offline(carrier.device, stale, newest_receipt=None, made_ms=carrier.clock.now_ms)
    refused = carrier.store.create(new, "/w/shop", b"k" * 32)
    refused.append(SessionEnd(reason="participant"))
    sound = carrier.trace()
    sound.append(SessionEnd(reason="participant"))
    carrier.look()

    check_complete(collector, sound.trace_id, 2)
    assert carrier.courier.stuck() == 1
    assert refused.folder.numbers(".env") == [0]


def test_a_lost_artifact_blocks_nobody(carrier: Carrier, collector: RunningCollector) -> None:
    """A trace whose artifact is gone from the disk is set aside; the others are delivered."""
    broken, sound = carrier.trace(), carrier.trace()
    ref = broken.store(b"gone", "text/plain")
    broken.append(command(ref))
    broken.folder.artifact(ref.sha256).unlink()
    for trace in (broken, sound):
        trace.append(SessionEnd(reason="participant"))
    carrier.look()

    check_complete(collector, sound.trace_id, 2)
    assert carrier.courier.stuck() == 1


ANSWERS = {
    "captive portal": (200, b"<html>Sign in</html>", {}),
    "redirect": (301, b"", {"Location": "http://127.0.0.1:9/"}),
    "server error": (500, b"oops", {}),
    "proxy page": (502, b"<html></html>", {}),
    "not found page": (404, b"<html></html>", {}),
    "truncated receipt": (201, b'{"payload":"AAAA","payloadType":"x","signa', {}),
    "too many requests": (429, b"", {"Retry-After": "7"}),
    "garbage Retry-After": (503, b"", {"Retry-After": "soon"}),
    "Retry-After in odd digits": (503, b"", {"Retry-After": "\xb2"}),
    "Retry-After in an odd zone": (503, b"", {"Retry-After": "Mon, 01 Jan 2024 00:00:00 +99999999999999"}),
    "Retry-After of ten years": (503, b"", {"Retry-After": "315360000"}),
}


@pytest.mark.parametrize(("status", "body", "headers"), ANSWERS.values(), ids=ANSWERS)
def test_what_is_no_receipt_changes_nothing(
    carrier: Carrier, status: int, body: bytes, headers: dict[str, str]
) -> None:
    """Whatever answers in the collector's place, the chunk stays, and the next look is later."""
    trace = carrier.trace()
    trace.append(NOTE)
    with impostor(status, body, headers) as url:
        carrier.device.transport._url = url
        carrier.look()

    assert trace.folder.numbers(".env") == [0]
    assert trace.folder.numbers(".rcpt") == []
    assert not trace.folder.quarantine.exists()
    wait_ms = carrier.courier._host._until_ms - carrier.clock.boot_ms()
    assert (7_000 <= wait_ms <= 7_700) if headers.get("Retry-After") == "7" else (1_000 <= wait_ms <= 3_600_000)


def test_a_receipt_for_another_chunk_is_none(carrier: Carrier) -> None:
    """A true receipt of the right key, but for another chunk, does not let this one go."""
    trace = carrier.trace()
    trace.append(NOTE)
    carrier.look()
    receipt = trace.folder.receipt(0).read_bytes().split(b"\n")[1]
    trace.append(NOTE)
    with impostor(201, receipt, {}) as url:
        carrier.device.transport._url = url
        carrier.look()

    assert trace.folder.numbers(".env") == [1]


def test_another_server_key_is_refused(tmp_path: Path, carrier: Carrier) -> None:
    """A collector that does not show the pinned key gets no session: it starts offline instead."""
    with running_collector(tmp_path / "other") as other:
        lured = carrier.enrolled.model_copy(update={"collector_url": other.url})
        device = Device(lured)
        with pytest.raises(CollectorUnavailable, match="pinned"):
            open_online(device, TASK, made_ms=0)
        device.close()


def test_long_sessions_are_carried_in_order(carrier: Carrier, collector: RunningCollector) -> None:
    """Fifty chunks that waited offline arrive in order, each once."""
    trace = carrier.trace(is_offline=True)
    for _ in range(50):
        trace.append(Heartbeat())
        trace.append(NOTE)
    trace.append(SessionEnd(reason="participant"))
    carrier.look()
    carrier.look()

    check_complete(collector, trace.trace_id, 102)


class impostor:  # noqa: N801 -- it is used as a context, like a function
    """A server that gives the same answer to everything."""

    def __init__(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT  # noqa: N815 -- the handler's own names

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> str:
        """Serve; return the address."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
