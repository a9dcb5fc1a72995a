"""The recorder of one sidecar, as other threads see it.

Public methods may be called from any thread. What they do happens on the worker's thread, in order, so that an
answer to a report also means that every save before it is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path

from patchtrail.capture.entries import LastTestRun
from patchtrail.capture.keeper import Keeper
from patchtrail.capture.log import TraceLogs
from patchtrail.capture.machine import Machine
from patchtrail.capture.patches import PatchedFile
from patchtrail.capture.state import ClientName, RecorderState
from patchtrail.capture.worker import Worker
from patchtrail.contract.attempt import AttemptRecord
from patchtrail.contract.files import SaveReason
from patchtrail.contract.lsp import (
    CommandReport,
    Drafted,
    EditTexts,
    Facts,
    GapReport,
    GateDecision,
    NoteAdd,
    NoteDraft,
    Recorded,
    SessionEntries,
    StartSession,
    TestsPrepared,
    TestsReport,
)
from patchtrail.contract.lsp_changes import ChangeGroup
from patchtrail.contract.lsp_debugging import DebugReport
from patchtrail.contract.lsp_forgetting import ForgottenHere
from patchtrail.contract.lsp_notebooks import CellRan
from patchtrail.contract.patch_events import OutcomeEvidence, PatchOutcomeKind
from patchtrail.contract.settings import Settings
from patchtrail.study import CONSENT, Consent
from patchtrail.trace.cells import Cell

__all__ = ["ClientName", "Recorder", "RecorderState"]

LEFT_OUT = "Its files are left out of the recording."


class Recorder:
    """Hands everything to one keeper on one worker thread."""

    def __init__(
        self,
        logs: TraceLogs,
        machine: Machine,
        reports_root: Path,
        acts_folder: Path,
        on_change: Callable[[], None],
        *,
        consent: Consent = CONSENT,
    ) -> None:
        self._worker = Worker(lambda: self._keeper.pulse(), lambda: self._keeper.patience_s())
        self._keeper = Keeper(
            logs,
            machine,
            reports_root,
            acts_folder,
            failures=lambda: self._worker.failures,
            changed=on_change,
            consent=consent,
        )

    def run(self) -> None:
        """Start the worker."""
        self._worker.start()

    @property
    def state(self) -> RecorderState:
        """How things stood after the last job."""
        return self._keeper.state

    @property
    def running_trace(self) -> str | None:
        """The trace that is being recorded right now; None without one, and while it is paused."""
        state = self._keeper.state
        return state.trace_id if state.state == "recording" else None

    @property
    def failures(self) -> int:
        """How many captures failed and were left out."""
        return self._worker.failures

    @property
    def hold_seconds(self) -> int:
        """How long the user wants sealed chunks held."""
        return self._keeper.settings.upload_hold_seconds

    def meet(self, client: ClientName, workspace_folders: tuple[Path, ...]) -> None:
        """Learn who the client is, and what folders it has open."""
        self._keeper.client = client
        self._worker.put(lambda: self._keeper.take_workspace(workspace_folders))

    def configure(self, settings: Settings) -> None:
        """Take the user's settings; they hold from the next job on."""
        self._worker.put(lambda: self._keeper.configure(settings))

    def report_facts(self, facts: Facts) -> Future[GateDecision]:
        """Take the client's facts; when the gate closes, capturing and sending stop at once."""
        return self._worker.submit(lambda: self._keeper.take_facts(facts))

    def opened(self, path: Path, text: str) -> None:
        """Note a document's text as it was opened."""
        self._worker.put(lambda: self._keeper.opened(path, text))

    def will_save(self, path: Path, reason: SaveReason) -> None:
        """Note why the save that follows is made."""
        self._worker.put(lambda: self._keeper.will_save(path, reason))

    def changed(self, path: Path, groups: list[ChangeGroup], *, is_whole: bool) -> None:
        """Take what the client saw of the changes that the next save brings."""
        self._worker.put(lambda: self._keeper.changed(path, groups, is_whole=is_whole))

    def saved(self, path: Path, text: str) -> None:
        """Record a save; returns at once."""
        self._worker.put(lambda: self._keeper.saved(path, text))

    def closed(self, path: Path) -> None:
        """Note that a document was closed."""
        self._worker.put(lambda: self._keeper.closed(path))

    def created(self, paths: list[Path]) -> None:
        """Record files that were made in the editor."""
        self._worker.put(lambda: self._keeper.on_files(lambda files: files.created(paths)))

    def deleted(self, paths: list[Path]) -> None:
        """Record files and folders that were deleted in the editor."""
        self._worker.put(lambda: self._keeper.on_files(lambda files: files.deleted(paths)))

    def renamed(self, pairs: list[tuple[Path, Path]]) -> None:
        """Record files and folders that were renamed in the editor."""
        self._worker.put(lambda: self._keeper.on_files(lambda files: files.renamed(pairs)))

    def changed_on_disk(self, changes: Callable[[], tuple[list[Path], list[Path]]]) -> None:
        """Note that files may have changed on disk, or are new; once it is quiet, what nobody saved is recorded."""
        self._worker.put(lambda: self._keeper.on_files(lambda files: files.pending.note(*changes())))

    def notebook_opened(self, path: Path, cells: list[Cell]) -> None:
        """Note a notebook's cells as they were opened."""
        self._worker.put(lambda: self._keeper.notebook_opened(path, cells))

    def notebook_saved(self, path: Path, cells: list[Cell]) -> None:
        """Record a notebook's save by cell; returns at once."""
        self._worker.put(lambda: self._keeper.notebook_saved(path, cells))

    def cell_ran(self, report: CellRan, path: Path) -> Future[Recorded]:
        """Record a cell's execution."""
        return self._worker.submit(lambda: self._keeper.cell_ran(report, path))

    def start(self, request: StartSession, folder: Path) -> Future[None]:
        """Start a session, or go on with one that a killed sidecar left."""
        return self._worker.submit(lambda: self._keeper.start(request, folder))

    def pause(self) -> Future[None]:
        """Pause on the participant's word."""
        return self._worker.submit(lambda: self._keeper.pause("participant", []))

    def resume(self) -> Future[None]:
        """Resume on the participant's word."""
        return self._worker.submit(self._keeper.resume)

    def go_off_record(self, minutes: int) -> Future[None]:
        """Capture and send nothing for so many minutes, then go on by itself."""
        return self._worker.submit(lambda: self._keeper.go_off_record(minutes))

    def forget(self, minutes: int) -> Future[ForgottenHere]:
        """Forget the last minutes; when it is done they are gone from this machine."""
        return self._worker.submit(lambda: self._keeper.forget(minutes))

    def end(self) -> Future[None]:
        """End the session; its chunks are uploaded at once."""
        return self._worker.submit(self._keeper.end)

    def command(self, report: CommandReport) -> Future[Recorded]:
        """Record a command, and the tests that it ran."""
        return self._worker.submit(lambda: self._keeper.command(report))

    def prepare_tests(self) -> Future[TestsPrepared]:
        """Make a private place for a JUnit report."""
        return self._worker.submit(self._keeper.prepare_tests)

    def tests(self, report: TestsReport) -> Future[Recorded]:
        """Record a test run."""
        return self._worker.submit(lambda: self._keeper.recorded(lambda session: session.tests(report)))

    def note(self, note: NoteAdd) -> Future[Recorded]:
        """Record a note at once."""
        return self._worker.submit(lambda: self._keeper.recorded(lambda session: session.note(note)))

    def draft(self, note: NoteDraft) -> Future[Drafted]:
        """Keep a note that can still be changed."""
        return self._worker.submit(lambda: self._keeper.draft(note))

    def confirm(self, draft_id: str) -> Future[Recorded]:
        """Record a draft now."""
        return self._worker.submit(lambda: self._keeper.confirm(draft_id))

    def discard(self, draft_id: str) -> Future[Drafted]:
        """Forget a draft."""
        return self._worker.submit(lambda: self._keeper.discard(draft_id))

    def gap(self, report: GapReport) -> Future[Recorded]:
        """Declare what the client cannot see."""
        return self._worker.submit(lambda: self._keeper.recorded(lambda session: session.tell_gap(report)))

    def debug(self, report: DebugReport) -> Future[Recorded]:
        """Record a fact of a debugger."""
        return self._worker.submit(lambda: self._keeper.debug(report.fact))

    def report_attempt(self, record: AttemptRecord, root: Path, files: Sequence[PatchedFile] = ()) -> Future[Recorded]:
        """Record an attempt at a patch; paths are relative to `root`, `files` are the patch's texts if there is one.

        While nothing is recorded, or its files are left out, the answer says so.
        """
        return self._worker.submit(
            lambda: self._keeper.recorded(
                lambda session: session.patches.attempt(record, root, files), left_out=LEFT_OUT
            )
        )

    def report_outcome(
        self,
        attempt_id: str,
        outcome: PatchOutcomeKind,
        root: Path,
        file_paths: Sequence[str],
        *,
        after_ms: int,
        evidence: OutcomeEvidence = "client",
    ) -> Future[Recorded]:
        """Record what became of a patch; one that is accepted is followed, and told of again after some saves."""
        return self._worker.submit(
            lambda: self._keeper.recorded(
                lambda session: session.patches.outcome(
                    attempt_id, outcome, root, file_paths, after_ms=after_ms, evidence=evidence
                ),
                left_out=LEFT_OUT,
            )
        )

    def dismiss_hint(self) -> Future[None]:
        """Suggest no note any more."""
        return self._worker.submit(self._keeper.dismiss_hint)

    def entries(self, since_seq: int) -> Future[SessionEntries]:
        """Return what the session view shows."""
        return self._worker.submit(lambda: self._keeper.entries(since_seq))

    def last_test_run(self) -> Future[LastTestRun | None]:
        """Return the newest run of tests of the running session."""
        return self._worker.submit(self._keeper.last_test_run)

    def texts(self, seq: int) -> Future[EditTexts]:
        """Return a recorded edit's texts."""
        return self._worker.submit(lambda: self._keeper.texts(seq))

    def settle(self) -> Future[None]:
        """Return when everything asked before is done."""
        return self._worker.submit(lambda: None)

    def close(self) -> None:
        """Finish what is queued; an unfinished session can be gone on with by the next sidecar."""
        self._worker.stop()
        self._keeper.close()
