"""Forgetting rewrites what never left, asks for the rest, and is never half done, whenever the process is killed."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from patchtrail.contract.errors import NotFound
from patchtrail.contract.events import CmdRun, Heartbeat, Pause, RationaleNote, Recovered, Resume, SessionEnd
from patchtrail.contract.forgetting import ChunkRef
from patchtrail.contract.lsp_forgetting import PendingRequest
from patchtrail.delivery import PendingRules, SpoolStore, TraceSpool, forgetting, open_local, pending
from patchtrail.delivery.folder import TraceFolder
from patchtrail.delivery.off_record import OffRecordTime
from patchtrail.delivery.parcel import read_parcel
from patchtrail.integrity.forgetting import seal_forget
from patchtrail.integrity.keys import SigningKey
from tests.delivery.fakes import ManualClock, RunningCollector, running_collector
from tests.delivery.test_courier import Carrier
from tests.editor.spooled import events_of

KEY = SigningKey(bytes(range(32)))
CANARY = "canary-0c1d2e3f"
MAX_STEPS = 400


def note(text: str) -> RationaleNote:
    """Return a note, which seals a chunk."""
    return RationaleNote(kind="plan", text=text, confidence=None, links=[])


def no_drafts(_first_seq: int) -> bytes:
    """Keep no draft."""
    return b""


def opened(root: Path, clock: ManualClock) -> TraceSpool:
    """Open a local trace that is signed all the same."""
    trace = open_local()
    SpoolStore(root, clock, None).create(trace, "/w/shop", b"k" * 32).close()
    return TraceSpool(TraceFolder(root / trace.trace_id), clock, KEY)


def filled(root: Path, clock: ManualClock) -> TraceSpool:
    """Record a trace of three sealed chunks and an active segment; from a minute on it holds the canary."""
    trace = opened(root, clock)
    trace.append(Heartbeat())
    trace.append(note("Kept."))
    trace.append(Heartbeat())
    clock.advance(60_000)
    trace.append(command(trace, f"{CANARY} one"))
    trace.append(note(f"{CANARY} two"))
    trace.append(note(f"{CANARY} three"))
    trace.append(Heartbeat())
    trace.keep_drafts(CANARY.encode())
    (trace.folder.quarantine).mkdir()
    (trace.folder.quarantine / "000001.damaged").write_text(CANARY)
    (trace.folder.path / ".000001.env.tmp").write_text(CANARY)
    clock.advance(1_000)
    return trace


def command(trace: TraceSpool, output: str) -> CmdRun:
    """Return a command whose output is an artifact."""
    return CmdRun(
        command_line="make",
        confidence="high",
        cwd="/w",
        exit_code=0,
        duration_ms=1,
        output_tail="",
        output_size_bytes=1,
        output_artifact=trace.store(output.encode(), "text/plain"),
    )


def told(root: Path) -> list[str]:
    """Return the types of the events in a spool."""
    return [event["type"] for event in events_of(root)]


def canaries(folder: Path) -> list[str]:
    """Return the files that hold the canary."""
    return [path.name for path in folder.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]


def test_the_chain_goes_on_from_the_last_kept_event(tmp_path: Path) -> None:
    """A chunk that is forgotten in part keeps its part; the gap says how much, and the rest of the trace is sound."""
    clock = ManualClock()
    trace = filled(tmp_path, clock)
    done = trace.forget(30_000, no_drafts)
    trace.append(Heartbeat())
    trace.append(SessionEnd(reason="participant"))
    events = events_of(tmp_path)

    assert (done.first_seq, done.events, done.chunks_rewritten, done.chunks_asked) == (3, 4, 2, 0)
    assert told(tmp_path) == ["heartbeat", "rationale_note", "heartbeat", "gap", "heartbeat", "session_end"]
    assert [event["seq"] for event in events] == list(range(6))
    assert events[3]["data"] == {"from_ms": 0, "to_ms": 61_000, "reason": "forgotten", "detail": "4 events"}
    assert [gap["reason"] for gap in events[-1]["data"]["coverage"]["gaps"]] == ["forgotten"]
    assert canaries(tmp_path) == []
    assert trace.folder.numbers(".env") == [0, 1]


def test_a_start_is_never_forgotten(tmp_path: Path) -> None:
    """Event 0 stays where it was not sent: what it holds was signed before anything was recorded."""
    trace = filled(tmp_path, ManualClock())
    trace.forget(-1, no_drafts)

    assert told(tmp_path) == ["heartbeat", "gap"]
    assert canaries(tmp_path) == []


def test_a_kill_at_any_step_leaves_the_old_state_or_the_new(tmp_path: Path) -> None:
    """Killed before any of its system calls, forgetting has happened or not; what comes later stands on either."""
    outcomes = []
    for step in range(MAX_STEPS):
        root, clock = tmp_path / str(step), ManualClock()
        trace = filled(root, clock)
        trace.close()
        is_killed = forgotten_in_a_child(trace.folder, clock, step)
        outcomes.append(check_one_of_two(root, trace.folder, clock))
        if not is_killed:
            break
    else:
        pytest.fail("it never came to its end")

    assert sorted(outcomes, reverse=True) == outcomes
    assert set(outcomes) == {"old", "new"}


def forgotten_in_a_child(folder: TraceFolder, clock: ManualClock, step: int) -> bool:
    """Forget in a process that kills itself before its n-th call that touches a file; return whether it did."""
    child = os.fork()
    if child == 0:
        trace = TraceSpool(folder, clock, KEY)
        kill_at(step, folder.path)
        trace.forget(30_000, no_drafts)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def kill_at(step: int, folder: Path) -> None:
    """Kill this process when it opens, renames or removes something below a folder for the n-th time."""
    left = [step]

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        is_ours = any(str(folder) in str(argument) for argument in arguments)
        if event in ("open", "os.rename", "os.remove") and is_ours:
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1

    sys.addaudithook(watch)


def check_one_of_two(root: Path, folder: TraceFolder, clock: ManualClock) -> str:
    """Open the trace again, go on with it, and compare it with the two states that may be."""
    again = TraceSpool(folder, clock, KEY)
    again.append(Heartbeat())
    kinds = told(root)
    again.close()
    TraceSpool(folder, clock, KEY).close()
    if "gap" in kinds:
        assert kinds == ["heartbeat", "rationale_note", "heartbeat", "gap", "heartbeat"]
        assert canaries(root) == []
        return "new"
    notes = ["rationale_note", "rationale_note"]
    assert kinds == ["heartbeat", "rationale_note", "heartbeat", "cmd_run", *notes, "heartbeat", "heartbeat"]
    assert "drafts.json" in canaries(root)
    return "old"


def test_what_the_ledger_tells_outlives_what_was_sent(tmp_path: Path) -> None:
    """Pauses of chunks that have left stand in the ledger of the end, restart or not; forgotten ones do not."""
    clock = ManualClock()
    trace = opened(tmp_path, clock)
    trace.append(Heartbeat())
    trace.append(Pause(reason="participant", gate_reasons=[]))
    clock.advance(10_000)
    trace.append(Resume(reason="participant"))
    trace.append(note("Sent."))
    trace.keep_receipt(0, trace.folder.envelope(0).read_bytes() + b"\n{}\n" + b'{"last_mono_ms":10000}\n')
    clock.advance(30_000)
    trace.append(Pause(reason="gate", gate_reasons=[]))
    trace.forget(35_000, no_drafts)
    trace.close()
    again = TraceSpool(trace.folder, clock, KEY)
    again.append(Recovered(torn_bytes=0, lost_events=0))
    again.append(SessionEnd(reason="participant"))
    gaps = events_of(tmp_path)[-1]["data"]["coverage"]["gaps"]

    assert [(gap["reason"], gap["from_ms"], gap["to_ms"]) for gap in gaps] == [
        ("pause", 0, 10_000),
        ("forgotten", 10_000, 40_000),
    ]


def test_off_the_record_counts_over_restarts_and_reboots(tmp_path: Path) -> None:
    """The time is over when it is over: not early after a restart, not late after a reboot, not for ever."""
    clock = ManualClock()
    folder = opened(tmp_path, clock).folder
    time = OffRecordTime(folder, clock)
    assert time.left_ms() is None

    time.begin(600_000)
    clock.advance(200_000)
    clock.now_ms += 86_400_000
    assert OffRecordTime(folder, clock).left_ms() == 400_000

    clock.now_ms -= 86_400_000
    clock.advance(100_000)
    clock.reboot()
    assert OffRecordTime(folder, clock).left_ms() == 300_000

    clock.now_ms -= 86_400_000
    clock.reboot()
    again = OffRecordTime(folder, clock)
    assert again.left_ms() == 300_000

    clock.advance(700_000)
    assert again.left_ms() == 0
    folder.off_record.write_text("{}")
    assert OffRecordTime(folder, clock).left_ms() == 0
    again.end()
    assert OffRecordTime(folder, clock).left_ms() is None


def test_what_will_be_sent_is_shown_line_by_line(tmp_path: Path) -> None:
    """Every waiting chunk of every trace is shown with its lines and blobs, page by page, and nothing is touched."""
    clock = ManualClock()
    trace = filled(tmp_path, clock)
    for at in range(250):
        trace.append(command(trace, "x" * at))
    rules = PendingRules(120_000, clock.wall_ms(), ("Off the record.",))
    shown = pending(tmp_path, PendingRequest(), rules)
    active = shown.chunks[-1]
    (rest,) = pending(
        tmp_path, PendingRequest(trace_id=active.trace_id, n=active.n, since_seq=active.next_seq or 0), rules
    ).chunks

    assert [(chunk.n, chunk.is_sealed, chunk.count) for chunk in shown.chunks] == [
        *((0, True, 2), (1, True, 3), (2, True, 1), (3, False, 251)),
    ]
    assert CANARY in shown.chunks[1].events[2].line
    assert [blob.text for blob in shown.chunks[1].artifacts] == [f"{CANARY} one"]
    assert len(active.events) + len(rest.events) == 251
    assert rest.next_seq is None
    assert (shown.total, shown.next_skip, shown.reasons) == (4, None, ["Off the record."])
    with pytest.raises(NotFound):
        pending(tmp_path, PendingRequest(trace_id=active.trace_id, n=9), rules)


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[tuple[Carrier, RunningCollector]]:
    """Run a collector, and a courier whose looks the test makes."""
    with running_collector(tmp_path / "collector") as running:
        carrier = Carrier(tmp_path / "spool", running.enrol())
        yield carrier, running
        carrier.device.close()


def sent(carrier: Carrier) -> tuple[TraceSpool, int]:
    """Send two chunks; the second one holds the canary. Return the trace, and the instant between them."""
    trace = carrier.trace()
    trace.append(note("Kept."))
    carrier.look()
    carrier.clock.advance(60_000)
    since_ms = trace.mono_ms()
    trace.append(command(trace, CANARY))
    trace.append(note("It is sent."))
    carrier.look()
    assert trace.folder.numbers(".rcpt") == [0, 1]
    return trace, since_ms


def check_sound(document: dict) -> None:
    """Compare the level with what the long waits of these tests allow: nothing but silence stands against L3."""
    reasons = document["integrity"]["assurance"]["reasons"]

    assert [reason for reason in reasons if "trace.silence" not in reason and "not replayed" not in reason] == []


def test_what_was_sent_before_stays(carrier: tuple[Carrier, RunningCollector]) -> None:
    """Only chunks with forgotten events are dropped, with their artifacts; the trace is whole and L3."""
    courier, collector = carrier
    trace, since_ms = sent(courier)
    blob = f"/v1/traces/{trace.trace_id}/artifacts/{command(trace, CANARY).output_artifact.sha256}"
    before = collector.read(blob).status_code
    body = trace.folder.receipt(1).read_bytes()
    done = trace.forget(since_ms, no_drafts)
    courier.look()
    trace.append(note("Afterwards."))
    trace.append(SessionEnd(reason="participant"))
    courier.look()
    document = collector.read(f"/v1/traces/{trace.trace_id}").json()

    assert (before, collector.read(blob).status_code) == (200, 404)
    assert (done.chunks_asked, done.first_seq) == (1, 2)
    assert document["integrity"]["forgotten_chunks"] == [1]
    check_sound(document)
    assert [event["seq"] for event in document["events"]] == [0, 1, 4, 5, 6]
    assert trace.folder.receipt(1).read_bytes() == body
    assert trace.folder.complete.exists()


def test_a_chunk_on_its_way_is_taken_by_its_manifest(carrier: tuple[Carrier, RunningCollector]) -> None:
    """One that began to leave and never came is refused its bytes for ever: sent late, it gets its receipt alone."""
    courier, collector = carrier
    trace, since_ms = sent(courier)
    trace.append(command(trace, f"{CANARY} again"))
    trace.append(note(f"{CANARY} on its way"))
    parcel = read_parcel(trace, 2)
    assert trace.begin_upload(2, parcel.chunk_id)
    done = trace.forget(since_ms, no_drafts)
    assert not trace.begin_upload(2, parcel.chunk_id)
    assert canaries(trace.folder.path) == []
    courier.look()
    token = courier.courier._token(trace, courier.device)
    answer = courier.device.transport.put_chunk(trace.trace_id, 2, parcel.body, token)
    trace.append(SessionEnd(reason="participant"))
    courier.look()
    document = collector.read(f"/v1/traces/{trace.trace_id}").json()

    assert done.chunks_asked == 2
    assert answer.status == 200
    assert trace.folder.numbers(".rcpt") == [0, 1, 2, 3, 4]
    assert trace.folder.numbers(".gone") == []
    assert document["integrity"]["forgotten_chunks"] == [1, 2]
    check_sound(document)
    assert canaries(collector_folder(courier)) == []


def collector_folder(carrier: Carrier) -> Path:
    """Return where the collector keeps everything."""
    return carrier.folder.parent / "collector"


def test_the_same_request_gets_the_same_answer(carrier: tuple[Carrier, RunningCollector]) -> None:
    """An answer that was lost is given again, byte for byte; a request for what is not there is refused."""
    courier, _ = carrier
    trace, since_ms = sent(courier)
    trace.forget(since_ms, no_drafts)
    request = forgetting.request_of(trace.folder, 0)
    token = courier.courier._token(trace, courier.device)
    answers = [courier.device.transport.forget(trace.trace_id, request, token) for _ in range(2)]
    courier.look()
    again = trace.forget(since_ms, no_drafts)

    assert answers[0].status == 200
    assert answers[0].content == answers[1].content
    assert trace.folder.numbers(".forgotten") == [0]
    assert (again.first_seq, again.events) == (4, 1)


def test_a_request_that_is_refused_is_told(carrier: tuple[Carrier, RunningCollector]) -> None:
    """A chunk that the collector knows as another one is not dropped: the trace waits for a person, nothing is lost."""
    courier, collector = carrier
    trace, _ = sent(courier)
    wrong = ChunkRef(n=1, chunk_id="9" * 64)
    line = seal_forget(trace.trace_id, [wrong], made_ms=0, key=courier.device.key)
    trace.folder.request(0).write_bytes(line)
    courier.look()
    courier.look()

    assert courier.courier.stuck() == 1
    assert courier.courier.deletions() == 1
    assert [event["seq"] for event in collector.read(f"/v1/traces/{trace.trace_id}").json()["events"]] == [0, 1, 2, 3]
