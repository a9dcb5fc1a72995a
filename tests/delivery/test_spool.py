"""The spool keeps what was appended, whatever happens to the process."""

from __future__ import annotations

import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from patchtrail.contract.errors import InvalidInput, SpoolUnavailable
from patchtrail.contract.events import Heartbeat, RationaleNote, SessionEnd
from patchtrail.delivery import SpoolStore, TraceSpool, open_local
from patchtrail.delivery.folder import TraceFolder
from patchtrail.delivery.spool import SEAL_MS
from patchtrail.integrity.keys import SigningKey
from tests.delivery.fakes import ManualClock

KEY = SigningKey(bytes(range(32)))
NOTE = RationaleNote(kind="plan", text="Look at the discount.", confidence=None, links=[])
LONG = RationaleNote(kind="plan", text="x" * 1_100_000, confidence=None, links=[])


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that the test moves."""
    return ManualClock()


def new_trace(folder: Path, clock: ManualClock) -> TraceSpool:
    """Open a new trace; a key signs it although it is local, since no collector takes part here."""
    trace = open_local()
    store = SpoolStore(folder, clock, None)
    made = store.create(trace, "/w/shop", b"k" * 32)
    made.close()
    return TraceSpool(TraceFolder(folder / trace.trace_id), clock, KEY)


def killed(trace: TraceSpool) -> TraceFolder:
    """Leave a trace as a killed process would: nothing is closed, only the lock is gone."""
    trace._lock.release()
    trace._active.close()
    return trace.folder


def check(folder: TraceFolder, clock: ManualClock, *, events: int) -> TraceSpool:
    """Recover a trace and compare how many events it holds."""
    recovered = TraceSpool(folder, clock, KEY)

    assert recovered.next_seq == events
    return recovered


def test_appended_events_survive_a_kill(tmp_path: Path, clock: ManualClock) -> None:
    """Every event whose append returned is there after a kill, in order, and the chain goes on."""
    trace = new_trace(tmp_path, clock)
    numbers = [trace.append(Heartbeat()) for _ in range(20)]
    recovered = check(killed(trace), clock, events=20)

    assert numbers == list(range(20))
    assert recovered.append(Heartbeat()) == 20


def test_torn_tail_is_cut(tmp_path: Path, clock: ManualClock) -> None:
    """A line that was not finished is cut; what is whole stays; doing it twice changes nothing."""
    trace = new_trace(tmp_path, clock)
    for _ in range(5):
        trace.append(Heartbeat())
    folder = killed(trace)
    whole = folder.active.read_bytes()
    folder.active.write_bytes(whole + b'{"data":{},"mono')

    check(folder, clock, events=5)._lock.release()
    assert folder.active.read_bytes() == whole
    check(folder, clock, events=5)


@pytest.mark.parametrize("damage", [b"\x00" * 40, b"\xff", b"}"], ids=["zeros", "byte", "brace"])
def test_damage_before_the_tail_keeps_the_good_prefix(tmp_path: Path, clock: ManualClock, damage: bytes) -> None:
    """Events behind damage are set aside and counted as lost, and said so in the trace; none is silently skipped."""
    trace = new_trace(tmp_path, clock)
    for _ in range(6):
        trace.append(Heartbeat())
    folder = killed(trace)
    lines = folder.active.read_bytes().split(b"\n")
    lines[3] = damage + lines[3][len(damage) :]
    folder.active.write_bytes(b"\n".join(lines))

    recovered = check(folder, clock, events=3)
    recovered.resume()

    assert b'"lost_events":3' in folder.active.read_bytes()
    assert len(list(folder.quarantine.iterdir())) == 1


def test_segment_that_was_not_signed_yet(tmp_path: Path, clock: ManualClock) -> None:
    """A kill between closing a segment and signing it loses neither, with later events in place."""
    trace = new_trace(tmp_path, clock)
    trace.append(Heartbeat())
    trace.append(NOTE)
    trace.append(Heartbeat())
    folder = killed(trace)
    folder.envelope(0).unlink()

    check(folder, clock, events=3)
    assert folder.numbers(".env") == [0]


def test_damaged_segment_is_left_alone(tmp_path: Path, clock: ManualClock) -> None:
    """A closed segment that is damaged is not touched, and the trace says so instead of going on wrongly."""
    trace = new_trace(tmp_path, clock)
    trace.append(NOTE)
    folder = killed(trace)
    folder.envelope(0).unlink()
    folder.segment(0).write_bytes(folder.segment(0).read_bytes()[:-9])

    with pytest.raises(SpoolUnavailable) as caught:
        TraceSpool(folder, clock, KEY)
    assert caught.value.code == "spool_damaged"


def test_one_damaged_trace_never_blocks_the_others(tmp_path: Path, clock: ManualClock) -> None:
    """Traces that can be read are adopted, those that cannot are named."""
    good, bad = new_trace(tmp_path, clock), new_trace(tmp_path, clock)
    for trace in (good, bad):
        trace.append(Heartbeat())
        killed(trace)
    (bad.folder.path / "opening.json").write_text("{")
    (tmp_path / "trace-stray").write_text("a file, not a folder")
    store = SpoolStore(tmp_path, clock, KEY)
    store.adopt()

    assert [trace.trace_id for trace in store.owned()] == [good.trace_id]
    assert [line.partition(":")[0] for line in store.damaged] == sorted([bad.trace_id, "trace-stray"])


def test_what_seals_a_chunk(tmp_path: Path, clock: ManualClock) -> None:
    """A note, a minute, a quarter of a mebibyte and the end each seal a chunk."""
    trace = new_trace(tmp_path, clock)
    trace.append(NOTE)
    assert trace.folder.numbers(".env") == [0]

    trace.append(Heartbeat())
    trace.seal_if_due()
    assert trace.folder.numbers(".env") == [0]
    clock.advance(SEAL_MS)
    trace.seal_if_due()
    assert trace.folder.numbers(".env") == [0, 1]

    while len(trace.folder.numbers(".env")) == 2:
        trace.append(RationaleNote(kind="plan", text="y" * 19_000, confidence=None, links=[]))
    trace.append(SessionEnd(reason="participant"))
    assert trace.is_ended


def test_a_session_goes_on_after_a_restart(tmp_path: Path, clock: ManualClock) -> None:
    """The clock goes on, and the trace says how long nothing was recorded."""
    trace = new_trace(tmp_path, clock)
    clock.advance(1_000)
    trace.append(Heartbeat())
    folder = killed(trace)
    clock.advance(60_000)
    recovered = check(folder, clock, events=1)
    recovered.resume()

    assert recovered.last_mono_ms == 61_000
    assert b'"from_ms":1000,"reason":"restart","to_ms":61000}' in folder.active.read_bytes()


@pytest.mark.parametrize("is_delivered", [False, True])
def test_the_clock_never_goes_backwards_over_a_reboot(tmp_path: Path, clock: ManualClock, is_delivered: bool) -> None:
    """After a reboot the session's clock goes on from the last event, even if all chunks are gone already."""
    trace = new_trace(tmp_path, clock)
    clock.advance(90_000)
    trace.append(NOTE)
    folder = killed(trace)
    if is_delivered:
        from patchtrail.delivery.recovery import receipt_file

        folder.receipt(0).write_bytes(receipt_file(folder.envelope(0).read_bytes(), b"{}", 90_000))
        folder.segment(0).unlink()
        folder.envelope(0).unlink()
    clock.reboot()
    recovered = check(folder, clock, events=1)
    recovered.resume()

    assert recovered.last_mono_ms == 90_000
    assert b'"reason":"reboot"' in folder.active.read_bytes()


