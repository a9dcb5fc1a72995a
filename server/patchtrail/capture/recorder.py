"""The recorder of one sidecar: it keeps the gate, and the life of its session from start to end.

Public methods may be called from any thread. What they do happens on the worker's thread, in order, so that an
answer to a report also means that every save before it is recorded.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from patchtrail import __version__
from patchtrail.capture.edits import EditRecorder
from patchtrail.capture.log import OpenedLog, SessionFacts, TraceLogs
from patchtrail.capture.machine import Machine, dotenv_files, is_dotenv
from patchtrail.capture.repository import Repository
from patchtrail.capture.session import Pauser, Session
from patchtrail.capture.snapshots import Snapshots, read_text
from patchtrail.capture.worker import Worker
from patchtrail.contract.errors import InvalidInput, NotAllowed, SpoolUnavailable, StateConflict
from patchtrail.contract.events import ConsentRef, Gap, SessionStart
from patchtrail.contract.lsp import (
    CommandReport,
    Facts,
    GateDecision,
    NoteAdd,
    Recorded,
    StartSession,
    TestsPrepared,
    TestsReport,
)
from patchtrail.contract.settings import Settings
from patchtrail.redaction import Redactor
from patchtrail.study import current_consent, decide

__all__ = ["ClientName", "Recorder", "RecorderState"]

Result = TypeVar("Result")
MAX_ID_CHARS, MAX_TITLE_CHARS, MAX_ORIGIN_CHARS = 200, 1_000, 2_000
"""What the collector takes; redaction can lengthen a text."""


@dataclass(frozen=True)
class ClientName:
    """The editor at the other end, as it named itself."""

    name: str = "unknown"
    version: str = ""


@dataclass(frozen=True)
class RecorderState:
    """What the recorder knows of the session, as a value that any thread may read."""

    state: str
    reasons: tuple[str, ...]
    trace_id: str | None
    next_seq: int
    may_send: bool


class Recorder:
    """Records at most one session at a time."""

    def __init__(self, logs: TraceLogs, machine: Machine, on_change: Callable[[], None]) -> None:
        self._logs = logs
        self._machine = machine
        self._on_change = on_change
        self._consent: ConsentRef = current_consent()
        self._settings = Settings()
        self._facts: Facts | None = None
        self._folder: Path | None = None
        self._session: Session | None = None
        self._stopped: tuple[str, ...] = ()
        self._dotenv_paths: set[Path] = set()
        self._dotenv_stamps: dict[Path, int] = {}
        self._snapshots = Snapshots()
        self._open_documents: set[Path] = set()
        self._worker = Worker(self._pulse)
        self._told_failures = 0
        self.client = ClientName()
        self.state = RecorderState("idle", (), None, 0, may_send=False)

    def run(self) -> None:
        """Start the worker."""
        self._worker.start()

    @property
    def failures(self) -> int:
        """How many captures failed and were left out."""
        return self._worker.failures

    @property
    def hold_seconds(self) -> int:
        """How long the user wants sealed chunks held."""
        return self._settings.upload_hold_seconds

    def configure(self, settings: Settings) -> None:
        """Take the user's settings; they hold from the next job on."""
        self._worker.put(lambda: self._configure(settings))

    def report_facts(self, facts: Facts) -> Future[GateDecision]:
        """Take the client's facts; when the gate closes, capturing and sending stop at once."""
        return self._worker.submit(lambda: self._take_facts(facts))

    def opened(self, path: Path, text: str) -> None:
        """Note a document's text as it was opened."""
        self._worker.put(lambda: self._opened(path, text))

    def saved(self, path: Path, text: str) -> None:
        """Record a save; returns at once."""
        self._worker.put(lambda: self._saved(path, text))

    def closed(self, path: Path) -> None:
        """Note that a document was closed."""
        self._worker.put(lambda: self._open_documents.discard(path))

    def start(self, request: StartSession, folder: Path) -> Future[None]:
        """Start a session, or go on with one that a killed sidecar left."""
        return self._worker.submit(lambda: self._start(request, folder))

    def pause(self) -> Future[None]:
        """Pause on the participant's word."""
        return self._worker.submit(lambda: self._pause("participant", []))

    def resume(self) -> Future[None]:
        """Resume on the participant's word."""
        return self._worker.submit(self._resume)

    def end(self) -> Future[None]:
        """End the session; its chunks are uploaded at once."""
        return self._worker.submit(self._end)

    def command(self, report: CommandReport) -> Future[Recorded]:
        """Record a command."""
        return self._worker.submit(lambda: self._recorded(lambda session: session.command(report)))

    def prepare_tests(self) -> Future[TestsPrepared]:
        """Make a private place for a JUnit report."""
        return self._worker.submit(self._prepare_tests)

    def tests(self, report: TestsReport) -> Future[Recorded]:
        """Record a test run."""
        return self._worker.submit(lambda: self._recorded(lambda session: session.tests(report)))

    def note(self, note: NoteAdd) -> Future[Recorded]:
        """Record a note."""
        return self._worker.submit(lambda: self._recorded(lambda session: session.note(note)))

    def settle(self) -> Future[None]:
        """Return when everything asked before is done."""
        return self._worker.submit(lambda: None)

    def close(self) -> None:
        """Finish what is queued; an unfinished session can be gone on with by the next sidecar."""
        self._worker.stop()
        if self._session is not None:
            self._session.close()

    def _configure(self, settings: Settings) -> None:
        self._settings = settings
        self._keep_gate()

    def _take_facts(self, facts: Facts) -> GateDecision:
        self._facts = facts
        return self._keep_gate()

    def _decide(self, folder: Path | None) -> GateDecision:
        return decide(
            self._facts,
            folder=None if folder is None else folder.as_posix(),
            allowed_folders=[Path(allowed).expanduser().as_posix() for allowed in self._settings.folders_allowed],
            consent=self._consent,
        )

    def _keep_gate(self) -> GateDecision:
        """Pause when the gate closed, go on when it opened again; a participant's own pause stays."""
        decision = self._decide(self._folder)
        session = self._session
        if session is not None and not decision.is_allowed and session.paused_by is None:
            self._pause("gate", decision.reasons)
        elif session is not None and decision.is_allowed and session.paused_by == "gate":
            self._guard_spool(lambda: session.resume("gate"))
        self._publish()
        return decision

    def _opened(self, path: Path, text: str) -> None:
        self._open_documents.add(path)
        self._snapshots.saved[path] = text

    def _saved(self, path: Path, text: str) -> None:
        before = self._snapshots.saved.get(path)
        self._snapshots.saved[path] = text
        session = self._session
        if session is None or session.paused_by is not None or not self._is_inside(path, session):
            return
        if is_dotenv(path.name):
            self._dotenv_paths.add(path)
        self._follow_dotenv(session)
        edit = session.edits.edit_of(path, text, before=before)
        if edit is not None:
            try:
                self._guard_spool(lambda: session.append(edit))
            except InvalidInput:
                # What was not recorded cannot be replayed: the next save brings its base along.
                self._snapshots.forget_recorded()
                raise
        self._publish()

    def _follow_dotenv(self, session: Session) -> None:
        """Learn the values of `.env` files anew when one of them changed, by whatever hand."""
        stamps = self._stamps(session.repository.root)
        if stamps != self._dotenv_stamps:
            self._dotenv_stamps = stamps
            self._guard_spool(
                lambda: session.rewrite_rules(self._redactor(session.redact_key, session.repository.root))
            )

    def _is_inside(self, path: Path, session: Session) -> bool:
        return (
            self._folder is not None
            and path.is_relative_to(self._folder)
            and path.is_relative_to(session.repository.root)
        )

    def _start(self, request: StartSession, folder: Path) -> None:
        if self._session is not None:
            raise StateConflict(f"A session is being recorded already: {self._session.log.trace_id}.")
        decision = self._decide(folder)
        if not decision.is_allowed:
            raise NotAllowed("Recording is not allowed.", detail={"reasons": decision.reasons})
        self._folder, self._stopped = folder, ()
        repository = Repository(folder)
        self._snapshots = Snapshots(saved={path: text for path in self._open_documents if (text := read_text(path))})
        if request.trace_id is None:
            session = self._new_session(request, folder, repository)
        else:
            opened = self._logs.reopen(request.trace_id, folder)
            session = self._session_on(opened, repository)
            self._snapshots.forget_recorded()
        session.append(session.redactor.facts())
        self._session = session
        self._publish()

    def _new_session(self, request: StartSession, folder: Path, repository: Repository) -> Session:
        """Open a trace, and record its start in the very words that the opening signed."""
        redact_key = secrets.token_bytes(32)
        redactor = self._redactor(redact_key, repository.root)
        facts = SessionFacts(
            task_id=redactor.text(request.task_id)[:MAX_ID_CHARS],
            task_title=redactor.text(request.task_title)[:MAX_TITLE_CHARS],
            repo_origin=redactor.text(repository.origin)[:MAX_ORIGIN_CHARS],
            start_commit=repository.start_commit,
            consent=self._facts.consent if self._facts else None,
        )
        opened = self._logs.open(facts, folder, redact_key)
        session = self._session_on(opened, repository)
        description = redactor.text(request.task_description)
        opened.log.append(self._session_start(facts, opened, description))
        return session

    def _session_on(self, opened: OpenedLog, repository: Repository) -> Session:
        self._dotenv_paths = {path for one in self._sources(repository.root) for path in dotenv_files(one)}
        self._dotenv_stamps = self._stamps(repository.root)
        redactor = self._redactor(opened.redact_key, repository.root)
        edits = EditRecorder(opened.log, redactor, repository, self._snapshots)
        return Session(opened.log, redactor, repository, edits, opened.redact_key)

    def _redactor(self, key: bytes, root: Path) -> Redactor:
        known = [literal for folder in self._sources(root) for literal in self._machine.literals(folder)]
        return Redactor(key, known, tuple(self._settings.redaction_denied_paths))

    def _sources(self, root: Path) -> set[Path]:
        """Return where `.env` files are looked for: the repository, and the session's folder deep inside it."""
        return {root} if self._folder is None else {root, self._folder}

    def _stamps(self, root: Path) -> dict[Path, int]:
        """Return when each known `.env` file was changed last.

        Every report asks, so no tree is walked here: that is done when the session starts.
        """
        new = {path for folder in self._sources(root) for path in folder.glob(".env*")}
        return {path: path.stat().st_mtime_ns for path in self._dotenv_paths | new if path.is_file()}

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

    def _pause(self, by: Pauser, gate_reasons: list[str]) -> None:
        session = self._running()
        if session.paused_by is not None:
            raise StateConflict(f"The session is paused already, by {session.paused_by}.")
        self._guard_spool(lambda: session.pause(by, gate_reasons))
        self._publish()

    def _resume(self) -> None:
        session = self._running()
        if session.paused_by is None:
            raise StateConflict("The session is not paused.")
        decision = self._decide(self._folder)
        if not decision.is_allowed:
            # The participant's pause is over; when the gate opens again, recording goes on by itself.
            session.paused_by = "gate"
            self._publish()
            raise NotAllowed("Recording is not allowed.", detail={"reasons": decision.reasons})
        self._guard_spool(lambda: session.resume("participant"))
        self._publish()

    def _end(self) -> None:
        session = self._running()
        self._guard_spool(session.end)
        self._session, self._folder = None, None
        self._logs.ended(session.log)
        self._publish()

    def _prepare_tests(self) -> TestsPrepared:
        return TestsPrepared(junit_path=str(self._running().prepare_tests()))

    def _running(self) -> Session:
        if self._session is None:
            raise StateConflict("No session is being recorded.", code="no_session")
        return self._session

    def _recorded(self, record: Callable[[Session], int]) -> Recorded:
        """Record a report, or say why it is not recorded: neither is an error of the client's."""
        session = self._session
        if session is None:
            return Recorded(is_recorded=False, seq=None, reasons=["No session is being recorded.", *self._stopped])
        if session.paused_by is not None:
            return Recorded(is_recorded=False, seq=None, reasons=[f"The session is paused by {session.paused_by}."])
        self._follow_dotenv(session)
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
            self._session = None
            self._publish()
            raise

    def _pulse(self) -> None:
        session = self._session
        if session is None:
            return
        failures = self._worker.failures
        self._guard_spool(session.pulse)
        if failures > self._told_failures and session.paused_by is None:
            self._told_failures = failures
            now_ms = session.log.mono_ms()
            self._guard_spool(lambda: session.append(Gap(from_ms=now_ms, to_ms=now_ms, reason="capture_error")))

    def _publish(self) -> None:
        session = self._session
        if session is None:
            name = "stopped" if self._stopped else "idle"
            state = RecorderState(name, self._stopped, None, 0, self._decide(None).is_allowed)
        else:
            is_paused = session.paused_by is not None
            decision = self._decide(self._folder)
            reasons = (
                *decision.reasons,
                *(["Paused by the participant."] if session.paused_by == "participant" else []),
            )
            name = "paused" if is_paused else "recording"
            may_send = decision.is_allowed and not is_paused
            state = RecorderState(name, reasons, session.log.trace_id, session.log.next_seq, may_send)
        if state != self.state:
            self.state = state
            self._on_change()
