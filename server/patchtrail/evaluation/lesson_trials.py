"""Takes patterns through the product's gate, with evidence from an engine that was really asked.

What was tried is kept in the form of `learning.evidence_file`, so that the same decisions can be made from a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from patchtrail.contract.learning import Example, GateDecisionRecord, Pattern
from patchtrail.evaluation.case import PatchCase
from patchtrail.evaluation.lesson_bench import LessonBench, LessonRun
from patchtrail.learning import FixtureRun, Gate, Proportion, moved, run_fixtures
from patchtrail.learning.evidence_file import Tried, evidence_of, tried_of
from patchtrail.learning.signature import rule_of
from patchtrail.llm.tokens import estimated_tokens
from patchtrail.patching import Finding
from patchtrail.patching.context import lesson_part
from patchtrail.patching.ports import LearnedPattern

__all__ = ["LessonTrials", "Trialled"]

AT_ONCE = 14
"""Pairs that are asked together before the gate looks; it needs thirteen wins to see a lift."""


@dataclass
class Trialled:
    """A pattern on its way: as it was when it began, as it is, and what was tried."""

    before: Pattern
    pattern: Pattern
    tried: Tried = field(default_factory=Tried)

    @property
    def states(self) -> list[str]:
        """Every state that it was in, in order."""
        return [self.before.state, *(one.after for one in self.pattern.decisions[len(self.before.decisions) :])]


@dataclass(frozen=True)
class LessonTrials:
    """Fixtures and regressions on the cases that taught, shadow hits and pairs on those kept for validation."""

    bench: LessonBench
    teaching: Sequence[PatchCase]
    validation: Sequence[PatchCase]
    now: datetime
    gate: Gate = field(default_factory=Gate)

    def take(self, draft: Pattern, active: Sequence[Pattern]) -> Trialled:
        """Take a draft as far as the evidence carries it, in the company of what is active."""
        one = Trialled(draft, draft)
        one.tried = tried_of(
            self._fixtures(draft),
            self._regressions(draft, active),
            self._shadow(draft, active),
            estimated_tokens(lesson_part(LearnedPattern.of(draft)).text),
        )
        while self._moved(one):
            if one.pattern.state == "canary":
                self._pairs(one, active, self.validation)
        return one

    def watch(self, planted: Pattern, active: Sequence[Pattern]) -> Trialled:
        """Count what an active pattern does to cases, until the gate puts it away or there are no more.

        While it is active the gate sees its counters alone, and then, in probation, its pairs.
        """
        one, left = Trialled(planted, planted), self._shown_in(planted, active, [*self.validation, *self.teaching])
        while left and not self._moved(one):
            case, *left = left
            ((_, is_on_well, is_off_well),) = self._paired(one.pattern, active, [case])
            one.before = one.pattern = _counted(one.pattern, is_on_well=is_on_well, is_off_well=is_off_well)
        if one.pattern.state == "active":
            self._moved(one)
        if one.pattern.state == "probation":
            self._pairs(one, active, left)
            self._moved(one)
        return one

    def _moved(self, one: Trialled) -> bool:
        decision = self._decided(one)
        if decision is not None:
            one.pattern = moved(one.pattern, decision)
        return decision is not None

    def _decided(self, one: Trialled) -> GateDecisionRecord | None:
        known = evidence_of(one.pattern, one.tried, self.now)
        return self.gate.decide(one.pattern, known, self.now.replace(tzinfo=None).isoformat())

    def _fixtures(self, pattern: Pattern) -> FixtureRun:
        """Ask about the very code that taught it, which must be mended, and about that code mended, which must stay."""

        def helps(example: Example) -> bool:
            case = self.bench.case_at(example.file_path)
            return case is not None and self._tried_on(pattern, [case])[case.case_id].is_well

        def touches(example: Example) -> bool:
            case = self.bench.case_at(example.file_path)
            if case is None:
                return True
            lessons = self.bench.shown([case], [pattern], pattern.pattern_id)[case.case_id]
            made = self.bench.changed(case, case.after, lessons)
            return made not in (None, case.after) and made != self.bench.changed(case, case.after, ())

        return run_fixtures(pattern, helps=helps, touches=touches)

    def _regressions(self, pattern: Pattern, active: Sequence[Pattern]) -> tuple[str, ...]:
        """Return the cases of teaching packages that are mended without the pattern and not with it."""
        cases = self._shown_in(pattern, active, self.teaching)
        told = self._paired(pattern, active, cases)
        return tuple(case_id for case_id, is_on_well, is_off_well in told if is_off_well and not is_on_well)

    def _shadow(self, pattern: Pattern, active: Sequence[Pattern]) -> Proportion:
        """Return in how many of the cases where it would be shown the finding is of a rule that it answers."""
        cases = self._shown_in(pattern, active, self.validation)[: self.gate.max_shadow]
        rules = {one.lower() for one in pattern.rule_ids}
        return Proportion(sum(_is_of(case.planted[0].finding, rules) for case in cases), len(cases))

    def _pairs(self, one: Trialled, active: Sequence[Pattern], cases: Sequence[PatchCase]) -> None:
        """Add pairs until the rule that the gate was given beforehand says that they suffice."""
        left = self._shown_in(one.pattern, active, cases)
        while left:
            some, left = left[:AT_ONCE], left[AT_ONCE:]
            for case_id, is_on_well, is_off_well in self._paired(one.pattern, active, some):
                if self.gate.plan.verdict(one.tried.trial) != "open":
                    return
                one.tried = one.tried.plus(case_id, is_on_well=is_on_well, is_off_well=is_off_well)

    def _paired(
        self, pattern: Pattern, active: Sequence[Pattern], cases: Sequence[PatchCase]
    ) -> list[tuple[str, bool, bool]]:
        """Return for each case whether it goes well with the pattern, and without."""
        on = self.bench.runs(cases, [*active, pattern], pattern.pattern_id)
        off = self.bench.runs(cases, active)
        return [(case.case_id, on[case.case_id].is_well, off[case.case_id].is_well) for case in cases]

    def _tried_on(self, pattern: Pattern, cases: Sequence[PatchCase]) -> dict[str, LessonRun]:
        return self.bench.runs(cases, [pattern], pattern.pattern_id)

    def _shown_in(self, pattern: Pattern, active: Sequence[Pattern], cases: Sequence[PatchCase]) -> list[PatchCase]:
        """Return the cases whose prompts would show it; all others are the same with it and without."""
        shown = self.bench.shown(cases, [*active, pattern], pattern.pattern_id)
        return [case for case in cases if pattern.pattern_id in [one.pattern_id for one in shown[case.case_id]]]


def _is_of(finding: Finding, rules: set[str]) -> bool:
    return rule_of(finding.rule_id, finding.message).lower() in rules


def _counted(pattern: Pattern, *, is_on_well: bool, is_off_well: bool) -> Pattern:
    """Return a pattern with one more use counted."""
    counted = {
        "retrieved": pattern.retrieved + 1,
        "helpful": pattern.helpful + (is_on_well and not is_off_well),
        "harmful": pattern.harmful + (is_off_well and not is_on_well),
    }
    return pattern.model_copy(update=counted)
