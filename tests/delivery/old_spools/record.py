"""Freeze what a version leaves when it is killed: a spool with unsent traces, and the collector that knows them.

It was run with an earlier version, in a checkout of it, and runs with this one as well, for the next to be held to::

    git archive COMMIT | tar x -C CHECKOUT; cd CHECKOUT
    PYTHONPATH=server:. python .../tests/delivery/old_spools/record.py .../tests/delivery/old_spools/NAME.zip
"""

from __future__ import annotations

import sys
import tempfile
import zipfile
from pathlib import Path

from patchtrail.contract.events import CmdRun, Heartbeat, RationaleNote, SessionEnd, SessionStart, StartKind
from patchtrail.delivery import (
    Courier,
    Device,
    SpoolStore,
    TaskFacts,
    TraceSpool,
    open_local,
    open_offline,
    open_online,
)
from patchtrail.study import current_consent
from tests.delivery.fakes import ManualClock, running_collector

__all__ = ["main"]

TASK = TaskFacts(task_id="T", task_title="t", repo_origin="", start_commit="a" * 40, consent=current_consent())
OUTPUT = b"line\n" * 2_000


class Rules:
    """The gate is open, and nothing is held."""

    def may_send(self) -> bool:
        """Allow."""
        return True

    def hold_ms(self) -> int:
        """Hold nothing."""
        return 0


class Recorder:
    """A device at work, which records four traces and is killed."""

    def __init__(self, spool: Path, device: Device) -> None:
        self.clock, self.device = ManualClock(), device
        self.store = SpoolStore(spool, self.clock, device.key)
        self.courier = Courier(self.store, device, self.clock, Rules(), lambda: None)

    def half_sent(self) -> None:
        """Leave one that was opened online: a receipted chunk, two that wait, and one that is being written."""
        new = open_online(self.device, TASK, made_ms=self.clock.wall_ms())
        trace = self.store.create(new, "/w", b"k" * 32)
        self.courier.remember_token(new.trace_id, new.upload_token)
        self.fill(trace, "online")
        # The first versions had no public name for it.
        getattr(self.courier, "look" if hasattr(self.courier, "look") else "_look")()
        assert trace.folder.numbers(".rcpt") == [0]
        for text in ("second", "third"):
            trace.append(Heartbeat())
            trace.append(note(text))
        trace.append(command(trace))
        trace.append(Heartbeat())

    def offline(self, *, is_ended: bool) -> None:
        """Leave one that the collector does not know: ended, or with a chunk that is being written."""
        new = open_offline(self.device, TASK, newest_receipt=None, made_ms=self.clock.wall_ms())
        trace = self.store.create(new, "/w", b"k" * 32)
        self.fill(trace, "offline_open")
        trace.append(command(trace))
        trace.append(SessionEnd(reason="participant") if is_ended else Heartbeat())

    def local(self) -> None:
        """Leave one that nobody signs."""
        self.fill(self.store.create(open_local(), "/w", b"k" * 32), "local")

    def fill(self, trace: TraceSpool, kind: StartKind) -> None:
        """Record a start and a note, which seals a chunk."""
        facts = TASK.model_dump(exclude={"consent"})
        trace.append(
            SessionStart(
                kind=kind,
                participant_id="p-1",
                task_description="",
                consent=TASK.consent,
                os="Linux",
                python_version="3.11",
                sidecar_version="0",
                client_name="frozen",
                client_version="",
                **facts,
            )
        )
        trace.append(note("first"))
        self.clock.advance(1_000)


def note(text: str) -> RationaleNote:
    """Return a note."""
    return RationaleNote(kind="plan", text=text, confidence=None, links=[])


def command(trace: TraceSpool) -> CmdRun:
    """Return a command whose output is an artifact."""
    return CmdRun(
        command_line="make",
        confidence="high",
        cwd="/w",
        exit_code=0,
        duration_ms=1,
        output_tail="line\n",
        output_size_bytes=len(OUTPUT),
        output_artifact=trace.store(OUTPUT, "text/plain"),
    )


def main(archive: Path) -> None:
    """Record, and keep the files as a kill leaves them: nothing is closed."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with running_collector(folder / "collector") as collector:
            key = collector.enrol()
            recorder = Recorder(folder / "spool", Device(key))
            recorder.half_sent()
            recorder.offline(is_ended=True)
            recorder.offline(is_ended=False)
            recorder.local()
            (folder / "device.json").write_text(key.model_dump_json())
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as kept:
            for path in sorted(folder.rglob("*")):
                kept.write(path, path.relative_to(folder).as_posix())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
