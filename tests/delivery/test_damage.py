"""A spool that was damaged, copied, or written by another version: one bad trace never blocks the others."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from patchtrail.contract.errors import SpoolUnavailable
from patchtrail.delivery import SpoolStore
from patchtrail.delivery.folder import TraceFolder
from patchtrail.integrity.keys import SigningKey
from tests.delivery.crash_disk import CrashDisk
from tests.delivery.desk import ROOT, Desk, fact, note
from tests.delivery.fakes import ManualClock

Damage = Callable[[CrashDisk, Path], None]


def flip(name: str, where: float) -> Damage:
    """Flip one byte of a file, at a share of its length."""

    def damage(disk: CrashDisk, trace: Path) -> None:
        data = disk._file(trace / name).data
        data[min(int(len(data) * where), len(data) - 2)] ^= 0x55

    return damage


def zero_tail(disk: CrashDisk, trace: Path) -> None:
    """Leave zeros where the last lines were."""
    data = disk._file(trace / "active.jsonl").data
    data[-20:] = bytes(20)


def missing(name: str) -> Damage:
    """Lose a file."""
    return lambda disk, trace: disk.names_now.pop(trace / name) and None


def stray(disk: CrashDisk, trace: Path) -> None:
    """Leave files that nobody wrote here."""
    for name in ("notes.txt", "00000x.seg", "².env", "999999.tmp"):
        disk.close(disk.open(trace / name))


def later_version(disk: CrashDisk, trace: Path) -> None:
    """Leave a trace that a later version wrote."""
    data = disk._file(trace / "opening.json").data
    told = {**json.loads(bytes(data)), "spool_version": 2, "genesis": {"of": "another shape"}}
    data[:] = json.dumps(told).encode()


DAMAGES: dict[str, Damage] = {
    **{f"active {where}": flip("active.jsonl", where) for where in (0.0, 0.5, 0.99)},
    **{f"segment {where}": flip("000000.seg", where) for where in (0.0, 0.5, 0.99)},
    **{f"manifest {where}": flip("000000.env", where) for where in (0.0, 0.5, 0.99)},
    "opening": flip("opening.json", 0.1),
    "zero-filled tail": zero_tail,
    "segment in the row is missing": missing("000000.seg"),
    "manifest in the row is missing": missing("000000.env"),
    "redaction key is missing": missing("redact.key"),
    "stray files": stray,
    "later version": later_version,
}


def without_reserve(files: dict[str, bytes]) -> dict[str, bytes]:
    """Leave out the room that is kept for last words, which any start may lay down."""
    return {path: content for path, content in files.items() if not path.endswith("/reserve")}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damage_blocks_no_other_trace(damage: Damage) -> None:
    """P7: whatever happened to one trace's files, the others are delivered, and nothing is deleted."""
    desk = Desk()
    bad, good = desk.open(), desk.open()
    assert bad is not None
    assert good is not None
    for trace in (bad, good):
        for number in range(3):
            desk.append(trace, note(f"act-{number}"), f"act-{number}")
        desk.append(trace, fact("act-7"), "act-7")
        desk.append(trace, fact("act-8"), "act-8")
    del desk.returned[bad.trace_id]
    desk.disk.kill()
    damage(desk.disk, bad.folder.path)
    before = {name for name in desk.disk.files() if bad.trace_id in name}
    desk.start()
    for _ in range(5):
        desk.clock.advance(3_700_000)
        desk.courier.tend()
        desk.courier.look()

    held = desk.collector.traces[good.trace_id].events
    assert len(held) == 6
    gone = {Path(name).name for name in before - set(desk.disk.files())}
    receipted = {f"{n:06d}.{kind}" for n in range(9) for kind in ("seg", "env") if _is_receipted(desk, bad.folder, n)}
    assert gone - receipted <= {"active.jsonl"}


def _is_receipted(desk: Desk, folder: TraceFolder, n: int) -> bool:
    return desk.disk.exists(folder.receipt(n))


def test_a_later_versions_trace_waits_for_it() -> None:
    """P9: after a downgrade a trace of a later version is left alone and named; one of this version goes on."""
    desk = Desk()
    theirs = desk.open()
    assert theirs is not None
    desk.append(theirs, note("act-1"), "act-1")
    desk.disk.kill()
    later_version(desk.disk, theirs.folder.path)
    before = desk.disk.files()
    desk.start()

    assert desk.store.owned() == []
    assert "a later version" in desk.store.damaged[0]
    assert without_reserve(desk.disk.files()) == without_reserve(before)


def test_a_copied_folder_is_not_a_second_trace() -> None:
    """A trace's folder copied under another name is named and left alone, so that nothing is sent twice."""
    desk = Desk()
    trace = desk.open()
    assert trace is not None
    desk.append(trace, note("act-1"), "act-1")
    desk.disk.kill()
    copy = ROOT / f"{trace.trace_id} (copy)"
    for path, file in list(desk.disk.names_now.items()):
        if path == trace.folder.path or trace.folder.path in path.parents:
            desk.disk.names_now[copy / path.relative_to(trace.folder.path)] = file
    desk.start()

    assert [one.trace_id for one in desk.store.owned()] == [trace.trace_id]
    assert "is a copy of" in desk.store.damaged[0]


