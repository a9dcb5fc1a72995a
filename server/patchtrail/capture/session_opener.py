"""Open the session of a recorder: a new trace with its start, or one that an earlier sidecar left."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from patchtrail import __version__
from patchtrail.capture.edits import EditRecorder
from patchtrail.capture.known_secrets import KnownSecrets
from patchtrail.capture.log import OpenedLog, SessionFacts, TraceLogs
from patchtrail.capture.machine import Machine
from patchtrail.capture.roots import Roots
from patchtrail.capture.session import Session
from patchtrail.capture.snapshots import Snapshots
from patchtrail.capture.state import ClientName
from patchtrail.capture.test_reports import TestReports
from patchtrail.contract.events import ConsentRef, SessionStart
from patchtrail.contract.lsp import StartSession
from patchtrail.contract.settings import Settings

__all__ = ["SessionOpener"]

MAX_ID_CHARS, MAX_TITLE_CHARS, MAX_ORIGIN_CHARS = 200, 1_000, 2_000
"""What the collector takes; redaction can lengthen a text."""


@dataclass(frozen=True)
class SessionOpener:
    """What a session is opened with; `further` are the workspace's other folders that may be recorded."""

    logs: TraceLogs
    machine: Machine
    client: ClientName
    settings: Settings
    consent: ConsentRef | None
    has_model_texts: bool
    folder: Path
    further: list[Path]
    roots: Roots
    known: KnownSecrets
    snapshots: Snapshots
    reports: TestReports
    is_saving: Callable[[Path], bool]

    def open(self, request: StartSession) -> Session:
        """Open a trace, and record its start in the very words that the opening signed."""
        redact_key = secrets.token_bytes(32)
        for one in self.further:
            self.known.join(one)
        redactor = self.known.redactor(redact_key, self.settings.redaction_denied_paths)
        repository = self.roots.first.repository
        facts = SessionFacts(
            task_id=redactor.text(request.task_id)[:MAX_ID_CHARS],
            task_title=redactor.text(request.task_title)[:MAX_TITLE_CHARS],
            repo_origin=redactor.text(repository.origin)[:MAX_ORIGIN_CHARS],
            start_commit=repository.start_commit,
            consent=self.consent,
        )
        opened = self.logs.open(facts, self.folder, redact_key)
        session = self._session_on(opened)
        session.follow_roots(self.further, is_declared=True)
        # Not redacted again: these are the very words that the opening signed.
        start = self._start(facts, opened, redactor.text(request.task_description), session)
        session.entries.remember(opened.log.append(start), opened.log.wall_ms(), start)
        return session

    def reopen(self, trace_id: str) -> Session:
        """Go on with a trace; what changed meanwhile is unknown, so that each file brings its base along."""
        session = self._session_on(self.logs.reopen(trace_id, self.folder))
        session.follow_roots(self.further)
        self.snapshots.forget_recorded()
        return session

    def _session_on(self, opened: OpenedLog) -> Session:
        redactor = self.known.redactor(opened.redact_key, self.settings.redaction_denied_paths)
        edits = EditRecorder(opened.log, redactor, self.roots, self.snapshots, opened.redact_key)
        session = Session(
            opened.log,
            redactor,
            self.roots,
            edits,
            redact_key=opened.redact_key,
            secrets=self.known,
            folder=self.folder,
            reports=self.reports,
            is_saving=self.is_saving,
            has_model_texts=self.has_model_texts,
            start_commit=opened.start_commit,
        )
        session.files.patterns = tuple(self.settings.files_exclude)
        return session

    def _start(self, facts: SessionFacts, opened: OpenedLog, description: str, session: Session) -> SessionStart:
        return SessionStart(
            kind=opened.kind,
            participant_id=opened.participant_id,
            task_id=facts.task_id,
            task_title=facts.task_title,
            task_description=description,
            repo_origin=facts.repo_origin,
            start_commit=facts.start_commit,
            consent=facts.consent,
            os=self.machine.os_name,
            python_version=self.machine.python_version,
            sidecar_version=__version__,
            client_name=self.client.name,
            client_version=self.client.version,
            roots=self.roots.told(session.redactor.text),
        )
