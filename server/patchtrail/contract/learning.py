"""Metrics and patterns: what went wrong, how often, and what was learned of it.

Source of the names: the published metrics and pattern files. They are unsigned, so they keep their decimals. What was
published has its published name; the rest stands beside it and has a default.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from patchtrail.contract.wire import Count, Millis, Sha256, WireModel

__all__ = [
    "LIBRARY_NAME",
    "BugEntry",
    "DeploymentEntry",
    "Example",
    "GateDecisionRecord",
    "GenerationEntry",
    "LearningSeverity",
    "MetricsDocument",
    "Pattern",
    "PatternFile",
    "PatternRevision",
    "PatternRevisions",
    "PatternState",
    "PerformanceEntry",
    "Provenance",
    "ReviewEntry",
    "TestFailureEntry",
    "UseCounts",
]

LearningSeverity = Literal["low", "medium", "high", "critical"]
PatternState = Literal["draft", "shadow", "canary", "active", "probation", "archived", "quarantined"]
LIBRARY_NAME = r"^[a-z0-9][a-z0-9_-]{0,63}$"
"""What a shared library may be called: it stands in addresses and in names of files."""
Timestamp = str
"""ISO 8601, as published: `2024-01-04T12:00:00`; without an offset it is UTC."""
Traces = Annotated[list[str], Field(description="The sessions in which it happened, where it was recorded.")]
FixedCode = Annotated[str | None, Field(description="The same lines after they were fixed, where that is known.")]
RuleId = Annotated[str | None, Field(description="The rule of the tool that reported it, where one did.")]
Earlier = Annotated[list[Timestamp], Field(description="When it happened before `timestamp`, the newest last.")]


class BugEntry(WireModel):
    """A bug that follows a pattern; the same bug again raises `count`."""

    pattern: str
    error: str
    code: str
    file_path: str
    line: Count
    stack_trace: str | None = None
    timestamp: Timestamp
    count: Count = 1
    rule_id: RuleId = None
    earlier: Earlier = Field(default=[])
    traces: Traces = Field(default=[])
    fixed_code: FixedCode = None


class TestFailureEntry(WireModel):
    """A test that failed, and the pattern that its code violated."""

    test_name: str
    failure_reason: str
    pattern_violated: str | None = None
    code_snippet: str | None = None
    timestamp: Timestamp
    count: Count = 1
    earlier: Earlier = Field(default=[])
    traces: Traces = Field(default=[])
    fixed_code: FixedCode = None


class ReviewEntry(WireModel):
    """What a review found."""

    issue_type: str
    pattern: str
    severity: LearningSeverity
    file_path: str
    line: Count
    suggestion: str | None = None
    timestamp: Timestamp
    count: Count = 1
    rule_id: RuleId = None
    earlier: Earlier = Field(default=[])


class PerformanceEntry(WireModel):
    """A measured figure, with whatever describes it."""

    metric_type: str
    details: dict[str, JsonValue] = Field(default={})
    timestamp: Timestamp
    count: Count = 1
    earlier: Earlier = Field(default=[])


class DeploymentEntry(WireModel):
    """Something that broke when it was deployed."""

    issue_type: str
    pattern: str
    environment: str = ""
    details: dict[str, JsonValue] = Field(default={})
    timestamp: Timestamp
    count: Count = 1
    earlier: Earlier = Field(default=[])


class GenerationEntry(WireModel):
    """Code that was generated, and the patterns that were applied to it."""

    prompt: str
    patterns_applied: list[str] = Field(default=[])
    confidence: float = 0.0
    success: bool
    code_length: Count = 0
    metadata: dict[str, JsonValue] = Field(default={})
    timestamp: Timestamp
    count: Count = 1


class MetricsDocument(WireModel):
    """A metrics file."""

    bugs: list[BugEntry] = Field(default=[])
    test_failures: list[TestFailureEntry] = Field(default=[])
    code_reviews: list[ReviewEntry] = Field(default=[])
    performance_metrics: list[PerformanceEntry] = Field(default=[])
    deployment_issues: list[DeploymentEntry] = Field(default=[])
    code_generation: list[GenerationEntry] = Field(default=[])


class Example(WireModel):
    """A fixture of a pattern: code in which it must be found, or must not."""

    code: str
    message: str = Field(default="", description="A finding's message or a failure's, where one belongs to it.")
    file_path: str = ""


class Provenance(WireModel):
    """What taught a pattern."""

    traces: list[str] = Field(default=[])
    attempts: list[str] = Field(default=[])
    source: str = Field(default="", description="traces, ci, review, ai_patterns_md, plan_file or by_hand.")


class GateDecisionRecord(WireModel):
    """One arrow of a pattern's life: why it went from one state to another, with the figures that decided."""

    decided_at: Timestamp
    before: PatternState
    after: PatternState
    reason: str
    figures: dict[str, JsonValue] = Field(default={})
    decided_by: Literal["gate", "person"] = "gate"


class UseCounts(WireModel):
    """How often one working copy used a pattern since it became active, and how often that helped or did harm."""

    retrieved: Count = 0
    helpful: Count = 0
    harmful: Count = 0


class Pattern(WireModel):
    """A reusable lesson."""

    pattern_id: str
    name: str
    description: str
    bad_example: str
    good_example: str
    test_coverage: str
    occurrence_frequency: Count
    last_occurrence: Timestamp | None
    severity: LearningSeverity
    effectiveness_score: float = Field(ge=0, le=1)
    state: PatternState = "draft"
    approved_at: Timestamp | None = Field(
        default=None, description="When a person, or a setting, let the gate try it; nothing: it waits."
    )
    scope: str = Field(default="", description="Repository, language or path it holds for; empty: everywhere.")
    rule_ids: list[str] = Field(default=[], description="Rules of tools, and exception types, that it answers.")
    exceptions: list[str] = Field(default=[], description="Where it does not hold, in words.")
    provenance: Provenance = Provenance()
    positive: list[Example] = Field(default=[])
    negative: list[Example] = Field(default=[])
    helpful: Count = 0
    harmful: Count = 0
    retrieved: Count = 0
    uses: dict[str, UseCounts] = Field(
        default={}, description="The counts above by the working copy that told them; each replaces its own."
    )
    last_used: Timestamp | None = Field(default=None, description="When a prompt showed it last.")
    decisions: list[GateDecisionRecord] = Field(default=[])


class PatternFile(WireModel):
    """`patterns.json`."""

    version: Literal[1] = 1
    patterns: list[Pattern]


class PatternRevision(WireModel):
    """One accepted version of a library that is shared through a collector; revisions count from 1."""

    library: str = Field(pattern=LIBRARY_NAME)
    revision: Count
    made_ms: Millis
    written_by: str = Field(description="Whose token it came with: `server`, the only one that writes.")
    sha256: Sha256 = Field(description="Digest of the version's bytes, which is its ETag, too.")
    patterns: Count
    size_bytes: Count


class PatternRevisions(WireModel):
    """Versions, the newest first: of one library, or the newest of each."""

    revisions: list[PatternRevision]