def test_a_spool_of_another_machine_is_never_sent_with_this_ones_key() -> None:
    """A spool that was copied to a machine with another device key is named, never signed and never sent."""
    desk = Desk()
    trace = desk.open()
    assert trace is not None
    desk.append(trace, fact("act-1"), "act-1")
    desk.disk.kill()
    before = desk.disk.files()
    store = SpoolStore(ROOT, ManualClock(), SigningKey(bytes(range(9, 41))), disk=desk.disk)
    store.adopt()

    assert store.owned() == []
    assert "another device key" in store.damaged[0]
    assert without_reserve(desk.disk.files()) == without_reserve(before)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EACCES])
def test_a_file_system_without_locks_is_said(number: int) -> None:
    """On a file system that cannot lock, or a spool that is not ours, a clear sentence comes instead of a guess."""

    class Lockless(CrashDisk):
        def lock(self, path: Path) -> int:
            raise OSError(number, "refused")

    disk = Lockless(ROOT)
    desk = Desk()
    trace = desk.open()
    assert trace is not None
    disk.names_now = desk.disk.names_now
    store = SpoolStore(ROOT, ManualClock(), desk.key, disk=disk)
    store.adopt()

    assert "must lie on a local disk that supports locks, and be yours" in store.damaged[0]


@pytest.mark.parametrize("number", [str(os.getpid()), "1", "not a number"], ids=["ours", "1", "text"])
def test_a_lock_file_that_was_left_means_nothing(tmp_path: Path, number: str) -> None:
    """A lock file that a dead process left keeps nobody out, also when a living one has its number now."""
    from patchtrail.delivery import open_local

    store = SpoolStore(tmp_path, ManualClock(), None)
    trace = store.create(open_local(), "/w", b"k" * 32)
    trace.append(note("act-1"))
    store.close()
    (trace.folder.path / "lock").write_text(number)
    again = SpoolStore(tmp_path, ManualClock(), None)
    again.adopt()

    assert [one.trace_id for one in again.owned()] == [trace.trace_id]
    again.close()


def test_what_a_crashed_window_left_is_carried_by_the_other() -> None:
    """Two windows: the traces of one that crashed are adopted by the other, and given up when they are asked for."""
    desk = Desk()
    theirs = desk.open()
    assert theirs is not None
    desk.append(theirs, note("act-1"), "act-1")
    ours = SpoolStore(ROOT, desk.clock, desk.key, disk=desk.disk)
    ours.adopt()
    assert ours.owned() == []

    desk.disk.kill()
    ours.adopt()
    (adopted,) = ours.owned()
    desk.disk.close(desk.disk.open(adopted.folder.wanted))
    ours.give_way()
    assert ours.owned() == []
    desk.start()
    assert len(desk.store.owned()) == 1


def test_a_receipt_that_a_crash_left_beside_its_chunk() -> None:
    """A chunk of which only the manifest was left behind its receipt is let go, and what follows is delivered."""
    desk = Desk()
    trace = desk.open()
    assert trace is not None
    desk.append(trace, note("act-1"), "act-1")
    envelope = desk.disk.read(trace.folder.envelope(0))
    desk.clock.advance(61_000)
    desk.courier.look()
    descriptor = desk.disk.open(trace.folder.envelope(0))
    desk.disk.append(descriptor, envelope)
    desk.disk.close(descriptor)
    desk.kill()
    desk.deliver_everything()


def test_damage_is_counted_however_often_recovery_dies() -> None:
    """Events behind damage are declared as lost, also when the recovery that found them was killed at any moment."""
    for after in range(1, 30):
        desk = Desk()
        trace = desk.open()
        assert trace is not None
        for number in range(5):
            desk.append(trace, fact(f"act-{number}"), f"act-{number}")
        desk.disk.kill()
        flip("active.jsonl", 0.5)(desk.disk, trace.folder.path)
        desk.returned.clear()
        from tests.delivery.test_crashes import die_at, failing

        has_died = die_at(desk, after, desk.start)
        desk.disk.fault = failing(-1, 0, is_for_ever=False)
        desk.disk.kill()
        desk.start()
        (recovered,) = desk.store.owned()
        recovered.resume()
        told = recovered.folder.disk.read(recovered.folder.active)
        assert b'"lost_events":4' in told, told[-300:]
        if not has_died:
            break

    assert after > 3


def test_a_missing_trace_is_not_gone_on_with() -> None:
    """What is not there is refused with a code that a client knows."""
    desk = Desk()
    with pytest.raises(SpoolUnavailable) as caught:
        desk.store.wait_for("trace-" + "0" * 32, 0)

    assert caught.value.code == "not_resumable"
