"""Keep the gate and the session of one recorder: what happens on the worker's thread, one job after the other."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from patchtrail import __version__
from patchtrail.capture.drafts import DRAFT_MS, Draft
from patchtrail.capture.edits import EditRecorder
from patchtrail.capture.known_secrets import KnownSecrets
from patchtrail.capture.log import OpenedLog, SessionFacts, TraceLogs
from patchtrail.capture.machine import Machine
from patchtrail.capture.repository import Repository
from patchtrail.capture.session import Session
from patchtrail.capture.snapshots import Snapshots, read_text
from patchtrail.capture.test_reports import TestReports, sweep
from patchtrail.capture.unseen import forget, go_off_record, go_on_unseen, time_is_over, touched
from patchtrail.contract.errors import InvalidInput, NotAllowed, NotFound, SpoolUnavailable, StateConflict
from patchtrail.contract.events import ConsentRef, Pauser, SessionStart
from patchtrail.contract.files import SaveReason
from patchtrail.contract.lsp import (
    CommandReport,
    Drafted,
    EditTexts,
    Facts,
    GateDecision,
    NoteDraft,
    NoteLink,
    PendingDraft,
    Recorded,
    SessionEntries,
    StartSession,
    TerminalVariable,
    TestsPrepared,
)
from patchtrail.contract.lsp_forgetting import ForgottenHere
from patchtrail.contract.settings import Settings
from patchtrail.integrity import digest
from patchtrail.study import current_consent, decide

__all__ = ["ClientName", "Keeper", "RecorderState"]

Result = TypeVar("Result")
PAUSED = {"participant": "Paused by the participant.", "off_record": "Off the record."}
MAX_ID_CHARS, MAX_TITLE_CHARS, MAX_ORIGIN_CHARS = 200, 1_000, 2_000
"""What the collector takes; redaction can lengthen a text."""


@dataclass(frozen=True)
class ClientName:
    """The editor at the other end, as it named itself."""

    name: str = "unknown"
    version: str = ""


@dataclass(frozen=True)
class RecorderState:
    """What is known of the session, as a value that any thread may read."""

    state: str = "idle"
    reasons: tuple[str, ...] = ()
    trace_id: str | None = None
    next_seq: int = 0
    may_send: bool = False
    task_title: str = ""
    drafts: int = 0
    note_link: NoteLink | None = None
    terminal_variables: tuple[TerminalVariable, ...] = ()
    junit_withheld: str | None = None
    off_record_until_ms: int | None = None
    forgettings: int = 0


class Keeper:
    """Records at most one session at a time. Not thread-safe: one thread calls it."""

    def __init__(
        self,
        logs: TraceLogs,
        machine: Machine,
        reports_root: Path,
        failures: Callable[[], int],
        changed: Callable[[], None],
    ) -> None:
        self._logs = logs
        self._machine = machine
        self._reports_root = reports_root
        self._reports = TestReports(reports_root / "none")
        self._failures = failures
        self._on_change = changed
        self._consent: ConsentRef = current_consent()
        self.settings = Settings()
        self._allowed: list[str] = []
        self._facts: Facts | None = None
        self._workspace_folders: tuple[Path, ...] = ()
        self._folder: Path | None = None
        self._task_title = ""
        self._session: Session | None = None
        self._stopped: tuple[str, ...] = ()
        self._snapshots = Snapshots()
        self._open_documents: set[Path] = set()
        self._save_reasons: dict[Path, SaveReason] = {}
        self._variables: tuple[TerminalVariable, ...] = ()
        self._junit_withheld: str | None = None
        self._told_failures = 0
        self.client = ClientName()
        self.state = RecorderState()

    def configure(self, settings: Settings) -> None:
        """Take the user's settings."""
        self.settings = settings
        self._allowed = _resolved(settings.folders_allowed)
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
        self._facts = facts
        return self._keep_gate()

    def _decide(self, folder: Path | None) -> GateDecision:
        return decide(
            self._facts,
            folder=None if folder is None else folder.as_posix(),
            allowed_folders=self._allowed,
            consent=self._consent,
        )

    def _keep_gate(self) -> GateDecision:
        """Pause when the gate closed, go on when it opened again; a participant's own pause stays."""
        decision = self._decide(self._folder)
        session = self._session
        if session is not None and not decision.is_allowed and session.paused_by is None:
            self.pause("gate", decision.reasons)
        elif session is not None and decision.is_allowed and session.paused_by == "gate":
            self._guard_spool(lambda: session.resume("gate"))
        self._offer_variables()
        self._publish()
        return decision

    def _offer_variables(self) -> None:
        """Prepare new terminals while recording would be allowed in this window, session or not.

        Offered only when a session starts, every terminal that is open by then would want to be relaunched.
        """
        folders = [folder for folder in self._workspace_folders if self._decide(folder).is_allowed]
        if not folders:
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

    def will_save(self, path: Path, reason: SaveReason) -> None:
        """Take the reason of the save that follows."""
        self._save_reasons[path] = reason

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
        edit = session.edits.edit_of(path, text, before=before, reason=reason)
        if edit is not None:
            try:
                self._guard_spool(lambda: session.edit(edit))
            except InvalidInput:
                # What was not recorded cannot be replayed: the next save brings its base along.
                self._snapshots.forget_recorded()
                raise
        self._publish()

    def _follow_secrets(self, session: Session) -> None:
        """Go on with other rules when a `.env` file changed."""
        if session.secrets.have_changed():
            redactor = session.secrets.redactor(session.redact_key, self.settings.redaction_denied_paths)
            self._guard_spool(lambda: session.rewrite_rules(redactor))

    def _is_inside(self, path: Path, session: Session) -> bool:
        return (
            self._folder is not None
            and path.is_relative_to(self._folder)
            and path.is_relative_to(session.repository.root)
        )

    def start(self, request: StartSession, folder: Path) -> None:
        """Start a session, or go on with one that a killed sidecar left."""
        if self._session is not None:
            raise StateConflict(f"A session is being recorded already: {self._session.log.trace_id}.")
        decision = self._decide(folder)
        if not decision.is_allowed:
            raise NotAllowed("Recording is not allowed.", detail={"reasons": decision.reasons})
        self._folder, self._stopped = folder, ()
        repository = Repository(folder)
        # `.env` files are looked for in the repository, and in the session's folder deep inside it.
        known = KnownSecrets(self._machine, {repository.root, folder})
        self._snapshots = Snapshots(saved={path: text for path in self._open_documents if (text := read_text(path))})
        if request.trace_id is None:
            session = self._new_session(request, folder, repository, known)
        else:
            opened = self._logs.reopen(request.trace_id, folder)
            session = self._session_on(opened, folder, repository, known)
            self._snapshots.forget_recorded()
        session.append(session.redactor.facts())
        self._session, self._task_title = session, session.redactor.text(request.task_title)
        self._reports.discard()
        if request.trace_id is not None:
            self._guard_spool(lambda: go_on_unseen(session, self._snapshots))
        if request.is_paused and session.paused_by is None:
            self._guard_spool(lambda: session.pause("participant", []))
        self._publish()

    def _new_session(self, request: StartSession, folder: Path, repository: Repository, known: KnownSecrets) -> Session:
        """Open a trace, and record its start in the very words that the opening signed."""
        redact_key = secrets.token_bytes(32)
        redactor = known.redactor(redact_key, self.settings.redaction_denied_paths)
        facts = SessionFacts(
            task_id=redactor.text(request.task_id)[:MAX_ID_CHARS],
            task_title=redactor.text(request.task_title)[:MAX_TITLE_CHARS],
            repo_origin=redactor.text(repository.origin)[:MAX_ORIGIN_CHARS],
            start_commit=repository.start_commit,
            consent=self._facts.consent if self._facts else None,
        )
        opened = self._logs.open(facts, folder, redact_key)
        session = self._session_on(opened, folder, repository, known)
        description = redactor.text(request.task_description)
        # Not redacted again: these are the very words that the opening signed.
        start = self._session_start(facts, opened, description)
        session.entries.remember(opened.log.append(start), opened.log.wall_ms(), start)
        return session

    def _session_on(self, opened: OpenedLog, folder: Path, repository: Repository, known: KnownSecrets) -> Session:
        redactor = known.redactor(opened.redact_key, self.settings.redaction_denied_paths)
        edits = EditRecorder(opened.log, redactor, repository, self._snapshots)
        return Session(
            opened.log,
            redactor,
            repository,
            edits,
            redact_key=opened.redact_key,
            secrets=known,
            folder=folder,
            reports=self._reports,
        )

    def _session_start(self, facts: SessionFacts, opened: OpenedLog, description: str) -> SessionStart:
        return SessionStart(
            kind=opened.kind,
            participant_id=opened.participant_id,
            task_id=facts.task_id,
            task_title=facts.task_title,
            task_description=description,
            repo_origin=facts.repo_origin,
            start_commit=facts.start_commit,
            consent=facts.consent,
            os=self._machine.os_name,
            python_version=self._machine.python_version,
            sidecar_version=__version__,
            client_name=self.client.name,
            client_version=self.client.version,
        )

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
        decision = self._decide(self._folder)
        if not decision.is_allowed:
            # The participant's pause is over; when the gate opens again, recording goes on by itself.
            session.paused_by = "gate"
            self._publish()
            raise NotAllowed("Recording is not allowed.", detail={"reasons": decision.reasons})
        self._guard_spool(lambda: session.resume("off_record" if is_off_record else "participant"))
        self._publish()

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

    def recorded(self, record: Callable[[Session], int]) -> Recorded:
        """Record a report, or say why it is not recorded: neither is an error of the client's."""
        session = self._session
        if session is None or session.paused_by is not None:
            return Recorded(is_recorded=False, seq=None, reasons=self._why_not())
        self._follow_secrets(session)
        seq = self._guard_spool(lambda: record(session))
        self._publish()
        return Recorded(is_recorded=True, seq=seq, reasons=[])

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
        if self._folder is not None and report.cwd and not _is_below(Path(report.cwd), self._folder):
            return Recorded(is_recorded=False, seq=None, reasons=["It ran outside of the session's folder."])
        recorded = self.recorded(lambda session: session.command(report))
        if self._reports.is_withdrawn and self._junit_withheld is None:
            self._offer_variables()
            self._publish()
        return recorded

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

    def entries(self, since_seq: int) -> SessionEntries:
        """Return what the session view shows."""
        session = self._session
        if session is None:
            return SessionEntries(trace_id=None, first_seq=0, entries=[], drafts=[])
        now_ms = session.log.mono_ms()
        return SessionEntries(
            trace_id=session.log.trace_id,
            first_seq=session.entries.first_seq,
            entries=session.entries.since(since_seq),
            generation=session.log.forgettings,
            coverage=session.log.coverage(),
            drafts=[
                PendingDraft(
                    draft_id=draft.draft_id,
                    kind=draft.note.kind,
                    text=draft.note.text,
                    confidence=draft.note.confidence,
                    links=draft.note.links,
                    confirms_in_ms=draft.confirms_in_ms(now_ms),
                )
                for draft in session.drafts.all()
            ],
        )

    def texts(self, seq: int) -> EditTexts:
        """Return a recorded edit's texts."""
        return self._running().entries.texts(seq)

    def close(self) -> None:
        """Let go of an unfinished session; the next sidecar can go on with it. Reports wait for nobody."""
        self._reports.discard()
        if self._session is not None:
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
        self._guard_spool(session.pulse)
        if failures > self._told_failures and session.paused_by is None:
            self._told_failures = failures
            self._guard_spool(lambda: session.gap("capture_error"))
        self._publish()

    def _go_on_record(self, session: Session) -> None:
        """Go on when the time off the record is over, unless the gate closed meanwhile."""
        self._guard_spool(session.log.off_record.end)
        if self._decide(self._folder).is_allowed:
            self._guard_spool(lambda: session.resume("off_record"))
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
                reasons=self._stopped or tuple(self._decide(None).reasons),
                may_send=self._decide(None).is_allowed and not (self._facts and self._facts.is_paused),
                terminal_variables=self._variables,
                junit_withheld=self._junit_withheld,
            )
        is_paused = session.paused_by is not None
        decision = self._decide(self._folder)
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
            terminal_variables=self._variables,
            junit_withheld=self._junit_withheld,
            off_record_until_ms=session.log.off_record.until_wall_ms if session.paused_by == "off_record" else None,
            forgettings=session.log.forgettings,
        )


def _known(session: Session, draft_id: str) -> Draft:
    draft = session.drafts.find(draft_id)
    if draft is None:
        raise NotFound("This draft was recorded or discarded already.", code="no_draft")
    return draft


def _is_below(path: Path, folder: Path) -> bool:
    try:
        return path.resolve().is_relative_to(folder)
    except (OSError, ValueError):
        return False


def _resolved(folders: list[str]) -> list[str]:
    """Return allowed folders as the session's is named: without links. What is no absolute path allows nothing."""
    paths = [Path(os.path.expanduser(folder)) for folder in folders]  # noqa: PTH111 -- it leaves unknown users alone
    return [path.resolve().as_posix() for path in paths if path.is_absolute() and "\0" not in str(path)]
