"""Turn verified events into the published trace document v1.0."""

from __future__ import annotations

from collections.abc import Sequence

from patchtrail.contract.collection import Assurance
from patchtrail.contract.decimals import seconds_from_millis
from patchtrail.contract.document import (
    DocumentArtifact,
    DocumentEnvironment,
    DocumentEvent,
    DocumentIntegrity,
    DocumentMetrics,
    DocumentRepo,
    DocumentSession,
    DocumentTask,
    TraceDocument,
)
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.event_lines import Event, PatchOutcomeEvent, RationaleNoteEvent, SessionStartEvent
from patchtrail.contract.events import SessionStart
from patchtrail.contract.evidence import Opening
from patchtrail.contract.qa import QaResults
from patchtrail.integrity.verify import VerifiedEvent, artifact_refs
from patchtrail.trace.episodes import episodes_of
from patchtrail.trace.ledger import coverage_of_events

__all__ = ["document_of"]

NOT_YET = QaResults(validation=None, judge=None)


def document_of(
    trace_id: str,
    events: Sequence[VerifiedEvent],
    received_ms: Sequence[int | None],
    assurance: Assurance,
    *,
    forgotten: Sequence[int] = (),
    opening: Opening | None = None,
    qa: QaResults = NOT_YET,
) -> TraceDocument:
    """Return the document of a trace; `received_ms` holds, per event, when the collector had it.

    Of a trace whose first chunk is `forgotten`, the start is what the device signed in its `opening`.
    Raises `InvalidInput` when the trace holds no `session_start` yet.
    """
    start = events[0].event if events else None
    facts = start.data if isinstance(start, SessionStartEvent) else None
    if facts is None and opening is not None and 0 in forgotten:
        facts = _facts_of(opening)
    if facts is None:
        raise InvalidInput("The trace has no session_start yet, so there is nothing to show.", code="empty_trace")
    return TraceDocument(
        trace_version="1.0",
        trace_id=trace_id,
        session=DocumentSession(participant_id=facts.participant_id, consent=facts.consent),
        task=DocumentTask(id=facts.task_id, title=facts.task_title, description=facts.task_description),
        repo=DocumentRepo(origin=facts.repo_origin, start_commit=facts.start_commit),
        environment=DocumentEnvironment(os=facts.os, python_version=facts.python_version),
        events=[_event(held.event, at) for held, at in zip(events, received_ms, strict=True)],
        artifacts=_artifacts(trace_id, events),
        metrics=_metrics([held.event for held in events]),
        qa=qa,
        integrity=DocumentIntegrity(
            event_hash_chain=[held.hash for held in events], assurance=assurance, forgotten_chunks=list(forgotten)
        ),
        episodes=episodes_of(held.event for held in events),
        coverage=coverage_of_events([held.event for held in events]),
    )


def _facts_of(opening: Opening) -> SessionStart:
    return SessionStart(
        kind="offline_open" if opening.kind == "offline_open" else "online",
        participant_id=opening.participant_id,
        task_id=opening.task_id,
        task_title=opening.task_title,
        task_description="",
        repo_origin=opening.repo_origin,
        start_commit=opening.start_commit,
        consent=opening.consent,
        os="",
        python_version="",
        sidecar_version="",
        client_name="",
        client_version="",
    )


def _event(event: Event, received_ms: int | None) -> DocumentEvent:
    fields = event.data.model_dump()
    if isinstance(event, RationaleNoteEvent):
        # The published note has one field per kind; ours stand beside it.
        fields[event.data.kind] = event.data.text
    return DocumentEvent(
        id=f"evt-{event.seq:06d}",
        seq=event.seq,
        ts_client_s=seconds_from_millis(event.ts_ms),
        ts_server_s=None if received_ms is None else seconds_from_millis(received_ms),
        type=event.type,
        **fields,
    )


def _artifacts(trace_id: str, events: Sequence[VerifiedEvent]) -> dict[str, DocumentArtifact]:
    return {
        ref.sha256: DocumentArtifact.of(ref, f"/v1/traces/{trace_id}/artifacts/{ref.sha256}")
        for held in events
        for ref in artifact_refs(held.event)
    }


def _metrics(events: Sequence[Event]) -> DocumentMetrics:
    def count(kind: str) -> int:
        return sum(event.type == kind for event in events)

    return DocumentMetrics(
        duration_s=seconds_from_millis(events[-1].mono_ms - events[0].mono_ms if events else 0),
        num_events=len(events),
        num_file_edits=count("file_edit"),
        num_commands=count("cmd_run"),
        num_test_runs=count("test_run"),
        num_commits=count("commit"),
        num_notes=count("rationale_note"),
        num_patch_attempts=count("patch_attempt"),
        num_patches_accepted=_accepted(events),
    )


def _accepted(events: Sequence[Event]) -> int:
    told = [event.data for event in events if isinstance(event, PatchOutcomeEvent)]
    return len({one.attempt_id for one in told if one.outcome == "accepted"})
