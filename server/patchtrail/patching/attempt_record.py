"""One try, as it is kept: what was asked, what came, what the checks said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

from patchtrail.contract.attempt import AttemptRecord, AttemptStatus, ContextPart, Strategy
from patchtrail.llm import Message, ModelAnswer
from patchtrail.patching.checks import Failure
from patchtrail.patching.classify import category_of, complexity_of
from patchtrail.patching.finding import Finding
from patchtrail.patching.patch import Patch
from patchtrail.patching.prompt import TEMPLATE_VERSION

__all__ = ["Told", "record_of"]


@dataclass(frozen=True)
class Told:
    """What a try was about, and what it was told of the one before."""

    findings: tuple[Finding, ...]
    strategy: Strategy
    number: int
    group_id: str
    retry_told: str | None


def record_of(
    told: Told,
    *,
    attempt_id: str,
    trace_id: str | None,
    started_ms: int,
    ended_ms: int,
    prompt: Sequence[Message],
    parts: Sequence[ContextPart],
    pattern_ids: Sequence[str],
    answer: ModelAnswer | None,
    door: str,
    patch: Patch | None,
    failures: Sequence[Failure],
    is_rechecked: bool,
    is_offered: bool,
) -> AttemptRecord:
    """Return the record of one try; a patch that is not offered is kept in it all the same."""
    first = told.findings[0]
    return AttemptRecord(
        attempt_id=attempt_id,
        trace_id=trace_id,
        timestamp=datetime.fromtimestamp(started_ms / 1000, UTC).isoformat(timespec="milliseconds"),
        finding=first.record(),
        findings=[one.record() for one in told.findings],
        prompt="\n\n".join(f"[{one.role}]\n{one.content}" for one in prompt),
        llm_response="" if answer is None else answer.text,
        patch_generated=None if patch is None else patch.diff_unified,
        validation_result=patch is not None and not failures,
        validation_errors=[f"{one.mode}: {one.message}" for one in failures],
        retry_attempt=told.number,
        strategy=told.strategy,
        tokens_used=0 if answer is None else answer.input_tokens + answer.output_tokens,
        latency_ms=max(0, ended_ms - started_ms),
        cost_usd=0.0 if answer is None else answer.cost_microusd / 1_000_000,
        file_type=PurePosixPath(first.file_path).suffix.lstrip("."),
        finding_complexity=complexity_of(first),
        rule_category=category_of(first),
        rule_id=first.rule_id,
        file=first.file_path,
        line=first.line,
        status="offered" if is_offered else _status(failures),
        failure_mode=failures[0].mode if failures else None,
        model=door if answer is None else answer.model,
        template_version=TEMPLATE_VERSION if prompt else "",
        context_parts=list(parts),
        retry_told=told.retry_told,
        hunks=[] if patch is None else [one.record() for one in patch.hunks],
        is_rechecked=is_rechecked,
        group_id=told.group_id,
        pattern_ids=list(pattern_ids),
    )


def _status(failures: Sequence[Failure]) -> AttemptStatus:
    if failures and failures[0].mode == "cancelled":
        return "cancelled"
    return "refused" if failures and failures[0].mode in {"spending_cap", "outside_workspace"} else "failed"
