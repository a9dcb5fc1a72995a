"""P6: the spool has a cap; at it recording stops visibly, and nothing unsent is ever deleted."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from patchtrail.contract.errors import SpoolUnavailable
from patchtrail.contract.events import Heartbeat, RationaleNote, SessionEnd
from patchtrail.delivery import SpoolStore, TraceSpool, open_local
from patchtrail.delivery.room import CAP_BYTES, SpoolRoom
from tests.delivery.crash_disk import CrashDisk
from tests.delivery.desk import ROOT, Desk, fact, note
from tests.delivery.fakes import ManualClock

LONG = RationaleNote(kind="plan", text="y" * 15_000, confidence=None, links=[])


def test_the_limit_is_the_less_of_the_cap_and_a_share_of_what_is_free() -> None:
    """512 MB or 5 % of the free space, whichever is less; what the spool itself holds counts as free."""
    disk = CrashDisk(ROOT)
    room = SpoolRoom(ROOT, disk)
    disk.free_bytes = 100 * 1024**3
    assert room.measure().limit_bytes == CAP_BYTES == 512 * 1024 * 1024

    disk.free_bytes = 1024**3
    assert room.measure().limit_bytes == 1024**3 // 20


def filled(folder: Path) -> tuple[SpoolStore, TraceSpool, int]:
    """Record until the spool is full; return how many appends returned."""
    store = SpoolStore(folder, ManualClock(), None, cap_bytes=400_000)
    trace = store.create(open_local(), "/w", b"k" * 32)
    for appended in range(1_000):
        try:
            trace.append(LONG)
        except SpoolUnavailable:
            return store, trace, appended
    raise AssertionError("it never became full")


def test_a_full_spool_stops_with_a_gap_and_keeps_everything(tmp_path: Path) -> None:
    """P6: at the cap an append is refused, the gap `spool_full` is the last word, and all before it is there."""
    store, trace, appended = filled(tmp_path)
    lines = [line for n in trace.folder.numbers(".seg") for line in trace.folder.segment(n).read_bytes().splitlines()]

    assert len(lines) == appended + 1 == trace.next_seq
    assert b'"reason":"spool_full"' in lines[-1]
    assert store.room.use.percent >= 95
    store.close()


def test_a_full_spool_starts_nothing_new_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    """While it is full nothing is started or gone on with; with room again the same trace goes on, its gap declared."""
    store, trace, _ = filled(tmp_path)
    (tmp_path / "filling").write_bytes(bytes(100_000))
    seq = trace.next_seq
    with pytest.raises(SpoolUnavailable, match="full"):
        trace.resume()
    with pytest.raises(SpoolUnavailable, match="full"):
        store.create(open_local(), "/w", b"k" * 32)
    assert trace.next_seq == seq

    (tmp_path / "filling").unlink()
    for n in range(3):
        trace.folder.segment(n).unlink()
    trace.resume()
    assert b'"reason":"spool_full"' in trace.folder.active.read_bytes()
    trace.append(Heartbeat())
    store.close()


def test_a_full_spool_can_still_be_ended(tmp_path: Path) -> None:
    """The end of a session finds room in the reserve."""
    store, trace, _ = filled(tmp_path)
    trace.append(SessionEnd(reason="participant"))

    assert trace.is_whole
    store.close()


def test_a_person_is_warned_before() -> None:
    """At 80 % a person should know; at 100 % nothing more is recorded."""
    disk = CrashDisk(ROOT)
    room = SpoolRoom(ROOT, disk, cap_bytes=100_000)
    room.measure()
    assert not room.use.is_warned_of

    assert room.take(80_000)
    assert room.use.is_warned_of
    assert room.take(20_000)
    assert room.use.percent == 100
    assert not room.take(1)


def test_a_full_disk_is_said_in_the_trace() -> None:
    """When the disk itself is full, the reserve makes room for the gap `disk_full`; delivery goes on and makes room."""
    desk = Desk()
    trace = desk.open()
    assert trace is not None
    desk.append(trace, note("act-1"), "act-1")
    refusals = iter([errno.ENOSPC])
    desk.disk.fault = lambda _at, operation, _path: next(refusals, None) if operation == "append" else None
    with pytest.raises(SpoolUnavailable) as caught:
        trace.append(fact("act-2"))

    assert caught.value.code == "disk_full"
    assert any(b'"reason":"disk_full"' in content for content in desk.disk.files().values())
    assert str(ROOT / "reserve") not in desk.disk.files()
    desk.deliver_everything()
