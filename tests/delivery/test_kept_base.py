"""A base snapshot on a disk that refuses, and under a process that is killed: never half there, never left unknown."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from patchtrail.contract.base_snapshot import BaseStored
from patchtrail.contract.errors import SpoolUnavailable
from patchtrail.contract.events import Heartbeat, SessionEnd
from patchtrail.delivery import TraceSpool
from patchtrail.integrity import digest
from tests.delivery.desk import Desk

CONTENT = b"a snapshot, as far as the spool is concerned" * 1_000


def told(trace: TraceSpool) -> BaseStored:
    """Return what is told of the snapshot."""
    return BaseStored(
        trace_id=trace.trace_id, sha256=digest.sha256(CONTENT), files=1, size_bytes=len(CONTENT), redacted=[]
    )


def opened() -> tuple[Desk, TraceSpool]:
    """Return a trace that has begun."""
    desk = Desk()
    trace = desk.open()
    assert trace is not None
    trace.append(Heartbeat())
    return desk, trace


def holding(desk: Desk) -> list[str]:
    """Return the names of the files that hold anything of the snapshot."""
    return [name for name, content in desk.disk.files().items() if content and CONTENT.startswith(content[:500])]


@pytest.mark.parametrize("nth", range(18))
def test_a_refused_operation_leaves_nothing_and_stops_nothing(nth: int) -> None:
    """Whatever the disk refuses on the way: the snapshot is there whole, or nothing of it is; recording goes on."""
    desk, trace = opened()
    first = desk.disk.operations

    def refuse(at: int, operation: str, _path: Path) -> int | None:
        return errno.ENOSPC if at - first == nth and operation not in ("unlink", "read") else None

    desk.disk.fault = refuse
    try:
        trace.base.keep(CONTENT, told(trace))
        is_kept = True
    except SpoolUnavailable:
        is_kept = False
    desk.disk.fault = lambda _at, _operation, _path: None

    assert bool(holding(desk)) == is_kept
    trace.append(Heartbeat())
    trace.base.drop()
    assert holding(desk) == []


def test_no_room_to_spare() -> None:
    """A snapshot that would bring the spool to its warning is refused; the one before has given its room back."""
    desk, trace = opened()
    desk.disk.free_bytes = 20 * 2 * len(CONTENT)
    trace.base.keep(CONTENT, told(trace))
    trace.base.keep(CONTENT, told(trace))
    desk.disk.free_bytes = 20 * len(CONTENT)
    with pytest.raises(SpoolUnavailable, match="no room"):
        trace.base.keep(CONTENT, told(trace))

    assert holding(desk) == []
    trace.append(Heartbeat())


def test_an_end_takes_it_over() -> None:
    """What the end names stays when the snapshot is let go of; what it does not name goes with it."""
    desk, trace = opened()
    ref = trace.base.keep(CONTENT, told(trace))
    trace.append(SessionEnd(reason="participant", base_snapshot=ref))
    trace.base.drop()

    assert len(holding(desk)) == 1
