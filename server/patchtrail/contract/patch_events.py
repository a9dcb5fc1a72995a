"""What events tell of patches: one attempt at one, and what became of it; and attempt records as such events.

An attempt's record is unsigned and keeps its published decimals; its event is signed and holds integers alone. Prompt
and response stand in artifacts, and only under a consent that covers them; else their sizes and keyed hashes do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, JsonValue, ValidationError

from patchtrail.contract.artifact import ArtifactRef
from patchtrail.contract.attempt import (
    AttemptRecord,
    AttemptStatus,
    Complexity,
    FailureMode,
    FindingRecord,
    Strategy,
)
from patchtrail.contract.decimals import microusd_from_usd, usd_from_microusd
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.wire import Count, DiffText, Sha256, WireModel

__all__ = [
    "MAX_FINDINGS",
    "AttemptId",
    "AttemptedFinding",
    "OutcomeEvidence",
    "PatchAttempt",
    "PatchOutcome",
    "PatchOutcomeKind",
    "fields_of_record",
    "record_of_event",
]

MAX_FINDINGS = 50
AttemptId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,128}$", description="Id of one attempt.")]
PatchOutcomeKind = Literal["accepted", "rejected", "undone", "survived", "changed", "gone"]
OutcomeEvidence = Literal["client", "undo", "saves", "unknown"]
"""The client said so; the editor's own word of an undo; the recorder compared later saves; nobody knows."""


class AttemptedFinding(WireModel):
    """A finding as an event tells it; `file_path` is relative to its root, and `line` counts from 1."""

    tool: str
    rule_id: str
    file_path: str
    line: Count
    message: str
    root: str = ""


class PatchAttempt(WireModel):
    """One request to a model, or to the rules, for one finding or for several of one file."""

    attempt_id: AttemptId
    group_id: str = Field(description="Shared by all tries for one finding or batch.")
    findings: Annotated[list[AttemptedFinding], Field(max_length=MAX_FINDINGS)]
    findings_omitted: Count = Field(default=0, description="Too many, or in files that are left out.")
    strategy: Strategy
    retry_attempt: Annotated[int, Field(ge=1, le=2**53 - 1, description="From 1.")]
    status: AttemptStatus
    failure_mode: FailureMode | None
    model: str
    template_version: str
    tokens_used: Count
    latency_ms: Count
    cost_microusd: Count
    is_rechecked: bool = Field(description="The tool that reported the finding was run on the result.")
    hunks: Count
    least_certainty_milli: Count | None = Field(description="Of the hunk whose place was least sure.")
    rule_category: str
    finding_complexity: Complexity
    diff_unified: DiffText = Field(description="What the patch does, from redacted texts; empty when there is none.")
    diff_artifact: ArtifactRef | None
    prompt_artifact: ArtifactRef | None
    response_artifact: ArtifactRef | None
    prompt_size_bytes: Count
    response_size_bytes: Count
    prompt_hash: Sha256 | None = Field(
        default=None, description="HMAC-SHA-256 of the redacted prompt under the session's local key."
    )
    response_hash: Sha256 | None = None
    files_withheld: Count = Field(default=0, description="Files of the patch whose content is never recorded.")


class PatchOutcome(WireModel):
    """What became of a patch that was offered; `lines_*` say how much of it stood when that was looked at."""

    attempt_id: AttemptId
    outcome: PatchOutcomeKind
    file_paths: Annotated[list[str], Field(max_length=100)]
    after_ms: Count = Field(description="Since it was offered; of later survival, since it was accepted.")
    evidence: OutcomeEvidence
    lines_changed: Count | None = Field(default=None, description="Lines that the patch inserted and removed.")
    lines_standing: Count | None = None
    root: str = ""


def fields_of_record(record: AttemptRecord) -> dict[str, JsonValue]:
    """Return what a record and its event have in common, as the event tells it: redacted later, by whoever appends.

    Findings, diff, prompt and response are left to the recorder, which knows the session's roots and consent.
    """
    return {
        "attempt_id": record.attempt_id,
        "group_id": record.group_id,
        "strategy": record.strategy,
        "retry_attempt": record.retry_attempt,
        "status": record.status,
        "failure_mode": record.failure_mode,
        "model": record.model,
        "template_version": record.template_version,
        "tokens_used": record.tokens_used,
        "latency_ms": record.latency_ms,
        "cost_microusd": microusd_from_usd(record.cost_usd),
        "is_rechecked": record.is_rechecked,
        "hunks": len(record.hunks),
        "least_certainty_milli": min((hunk.certainty_milli for hunk in record.hunks), default=None),
        "rule_category": record.rule_category,
        "finding_complexity": record.finding_complexity,
    }


def record_of_event(
    event: PatchAttempt, *, trace_id: str, timestamp: str, texts: Mapping[str, str] | None = None
) -> AttemptRecord:
    """Return the published record of a recorded attempt; `texts` holds its artifacts' texts by SHA-256.

    What an event does not tell is left empty. Raises `InvalidInput` when it tells of no finding.
    """
    if not event.findings:
        raise InvalidInput(f"Attempt {event.attempt_id} tells of no finding.", code="bad_attempt")
    held = texts or {}

    def text_of(ref: ArtifactRef | None) -> str:
        return "" if ref is None else held.get(ref.sha256, "")

    first = event.findings[0]
    findings = [_finding(one) for one in event.findings]
    patch = event.diff_unified or text_of(event.diff_artifact)
    try:
        return AttemptRecord(
            attempt_id=event.attempt_id,
            trace_id=trace_id,
            timestamp=timestamp,
            finding=findings[0],
            findings=findings,
            prompt=text_of(event.prompt_artifact),
            llm_response=text_of(event.response_artifact),
            patch_generated=patch or None,
            validation_result=event.failure_mode is None,
            validation_errors=[] if event.failure_mode is None else [event.failure_mode],
            retry_attempt=event.retry_attempt,
            strategy=event.strategy,
            tokens_used=event.tokens_used,
            latency_ms=event.latency_ms,
            cost_usd=usd_from_microusd(event.cost_microusd),
            file_type=_file_type(first.file_path),
            finding_complexity=event.finding_complexity,
            rule_category=event.rule_category,
            rule_id=first.rule_id,
            file=first.file_path,
            line=first.line,
            status=event.status,
            failure_mode=event.failure_mode,
            model=event.model,
            template_version=event.template_version,
            is_rechecked=event.is_rechecked,
            group_id=event.group_id,
        )
    except ValidationError as error:
        raise InvalidInput(f"Attempt {event.attempt_id} makes no record: {error}", code="bad_attempt") from error


def _finding(told: AttemptedFinding) -> FindingRecord:
    return FindingRecord(
        tool=told.tool,
        rule_id=told.rule_id,
        message=told.message,
        file_path=told.file_path,
        line=told.line,
        character=0,
        end_line=told.line,
        end_character=0,
    )


def _file_type(path: str) -> str:
    name = path.rpartition("/")[2]
    return name.rpartition(".")[2] if "." in name.lstrip(".") else ""
