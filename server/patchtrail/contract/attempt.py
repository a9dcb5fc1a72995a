"""Attempt records: one request to a model for one finding or a batch, with everything that came of it.

Source of the shape: the published format of patch attempts. It is unsigned, so it keeps its decimals; a session's
signed event of the same attempt is `PatchAttempt`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from patchtrail.contract.wire import Count, TraceId, WireModel

__all__ = [
    "AttemptRecord",
    "AttemptStatus",
    "Complexity",
    "ContextPart",
    "FailureMode",
    "FindingRecord",
    "HunkRecord",
    "LocatedBy",
    "Strategy",
]

Strategy = Literal["batch", "single"]
Complexity = Literal["simple", "moderate", "complex"]
AttemptStatus = Literal["offered", "accepted", "rejected", "undone", "refused", "failed", "cancelled"]
FailureMode = Literal[
    "empty_answer",
    "no_change_in_answer",
    "unreadable_answer",
    "cut_off",
    "too_large",
    "outside_workspace",
    "not_located",
    "ambiguous",
    "no_op",
    "syntax_error",
    "finding_remains",
    "new_findings",
    "tests_failed",
    "check_failed",
    "stale_document",
    "model_unavailable",
    "timeout",
    "spending_cap",
    "cancelled",
]
LocatedBy = Literal[
    "exact",
    "near_line",
    "whitespace",
    "indentation",
    "typography",
    "skipped_lines",
    "elision",
    "approximate",
    "fix_as_context",
    "whole_file",
    "whole_definition",
    "new_file",
]


class FindingRecord(WireModel):
    """The finding as it stood when it was asked about; lines count from 1, characters are UTF-16 units from 0."""

    tool: str
    rule_id: str
    message: str
    file_path: str
    line: Count
    character: Count
    end_line: Count
    end_character: Count
    severity: Literal["error", "warning", "information", "hint"] = "warning"
    test_id: str | None = None


class ContextPart(WireModel):
    """One part of a prompt, and what it cost."""

    name: str
    tokens: Count


class HunkRecord(WireModel):
    """How one hunk of an answer was located, and how sure that was, in thousandths."""

    file_path: str
    line: Count
    old_lines: Count
    new_lines: Count
    located_by: LocatedBy
    certainty_milli: Count


class AttemptRecord(WireModel):
    """One try. `finding` is the first of a batch; `findings` holds all of them."""

    attempt_id: str
    trace_id: TraceId | None = Field(description="The recorded session, where one was running.")
    timestamp: str = Field(description="ISO 8601, UTC, when the request was made.")
    finding: FindingRecord
    findings: list[FindingRecord] = Field(default=[])
    prompt: str
    llm_response: str
    patch_generated: str | None
    validation_result: bool
    validation_errors: list[str]
    retry_attempt: Annotated[int, Field(ge=1, le=2**53 - 1, description="From 1.")]
    strategy: Strategy
    tokens_used: Count
    latency_ms: Count
    cost_usd: float = Field(ge=0)
    file_type: str
    finding_complexity: Complexity
    rule_category: str
    rule_id: str
    file: str
    line: Count
    status: AttemptStatus
    failure_mode: FailureMode | None = None
    human_labeled: bool = False
    model: str = ""
    template_version: str = ""
    context_parts: list[ContextPart] = Field(default=[])
    retry_told: str | None = Field(default=None, description="The error that this retry was told.")
    hunks: list[HunkRecord] = Field(default=[])
    is_rechecked: bool = Field(default=False, description="The tool that reported the finding was run on the result.")
    group_id: str = Field(default="", description="Shared by all tries for one finding or batch.")
    pattern_ids: list[str] = Field(
        default=[], description="Learned patterns that the prompt showed; what its budget left out is not among them."
    )