def test_two_sidecars_never_own_one_trace(tmp_path: Path, clock: ManualClock) -> None:
    """A trace that another sidecar records is left to it."""
    trace = new_trace(tmp_path, clock)
    with pytest.raises(SpoolUnavailable) as caught:
        TraceSpool(trace.folder, clock, KEY)

    assert caught.value.code == "trace_locked"


def test_only_the_user_can_read_the_spool(tmp_path: Path, clock: ManualClock) -> None:
    """Folders are 0700 and files 0600."""
    trace = new_trace(tmp_path / "spool", clock)
    trace.append(NOTE)
    trace.append(Heartbeat())
    trace.store(b"output", "text/plain")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "spool").rglob("*") if path.is_file()}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "spool").rglob("*") if path.is_dir()}

    assert (modes, folders) == ({0o600}, {0o700})


def test_an_event_that_is_too_long_is_refused_whole(tmp_path: Path, clock: ManualClock) -> None:
    """Nothing of a refused event is left behind, and the next one takes its number."""
    trace = new_trace(tmp_path, clock)
    with pytest.raises(InvalidInput):
        trace.append(LONG)

    assert trace.append(Heartbeat()) == 0


def test_a_full_disk_keeps_what_is_there(tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk takes only half a line, the half is cut off again and the failure is said."""
    trace = new_trace(tmp_path, clock)
    trace.append(Heartbeat())
    real_write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, line: real_write(descriptor, line[: len(line) // 2]))
    with pytest.raises(SpoolUnavailable):
        trace.append(Heartbeat())
    monkeypatch.undo()

    assert trace.folder.active.read_bytes().count(b"\n") == 1
    assert trace.append(Heartbeat()) == 1


def test_the_sidecar_that_asks_last_gets_the_trace(tmp_path: Path, clock: ManualClock) -> None:
    """A trace that another sidecar has is asked for, given up and gone on with; one that ended is not waited for."""
    ours, theirs = SpoolStore(tmp_path, clock, None), SpoolStore(tmp_path, clock, None)
    trace = theirs.create(open_local(), "/w/shop", b"k" * 32)
    trace.append(Heartbeat())
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(ours.wait_for, trace.trace_id, 10)
        while not trace.is_wanted:
            time.sleep(0.01)
        theirs.release(trace)
        got = waiting.result()
    got.append(SessionEnd(reason="participant"))

    assert (got.next_seq, got.is_wanted) == (2, False)
    with pytest.raises(SpoolUnavailable, match="no unfinished trace"):
        ours.wait_for(trace.trace_id, 60)
