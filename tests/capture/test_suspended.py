"""A laptop that sleeps in a session: the time is declared as one gap, whatever comes first when it wakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from patchtrail.contract.lsp import NoteAdd, NoteDraft
from patchtrail.delivery import Device, SystemClock
from tests.capture.recording import Recording, recording, repository
from tests.delivery.fakes import RunningCollector, running_collector
from tests.e2e.rig import until

HOUR_MS = 3_600_000


class Laptop(SystemClock):
    """The clocks of a machine that can be put to sleep: both go on meanwhile, and nobody looks at them."""

    def __init__(self) -> None:
        self.slept_ms = 0

    def wall_ms(self) -> int:
        """Return Unix time in milliseconds."""
        return super().wall_ms() + self.slept_ms

    def boot_ms(self) -> int:
        """Return milliseconds since boot, with the time asleep."""
        return super().boot_ms() + self.slept_ms

    def sleep(self, millis: int) -> None:
        """Close the lid, and open it again."""
        self.slept_ms += millis


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    """Run a collector."""
    with running_collector(tmp_path_factory.mktemp("collector")) as running:
        yield running


def nothing(desk: Recording) -> None:
    """Wait for what the recorder does by itself."""


def note(desk: Recording) -> None:
    """Write a note."""
    desk.recorder.note(NoteAdd(kind="plan", text="Awake.")).result()


def save(desk: Recording) -> None:
    """Save a file."""
    desk.save(desk.folders[0] / "a.py", "x = 2\n")


def pause_and_go_on(desk: Recording) -> None:
    """Pause, and go on."""
    desk.recorder.pause().result()
    desk.recorder.resume().result()


FIRST_ACTS: list[Callable[[Recording], None]] = [nothing, note, save, Recording.command, pause_and_go_on]


@pytest.mark.parametrize("act", FIRST_ACTS, ids=lambda act: act.__name__)
def test_a_suspended_laptop(tmp_path: Path, collector: RunningCollector, act: Callable[[Recording], None]) -> None:
    """An hour asleep is one gap over the whole hour, before anything else; the chain holds, and the trace is L3."""
    clock, folder = Laptop(), repository(tmp_path / "shop", {"a.py": "x = 1\n"})
    device = Device(collector.enrol())
    with recording(tmp_path / "spool", folder, device=device, clock=clock) as desk:
        trace_id = desk.recorder.state.trace_id
        desk.save(folder / "a.py", "x = 1  # before\n")
        desk.command()
        desk.recorder.draft(NoteDraft(draft_id="d" * 36, kind="plan", text="Before.")).result()
        clock.sleep(HOUR_MS)
        act(desk)
        until("it woke", lambda: desk.told("gap"))
        desk.recorder.end().result()
        until("it is delivered", lambda: list((tmp_path / "spool").glob("trace-*/complete.json")))
    device.close()
    document = collector.read(f"/v1/traces/{trace_id}").json()

    told = [event.get("reason") or event.get("text") for event in document["events"]]
    assert told.count("Before.") == 1
    assert told.index("suspended") < told.index("Before.")
    (gap,) = [event for event in document["events"] if event["type"] == "gap"]
    assert gap["reason"] == "suspended"
    assert gap["to_ms"] - gap["from_ms"] >= HOUR_MS
    assert document["integrity"]["assurance"]["level"] == "L3", document["integrity"]["assurance"]
