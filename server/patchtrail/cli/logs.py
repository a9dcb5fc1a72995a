"""Wire capture to delivery: traces are opened online, offline or locally, and their ends wake the courier."""

from __future__ import annotations

import contextlib
from pathlib import Path

from patchtrail.capture import Drafts, OpenedLog, SessionFacts, TraceLog
from patchtrail.contract.errors import CollectorUnavailable, InvalidInput, SpoolUnavailable, VerificationFailed
from patchtrail.contract.events import SessionEnd
from patchtrail.delivery import (
    Clock,
    Courier,
    Device,
    NewTrace,
    SpoolStore,
    TaskFacts,
    TraceSpool,
    open_local,
    open_offline,
    open_online,
)

__all__ = ["SpoolLogs"]

CLOSING_S = 15.0


class SpoolLogs:
    """The recorder's port to the spool."""

    def __init__(self, store: SpoolStore, device: Device | None, clock: Clock) -> None:
        self._store = store
        self._device = device
        self._clock = clock
        self.courier: Courier | None = None

    def open(self, facts: SessionFacts, root: Path, redact_key: bytes) -> OpenedLog:
        """Open a new trace; one that was left unfinished in the same folder ends as abandoned."""
        for left in self._store.resumable(str(root)):
            if left.next_seq == 0:
                # Its start was never written, so there is nothing to end, and nothing to deliver.
                self._store.discard(left)
            else:
                # A disk that refuses this one's end is no reason to refuse the next session.
                with contextlib.suppress(SpoolUnavailable):
                    _abandon(left)
        new = self._new_trace(facts)
        trace = self._store.create(new, str(root), redact_key)
        if self.courier is not None:
            self.courier.remember_token(new.trace_id, new.upload_token)
        return self._opened(trace, redact_key, facts.start_commit)

    def reopen(self, trace_id: str, root: Path) -> OpenedLog:  # noqa: ARG002 -- the port names the folder
        """Go on with a trace, telling first how long nothing was recorded.

        After a window's reload the sidecar before this one may still be closing: it is waited for.
        """
        trace = self._store.wait_for(trace_id, CLOSING_S)
        # What was recorded is settled before other events take the number that a draft announced.
        Drafts(trace)
        trace.is_in_use = True
        try:
            trace.resume()
        except SpoolUnavailable:
            trace.is_in_use = False
            raise
        request = trace.opening.request
        start_commit = "" if request is None else request.start_commit
        return self._opened(trace, trace.folder.redact_key.read_bytes(), start_commit)

    def ended(self, log: TraceLog) -> None:
        """Let the courier carry everything now."""
        self.stopped(log)
        if self.courier is not None:
            self.courier.wake()

    def stopped(self, log: TraceLog) -> None:
        """Know that nobody records a trace any more."""
        for trace in self._store.owned():
            if trace.trace_id == log.trace_id:
                trace.is_in_use = False

    def give_up(self, log: TraceLog) -> None:
        """Let another sidecar go on with a trace."""
        self.stopped(log)
        self._store.release(self._store.find(log.trace_id))

    def resumable(self) -> list[str]:
        """Return the ids of unfinished traces that are not being recorded."""
        left = [trace for trace in self._store.resumable() if trace.next_seq > 0]
        return [trace.trace_id for trace in left if not trace.is_in_use]

    def is_off_record(self) -> bool:
        """Return whether an unfinished trace is off the record: a window that was reloaded goes on with it."""
        return any(trace.off_record.left_ms() for trace in self._store.resumable())

    def undelivered(self) -> list[str]:
        """Return the ids of ended traces that are still on their way."""
        owned = self._store.owned()
        return [trace.trace_id for trace in owned if trace.is_ended and trace.opening.kind != "local"]

    def _opened(self, trace: TraceSpool, redact_key: bytes, start_commit: str) -> OpenedLog:
        trace.is_in_use = True
        participant_id = None if self._device is None else self._device.participant_id
        return OpenedLog(trace, trace.opening.kind, participant_id, redact_key, start_commit)

    def _new_trace(self, facts: SessionFacts) -> NewTrace:
        if self._device is None:
            return open_local()
        task = TaskFacts(
            task_id=facts.task_id,
            task_title=facts.task_title,
            repo_origin=facts.repo_origin,
            start_commit=facts.start_commit,
            consent=facts.consent,
        )
        now_ms = self._clock.wall_ms()
        try:
            return open_online(self._device, task, made_ms=now_ms)
        except (CollectorUnavailable, VerificationFailed):
            # A collector that is down or lies is no reason not to record: the trace starts offline.
            return open_offline(self._device, task, newest_receipt=self._store.newest_receipt(), made_ms=now_ms)


def _abandon(trace: TraceSpool) -> None:
    """End a trace that nobody went on with, drafts included."""
    drafts = Drafts(trace)
    for draft in drafts.all():
        with contextlib.suppress(InvalidInput):  # One that can never be recorded keeps nothing else from ending.
            drafts.record(draft, trace.append)
    # Nobody is there to be asked whether it may still be sent.
    trace.base.drop()
    trace.append(SessionEnd(reason="abandoned"))
