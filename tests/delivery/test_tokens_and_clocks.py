"""Catalogue item 24: tokens that end, and a collector whose clock is days off, while the spool is full."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from patchtrail.collector.tables import devices
from patchtrail.contract.errors import SpoolUnavailable
from patchtrail.contract.events import Heartbeat, RationaleNote, SessionEnd
from patchtrail.delivery import Courier, SpoolStore, TraceSpool
from tests.delivery.fakes import RunningCollector, running_collector
from tests.delivery.test_courier import Carrier, check_complete

DAY_MS = 86_400_000
CAP_BYTES = 200_000
LONG = RationaleNote(kind="plan", text="y" * 5_000, confidence=None, links=[])


class CollectorClock:
    """The wall clock of a collector, which somebody may have set wrong."""

    def __init__(self) -> None:
        self.off_ms = 0

    def __call__(self) -> int:
        """Return Unix time in milliseconds, as the collector believes."""
        return time.time_ns() // 1_000_000 + self.off_ms


@pytest.fixture
def clock() -> CollectorClock:
    """Start with the right time."""
    return CollectorClock()


@pytest.fixture
def collector(tmp_path: Path, clock: CollectorClock) -> Iterator[RunningCollector]:
    """Run a collector by that clock."""
    with running_collector(tmp_path / "collector", now_ms=clock) as running:
        yield running


@pytest.fixture
def carrier(tmp_path: Path, collector: RunningCollector) -> Iterator[Carrier]:
    """Enrol a device whose spool has little room."""
    made = Carrier(tmp_path / "spool", collector.enrol())
    made.store = SpoolStore(made.folder, made.clock, made.device.key, cap_bytes=CAP_BYTES)
    made.courier = Courier(made.store, made.device, made.clock, made.rules, lambda: None)
    yield made
    made.close()


def fill(carrier: Carrier) -> list[TraceSpool]:
    """Record three sessions, one of them offline, the last until the spool is full."""
    traces = [carrier.trace(), carrier.trace(is_offline=True), carrier.trace()]
    for trace in traces[:2]:
        for _ in range(5):
            trace.append(LONG)
        trace.append(SessionEnd(reason="participant"))
    appended = 0
    while takes(traces[2]):
        appended += 1
    assert appended > 10
    return traces


def takes(trace: TraceSpool) -> bool:
    """Append once more; return whether there was room."""
    try:
        trace.append(LONG)
    except SpoolUnavailable:
        return False
    return True


def waiting(carrier: Carrier) -> dict[str, bytes]:
    """Return every chunk that waits, by name."""
    return {path.relative_to(carrier.folder).as_posix(): path.read_bytes() for path in carrier.folder.rglob("*.seg")}


def check_kept(carrier: Carrier, before: dict[str, bytes]) -> None:
    """Nothing left the spool, nothing was given up, and it is as full as before."""
    assert waiting(carrier) == before
    assert list(carrier.folder.rglob("*.why")) == []
    assert carrier.store.room.measure().percent >= 95


def check_drained(carrier: Carrier, collector: RunningCollector, traces: list[TraceSpool]) -> None:
    """Everything arrives in order; the one that had to stop goes on, and declares it."""
    for _ in range(3):
        carrier.look()
    carrier.store.room.measure()
    traces[2].resume()
    traces[2].append(Heartbeat())
    traces[2].append(SessionEnd(reason="participant"))
    for _ in range(3):
        carrier.look()
    for trace in traces:
        document = check_complete(collector, trace.trace_id, trace.next_seq)
        assert document["integrity"]["assurance"]["level"] != "L0", document["integrity"]["assurance"]
    assert [gap["reason"] for gap in document["events"] if gap["type"] == "gap"] == ["spool_full", "spool_full"]
    assert waiting(carrier) == {}


def set_revoked(collector: RunningCollector, revoked_ms: int | None) -> None:
    """Revoke every device, or take that back, as a coordinator does in the database."""
    change = update(devices).values(revoked_ms=revoked_ms)
    collector.service.database.write(lambda connection: connection.execute(change) and None).result()


def test_24_a_device_that_was_revoked(carrier: Carrier, collector: RunningCollector) -> None:
    """While the device is revoked everything is kept and told; once it is let in again everything goes out."""
    traces = fill(carrier)
    before = waiting(carrier)
    set_revoked(collector, 1)
    for _ in range(3):
        carrier.look()
    check_kept(carrier, before)
    assert any("device_revoked" in notice or "does not accept" in notice for notice in carrier.courier.notices())

    set_revoked(collector, None)
    check_drained(carrier, collector, traces)


def test_24_tokens_that_are_not_known(carrier: Carrier, collector: RunningCollector) -> None:
    """While neither the device's token nor a trace's is known everything is kept; with the right one it goes out."""
    traces = fill(carrier)
    before = waiting(carrier)
    token, carrier.device.transport._device_token = carrier.enrolled.device_token, "ptd_" + "0" * 36
    carrier.courier._tokens = {trace.trace_id: "ptu_" + "0" * 36 for trace in traces}
    for _ in range(3):
        carrier.look()
    check_kept(carrier, before)
    assert "The collector does not accept this device now; everything is kept." in carrier.courier.notices()

    carrier.device.transport._device_token = token
    check_drained(carrier, collector, traces)


@pytest.mark.parametrize("days", [-400, -5, 3, 400])
def test_24_a_collectors_clock_that_is_days_off(
    carrier: Carrier, collector: RunningCollector, clock: CollectorClock, days: int
) -> None:
    """A collector's clock that jumps while the spool is full ends tokens, which are renewed, and refuses nothing."""
    traces = fill(carrier)
    clock.off_ms = days * DAY_MS
    check_drained(carrier, collector, traces)


def test_24_a_collectors_clock_that_is_set_back_and_forth(
    carrier: Carrier, collector: RunningCollector, clock: CollectorClock
) -> None:
    """Whatever its clock says from look to look, no receipt looks backdated and nothing is lost."""
    traces = fill(carrier)
    for days in (2, -2, 30, 0):
        clock.off_ms = days * DAY_MS
        carrier.look()
    check_drained(carrier, collector, traces)
