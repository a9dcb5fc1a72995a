"""One try at a group: a change is located and checked, and whatever came of it is recorded at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from patchtrail.contract.agent import AgentConfig
from patchtrail.contract.attempt import AttemptRecord, FailureMode, Strategy
from patchtrail.contract.errors import ModelUnavailable
from patchtrail.llm import Cancellation, Model, ModelAnswer
from patchtrail.patching.answer import Focus, patch_from_answer
from patchtrail.patching.attempt_record import Told, record_of
from patchtrail.patching.checks import Checks, Failure, Result
from patchtrail.patching.conversation import Conversation
from patchtrail.patching.finding import Finding
from patchtrail.patching.overlay import Overlay
from patchtrail.patching.patch import Patch, Refusal
from patchtrail.patching.ports import AttemptLog, PatternLookup
from patchtrail.patching.rule_door import RuleDoor
from patchtrail.patching.scope import refusal_of

__all__ = ["Group", "Means", "Tried", "Try"]

MODES: dict[str, FailureMode] = {
    "cancelled": "cancelled",
    "spending_cap": "spending_cap",
    "model_timeout": "timeout",
    "model_unavailable": "model_unavailable",
}


@dataclass(frozen=True)
class Group:
    """Findings that are asked about in one request."""

    findings: tuple[Finding, ...]
    strategy: Strategy


@dataclass(frozen=True)
class Means:
    """What every try of one request works with."""

    model: Model | None
    rules: RuleDoor
    checks: Checks
    patterns: PatternLookup
    log: AttemptLog
    config: AgentConfig
    redact: Callable[[str], str]
    now_ms: Callable[[], int]
    draw_id: Callable[[], str]
    trace_id: str | None
    cancellation: Cancellation
    progress: Callable[[str], None]


@dataclass(frozen=True)
class Tried:
    """What came of a group: the best patch that broke nothing, and what it fixes. `is_final`: asking on is no use."""

    patch: Patch | None
    fixed: tuple[Finding, ...]
    unfixed: tuple[Finding, ...]
    records: tuple[AttemptRecord, ...]
    message: str
    is_rechecked: bool = False
    is_safe: bool = True
    is_final: bool = False


class Try:
    """A try that is under way; it ends in exactly one record."""

    def __init__(self, group: Group, told: Told, talk: Conversation, door: str, means: Means) -> None:
        self._group, self._told, self._talk, self._door, self._means = group, told, talk, door, means
        self._started_ms = means.now_ms()

    def answered(self, answer: ModelAnswer, overlay: Overlay) -> Tried:
        """Locate and check what a model answered."""
        first = self._group.findings[0]
        found = patch_from_answer(
            self._talk.kept.restored(answer.text),
            overlay.read,
            known_paths=self._talk.known_paths,
            focus=Focus(first.file_path, first.line, max(first.end_line, first.line)),
            is_cut_off=answer.finish_reason == "length",
        )
        return self.checked(found, overlay, answer)

    def checked(self, found: Patch | Refusal, overlay: Overlay, answer: ModelAnswer | None = None) -> Tried:
        """Check a change, and say what it fixes."""
        refused = found if isinstance(found, Refusal) else refusal_of(found, overlay)
        if refused is not None or isinstance(found, Refusal):
            why = refused or Refusal("unreadable_answer", "The answer could not be read.")
            return self._failed(Failure(why.mode, why.message), answer)
        result = self._means.checks.run(found, self._group.findings, overlay)
        record = self._record(list(result.failures), answer, found, result)
        message = " ".join(one.message for one in result.failures)
        if not result.is_worth_offering:
            return Tried(None, (), self._group.findings, (record,), message)
        return Tried(found, result.fixed, result.unfixed, (record,), message, result.is_rechecked)

    def unanswered(self, error: ModelUnavailable) -> Tried:
        """Say why there is no answer; what a broken one cost is counted all the same."""
        mode = MODES.get(error.code, "model_unavailable")
        tried = self._failed(Failure(mode, error.message), _spent(error, self._door))
        return replace(tried, is_final=mode != "timeout")

    def _failed(self, failure: Failure, answer: ModelAnswer | None) -> Tried:
        record = self._record([failure], answer, None, None)
        return Tried(None, (), self._group.findings, (record,), failure.message)

    def _record(
        self, failures: list[Failure], answer: ModelAnswer | None, patch: Patch | None, result: Result | None
    ) -> AttemptRecord:
        record = record_of(
            self._told,
            attempt_id=self._means.draw_id(),
            trace_id=self._means.trace_id,
            started_ms=self._started_ms,
            ended_ms=self._means.now_ms(),
            prompt=self._talk.messages,
            parts=self._talk.parts,
            pattern_ids=self._talk.pattern_ids,
            answer=answer,
            door=self._door,
            patch=patch,
            failures=failures,
            is_rechecked=result is not None and result.is_rechecked,
            is_offered=result is not None and result.is_worth_offering,
        )
        self._means.log.add(record, patch)
        return record


def _spent(error: ModelUnavailable, door: str) -> ModelAnswer:
    def count(name: str) -> int:
        value = error.detail.get(name, 0)
        return value if isinstance(value, int) else 0

    return ModelAnswer("", door, count("input_tokens"), count("output_tokens"), count("cost_microusd"), latency_ms=0)
