"""Keep the session of one recorder: what happens on the worker's thread, one job after the other."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from patchtrail.capture.authors import Authors
from patchtrail.capture.cells import named_as_on_disk
from patchtrail.capture.debugging import DebugFact
from patchtrail.capture.drafts import DRAFT_MS, Draft
from patchtrail.capture.entries import LastTestRun
from patchtrail.capture.files import Files
from patchtrail.capture.gate import Gate
from patchtrail.capture.known_secrets import KnownSecrets
from patchtrail.capture.log import TraceLogs
from patchtrail.capture.machine import Machine
from patchtrail.capture.repository import Repository
from patchtrail.capture.roots import Root, Roots
from patchtrail.capture.session import MAX_DIRTY_FILES, Session
from patchtrail.capture.session_entries import entries_of
from patchtrail.capture.session_opener import SessionOpener
from patchtrail.capture.snapshots import Snapshots, read_text
from patchtrail.capture.state import ClientName, RecorderState
from patchtrail.capture.test_reports import TestReports, sweep
from patchtrail.capture.unseen import forget, go_off_record, go_on_unseen, time_is_over, touched
from patchtrail.capture.worker import PULSE_S
from patchtrail.contract.errors import InvalidInput, NotAllowed, NotFound, SpoolUnavailable, StateConflict
from patchtrail.contract.events import Pauser
from patchtrail.contract.files import SaveReason
from patchtrail.contract.lsp import (
    CommandReport,
    Drafted,
    EditTexts,
    Facts,
    GateDecision,
    NoteDraft,
    Recorded,
    SessionEntries,
    StartSession,
    TerminalVariable,
    TestsPrepared,
)
from patchtrail.contract.lsp_changes import ChangeGroup
from patchtrail.contract.lsp_forgetting import ForgottenHere
from patchtrail.contract.lsp_notebooks import CellRan
from patchtrail.contract.lsp_notes import NoteSuggestion
from patchtrail.contract.settings import Settings
from patchtrail.integrity import digest
from patchtrail.study import CONSENT, Consent
from patchtrail.trace.cells import Cell, cells_of, is_notebook
from patchtrail.trace.tree import Tree

__all__ = ["Keeper"]

Result = TypeVar("Result")
PAUSED = {"participant": "Paused by the participant.", "off_record": "Off the record."}


class Keeper:
    """Records at most one session at a time. Not thread-safe: one thread calls it."""

    def __init__(
        self,
        logs: TraceLogs,
        machine: Machine,
        reports_root: Path,
        acts_folder: Path,
        failures: Callable[[], int],
        changed: Callable[[], None],
        consent: Consent = CONSENT,
    ) -> None:
        self._logs = logs
        self._machine = machine
        self._reports_root = reports_root
        self._reports = TestReports(reports_root / "none")
        self._failures = failures
        self._on_change = changed
        self._gate = Gate(consent)
        self.settings = Settings()
        self._workspace_folders: tuple[Path, ...] = ()
        self._folder: Path | None = None
        self._task_title = ""
        self._session: Session | None = None
        self._stopped: tuple[str, ...] = ()
        self._snapshots = Snapshots()
        self._open_documents: set[Path] = set()
        self._save_reasons: dict[Path, SaveReason] = {}
        self._authors = Authors(acts_folder)
        self._variables: tuple[TerminalVariable, ...] = ()
        self._junit_withheld: str | None = None
        self._told_failures = 0
        self.client = ClientName()
        self.state = RecorderState()

    def configure(self, settings: Settings) -> None:
        """Take the user's settings."""
        self.settings = settings
        self._gate.allow(settings.folders_allowed)
        self._authors.configure(settings.agents_telemetry_file, is_receiving=settings.agents_receiver)
        self._keep_gate()

    def take_workspace(self, folders: tuple[Path, ...]) -> None:
        """Take the workspace's folders, whose terminals may be prepared.

        Each workspace has a place for reports of its own, the same one after a reload: its terminals live on.
        """
        self._workspace_folders = folders
        named = "\0".join(sorted(folder.as_posix() for folder in folders))
        sweep(self._reports_root)
        self._reports = TestReports(self._reports_root / digest.sha256(named.encode())[:16])
        self._keep_gate()

    def take_facts(self, facts: Facts) -> GateDecision:
        """Take the client's facts."""
        self._gate.take(facts)
        return self._keep_gate()

    def _keep_gate(self) -> GateDecision:
        """Pause when the gate closed, go on when it opened again; a participant's own pause stays."""
        decision = self._gate.decide(self._folder)
        session = self._session
        if session is not None and not decision.is_allowed and session.paused_by is None:
            self.pause("gate", decision.reasons)
        elif session is not None and decision.is_allowed and session.paused_by == "gate":
            self._go_on(session, "gate")
        if session is not None:
            session.base.want(is_wanted=self._gate.may_snapshot())
        if session is not None and session is self._session and decision.is_allowed:
            session.files.patterns = tuple(self.settings.files_exclude)
            self._guard_spool(lambda: session.follow_roots(self._further_folders()))
        self._offer_variables()
        self._publish()
        return decision

    def _offer_variables(self) -> None:
        """Prepare new terminals while recording would be allowed in this window, session or not.

        Offered only when a session starts, every terminal that is open by then would want to be relaunched.
        """
        if not self._gate.allowed_of(self._workspace_folders):
            self._variables, self._junit_withheld = (), None
            return
        # A window's terminals have one environment: what any folder of it refuses, none gets.
        variables, self._junit_withheld = self._reports.variables(
            self._workspace_folders, os.environ, is_junit_wanted=self.settings.tests_junit
        )
        self._variables = tuple(variables)

    def opened(self, path: Path, text: str) -> None:
        """Take a document's text as it was opened."""
        self._open_documents.add(path)
        self._snapshots.saved[path] = text
        touched(self._session, self._snapshots, path)

    def closed(self, path: Path) -> None:
        """Note that a document was closed."""
        self._open_documents.discard(path)

    def notebook_opened(self, path: Path, cells: list[Cell]) -> None:
        """Take a notebook's cells as they were opened."""
        self._snapshots.saved_cells[path] = named_as_on_disk(path, cells)

    def notebook_saved(self, path: Path, cells: list[Cell]) -> None:
        """Record a notebook's save; without a session it is only remembered."""
        reason = self._save_reasons.pop(path, "unknown")
        if self._session is None or self._session.paused_by is not None:
            self.notebook_opened(path, cells)
        else:
            self.on_files(lambda files: files.notebook_saved(path, cells, reason))

    def cell_ran(self, report: CellRan, path: Path) -> Recorded:
        """Record a cell's execution."""
        session = self._session
        if session is not None and session.files.is_left_out(path):
            return Recorded(is_recorded=False, seq=None, reasons=["The notebook is left out of the recording."])
        return self.recorded(lambda session: session.files.cell_ran(path, report))

    def will_save(self, path: Path, reason: SaveReason) -> None:
        """Take the reason of the save that follows."""
        self._save_reasons[path] = reason

    def changed(self, path: Path, groups: list[ChangeGroup], *, is_whole: bool) -> None:
        """Take what the client saw of the changes that the next save brings."""
        session = self._session
        if session is not None and session.paused_by is None and self._is_inside(path, session):
            self._authors.take(path, groups, is_whole=is_whole)

    def _look_at_agents(self, session: Session) -> None:
        for act in self._authors.new_acts():
            self._guard_spool(partial(session.append, act))

    def saved(self, path: Path, text: str) -> None:
        """Record a save."""
        reason = self._save_reasons.pop(path, "unknown")
        before = self._snapshots.saved.get(path)
        self._snapshots.saved[path] = text
        session = self._session
        touched(session, self._snapshots, path)
        if session is None or session.paused_by is not None or not self._is_inside(path, session):
            return
        session.secrets.saved(path)
        self._follow_secrets(session)
        if session.files.is_left_out(path):
            self._authors.forget(path)
            return
        self._look_at_agents(session)
        if is_notebook(path.name):
            cells = cells_of(text) or []
            self._guard_spool(lambda: session.files.notebook_saved(path, cells, reason))
            self._publish()
            return
        edit = session.edits.edit_of(path, text, before=before, reason=reason)
        if edit is None:
            self._authors.forget(path)
        else:
            edit = self._authors.of_save(path, edit, before=before, after=text, now_ms=session.log.wall_ms())
            try:
                self._guard_spool(lambda: session.edit(edit))
            except InvalidInput:
                # What was not recorded cannot be replayed: the next save brings its base along.
                self._snapshots.forget_recorded()
                raise
        session.files.saved(path)
        self._guard_spool(lambda: session.patches.saved(path))
        self._publish()

    def on_files(self, act: Callable[[Files], None]) -> None:
        """Do something with the session's files, if they may be recorded."""
        session = self._session
        if session is None or session.paused_by is not None:
            return
        self._follow_secrets(session)
        try:
            self._guard_spool(lambda: act(session.files))
        except InvalidInput:
            self._snapshots.forget_recorded()
            raise
        self._publish()

    def patience_s(self) -> float:
        """Return how long nothing is due."""
        session = self._session
        due_s = None if session is None or session.paused_by is not None else session.files.pending.due_in_s()
        return PULSE_S if due_s is None else min(PULSE_S, due_s + 0.01)

    def _further_folders(self) -> list[Path]:
        """Return the workspace's other folders that may be recorded too."""
        return self._gate.allowed_of(one for one in self._workspace_folders if one != self._folder)

    def _follow_secrets(self, session: Session) -> None:
        """Go on with other rules when a `.env` file changed."""
        if session.secrets.have_changed():
            redactor = session.secrets.redactor(session.redact_key, self.settings.redaction_denied_paths)
            self._guard_spool(lambda: session.rewrite_rules(redactor))

    def _is_inside(self, path: Path, session: Session) -> bool:
        return session.roots.place_of(path) is not None

    def start(self, request: StartSession, folder: Path) -> None:
        """Start a session, or go on with one that a killed sidecar left."""
        if self._session is not None:
            raise StateConflict(f"A session is being recorded already: {self._session.log.trace_id}.")
        decision = self._gate.decide(folder)
        if not decision.is_allowed:
            raise NotAllowed("Recording is not allowed.", detail={"reasons": decision.reasons})
        self._folder, self._stopped = folder, ()
        repository = Repository(folder)
        roots = Roots(Root("", repository, [folder], is_declared=True))
        # `.env` files are looked for in the repository, and in the session's folder deep inside it.
        known = KnownSecrets(self._machine, {repository.root, folder})
        before = self._snapshots
        held = {path: read_text(path) or before.saved.get(path) for path in self._open_documents}
        self._snapshots = Snapshots(
            saved={path: text for path, text in held.items() if text},
            saved_cells=before.saved_cells,
            tree=Tree(roots.start_text, roots.started_with),
        )
        opener = SessionOpener(
            logs=self._logs,
            machine=self._machine,
            client=self.client,
            settings=self.settings,
            consent=self._gate.given,
            has_model_texts=self._gate.covers("model_texts"),
            folder=folder,
            further=self._further_folders(),
            roots=roots,
            known=known,
            snapshots=self._snapshots,
            reports=self._reports,
            is_saving=self._save_reasons.__contains__,
        )
        session = opener.open(request) if request.trace_id is None else opener.reopen(request.trace_id)
        session.base.want(is_wanted=self._gate.may_snapshot())
        session.files.authored = lambda path, edit: self._authors.of_disk(path, edit, now_ms=session.log.wall_ms())
        session.files.start_from(repository.changed_files(MAX_DIRTY_FILES))
        session.append(session.redactor.facts())
        self._session, self._task_title = session, session.redactor.text(request.task_title)
        self._reports.discard()
        self._authors.begin(session.roots)
        if request.trace_id is not None:
            self._guard_spool(lambda: go_on_unseen(session, self._snapshots))
        if request.is_paused and session.paused_by is None:
            self._guard_spool(lambda: session.pause("participant", []))
        self._publish()

    def pause(self, by: Pauser, gate_reasons: list[str]) -> None:
        """Stop capturing and sending."""
        session = self._running()
        if session.paused_by is not None:
            raise StateConflict(f"The session is paused already, by {session.paused_by}.")
        self._guard_spool(lambda: session.pause(by, gate_reasons))
        self._publish()

    def resume(self) -> None:
        """Go on, on the participant's word."""
        session = self._running()
        if session.paused_by is None:
            raise StateConflict("The session is not paused.")
        is_off_record = session.paused_by == "off_record"
        if is_off_record:
            self._guard_spool(session.log.off_record.end)
        decision = self._gate.decide(self._folder)
        if not decision.is_allowed:
            # The participant's pause is over; when the gate opens again, recording goes on by itself.
            session.paused_by = "gate"
            self._publish()
            raise NotAllowed("Recording is not allowed.", detail={"reasons": decision.reasons})
        self._go_on(session, "off_record" if is_off_record else "participant")
        self._publish()

    def _go_on(self, session: Session, by: Pauser) -> None:
        self._authors.begin(session.roots)
        self._guard_spool(lambda: session.resume(by))

    def go_off_record(self, minutes: int) -> None:
        """Capture and send nothing for so many minutes, then go on by itself."""
        session = self._running()
        self._guard_spool(lambda: go_off_record(session, minutes))
        self._publish()

    def forget(self, minutes: int) -> ForgottenHere:
        """Forget the last minutes of the running session."""
        session = self._running()
        forgotten = self._guard_spool(lambda: forget(session, self._snapshots, minutes))
        self._publish()
        return forgotten

    def end(self) -> None:
        """End the session; its chunks are uploaded at once."""
        session = self._running()
        if session.paused_by is None:
            self._follow_secrets(session)
        self._guard_spool(session.end)
        self._session, self._folder = None, None
        self._logs.ended(session.log)
        self._publish()

    def prepare_tests(self) -> TestsPrepared:
        """Make a private place for a JUnit report."""
        return TestsPrepared(junit_path=str(self._running().prepare_tests()))

    def _running(self) -> Session:
        if self._session is None:
            raise StateConflict("No session is being recorded.", code="no_session")
        return self._session

    def recorded(self, record: Callable[[Session], int | None], *, left_out: str | None = None) -> Recorded:
        """Record a report, or say why it is not recorded: neither is an error of the client's.

        A report that is no event has no number; `left_out` says why.
        """
        session = self._session
        if session is None or session.paused_by is not None:
            return Recorded(is_recorded=False, seq=None, reasons=self._why_not())
        self._follow_secrets(session)
        seq = self._guard_spool(lambda: record(session))
        self._publish()
        reasons = [left_out] if seq is None and left_out else []
        return Recorded(is_recorded=seq is not None, seq=seq, reasons=reasons)

    def _guard_spool(self, write: Callable[[], Result]) -> Result:
        """When the disk refuses, stop recording visibly; what is recorded is kept and can be gone on with."""
        try:
            return write()
        except SpoolUnavailable as error:
            self._stopped = (error.message,)
            if self._session is not None:
                self._session.close()
                self._logs.stopped(self._session.log)
            self._session = None
            self._publish()
            raise

    def command(self, report: CommandReport) -> Recorded:
        """Record a command, and the tests that it ran; it may have shown that pytest must not be asked for reports.

        What ran in another folder is nobody's business: that folder was not allowed, or is another session's.
        """
        session = self._session
        if session is not None and report.cwd and not session.roots.hold(Path(report.cwd)):
            return Recorded(is_recorded=False, seq=None, reasons=["It ran outside of the session's folder."])
        recorded = self.recorded(lambda session: session.command(report))
        if self._reports.is_withdrawn and self._junit_withheld is None:
            self._offer_variables()
            self._publish()
        return recorded

    def debug(self, fact: DebugFact) -> Recorded:
        """Record a fact of a debugger; what is only looked at has no number."""
        return self.recorded(lambda session: session.debug(fact, with_values=self.settings.debugger_values))

    def dismiss_hint(self) -> None:
        """Suggest no note any more."""
        self._running().hints.dismiss()
        self._publish()

    def draft(self, note: NoteDraft) -> Drafted:
        """Keep a note that can still be changed, or say why not."""
        session = self._session
        if session is None or session.paused_by is not None:
            return Drafted(is_drafted=False, confirms_in_ms=0, reasons=self._why_not())
        self._follow_secrets(session)
        self._guard_spool(lambda: session.draft(note))
        self._publish()
        return Drafted(is_drafted=True, confirms_in_ms=DRAFT_MS, reasons=[])

    def confirm(self, draft_id: str) -> Recorded:
        """Record a draft now."""
        return self.recorded(lambda session: session.confirm(_known(session, draft_id)))

    def discard(self, draft_id: str) -> Drafted:
        """Forget a draft."""
        session = self._running()
        _known(session, draft_id)
        self._guard_spool(lambda: session.drafts.discard(draft_id))
        self._publish()
        return Drafted(is_drafted=False, confirms_in_ms=0, reasons=[])

    def last_test_run(self) -> LastTestRun | None:
        """Return the newest run of tests of the running session."""
        return None if self._session is None else self._session.entries.last_test_run

    def entries(self, since_seq: int) -> SessionEntries:
        """Return what the session view shows."""
        return entries_of(self._session, since_seq)

    def texts(self, seq: int) -> EditTexts:
        """Return a recorded edit's texts."""
        return self._running().entries.texts(seq)

    def close(self) -> None:
        """Let go of an unfinished session; the next sidecar can go on with it. Reports wait for nobody."""
        self._reports.discard()
        self._authors.close()
        if self._session is not None:
            if self._session.paused_by is None:
                self._guard_spool(self._session.leave_stops)
            self._session.close()

    def _give_up(self, session: Session) -> None:
        """The window that asked last goes on: it is the one that somebody looks at."""
        session.close()
        self._logs.give_up(session.log)
        self._session, self._folder = None, None
        self._stopped = ("Another window went on with this session.",)
        self._publish()

    def _why_not(self) -> list[str]:
        session = self._session
        if session is None:
            return ["No session is being recorded.", *self._stopped]
        return [f"The session is paused by {session.paused_by}."]

    def pulse(self) -> None:
        """Do what time asks for; a test report that came while nothing may be captured is deleted unread."""
        session = self._session
        if session is None or session.paused_by is not None:
            self._reports.discard()
        if session is None:
            return
        if session.log.is_wanted:
            self._give_up(session)
            return
        if time_is_over(session):
            self._go_on_record(session)
        failures = self._failures()
        if session.paused_by is None:
            self._look_at_agents(session)
        self._guard_spool(session.pulse)
        if failures > self._told_failures and session.paused_by is None:
            self._told_failures = failures
            self._guard_spool(lambda: session.gap("capture_error"))
        self._publish()

    def _go_on_record(self, session: Session) -> None:
        """Go on when the time off the record is over, unless the gate closed meanwhile."""
        self._guard_spool(session.log.off_record.end)
        if self._gate.decide(self._folder).is_allowed:
            self._go_on(session, "off_record")
        else:
            session.paused_by = "gate"

    def _publish(self) -> None:
        state = self._seen()
        if state != self.state:
            self.state = state
            self._on_change()

    def _seen(self) -> RecorderState:
        session = self._session
        if session is None:
            return RecorderState(
                state="stopped" if self._stopped else "idle",
                reasons=self._stopped or tuple(self._gate.decide(None).reasons),
                may_send=self._gate.may_send,
                terminal_variables=self._variables,
                junit_withheld=self._junit_withheld,
                agents_address=self._authors.address,
            )
        is_paused = session.paused_by is not None
        decision = self._gate.decide(self._folder)
        by_participant = [PAUSED[session.paused_by]] if session.paused_by in PAUSED else []
        return RecorderState(
            state="paused" if is_paused else "recording",
            reasons=(*decision.reasons, *by_participant),
            trace_id=session.log.trace_id,
            next_seq=session.log.next_seq,
            may_send=decision.is_allowed and not is_paused,
            task_title=self._task_title,
            drafts=len(session.drafts.all()),
            note_link=session.entries.note_link,
            note_suggestion=self._suggestion(session),
            terminal_variables=self._variables,
            junit_withheld=self._junit_withheld,
            agents_address=self._authors.address,
            off_record_until_ms=session.log.off_record.until_wall_ms if session.paused_by == "off_record" else None,
            forgettings=session.log.forgettings,
            base_snapshot=session.base.standing,
        )

    def _suggestion(self, session: Session) -> NoteSuggestion | None:
        is_wanted = self.settings.notes_hints and session.paused_by is None
        return session.hints.offer(session.log.mono_ms()) if is_wanted else None


def _known(session: Session, draft_id: str) -> Draft:
    draft = session.drafts.find(draft_id)
    if draft is None:
        raise NotFound("This draft was recorded or discarded already.", code="no_draft")
    return draft
