"""The learning loop on patches: fail, learn, pass the gate, and be measured where nothing was learned.

The parts are the product's own: engine, metrics, library, retrieval and gate. The data bring the right changes alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from patchtrail.contract.learning import Pattern
from patchtrail.evaluation.case import PatchCase
from patchtrail.evaluation.lesson_bench import LessonBench, LessonRun
from patchtrail.evaluation.lesson_controls import CONTROLS, wrong_lessons
from patchtrail.evaluation.lesson_school import drafts_of, metrics_of_failures
from patchtrail.evaluation.lesson_trials import LessonTrials, Trialled
from patchtrail.evaluation.package_split import PackageSplit
from patchtrail.learning import MetricsCollector, Paired, Proportion

__all__ = ["HARMFUL", "LEARNED", "WITHOUT", "LearningLoop", "LoopResult"]

WITHOUT, LEARNED, HARMFUL = "without patterns", "learned patterns", "with a harmful one"
MAX_PLANTED = 12
FEW = 2


@dataclass(frozen=True)
class LoopResult:
    """Everything that came of a loop; `arms` holds by arm what came of every case that was held out by its package."""

    split: PackageSplit
    metrics: MetricsCollector
    taught: tuple[Trialled, ...]
    planted: Trialled | None
    arms: Mapping[str, Mapping[str, LessonRun]]
    kept_blind: frozenset[str]
    """The measured cases that never see a pattern: the permanent hold-out."""
    asked: int

    @property
    def learned(self) -> list[Pattern]:
        """The patterns that the gate let in."""
        return [one.pattern for one in self.taught if one.pattern.state == "active"]

    def shown(self, arm: str) -> int:
        """Return in how many cases an arm's prompts showed a pattern."""
        return sum(bool(one.shown) for one in self.arms[arm].values())

    def paired(self, arm: str, cases: Iterable[PatchCase] | None = None) -> Paired:
        """Return an arm beside the one without patterns, over all that was measured or some of it."""
        counted = Paired()
        for case in self.split.held_out if cases is None else cases:
            on, off = self.arms[arm][case.case_id], self.arms[WITHOUT][case.case_id]
            counted = counted.plus(is_on_well=on.is_well, is_off_well=off.is_well)
        return counted


@dataclass(frozen=True)
class LearningLoop:
    """One loop; `patterns_path` is where its library would be kept, and nothing is written there."""

    split: PackageSplit
    bench: LessonBench
    patterns_path: Path
    now: datetime

    def run(self, progress: Callable[[str], None]) -> LoopResult:
        """Learn on packages, and measure on others."""
        split = self.split
        progress(f"{len(split.teaching)} findings teach, {len(split.validation)} validate")
        metrics = metrics_of_failures(self._failures(split.teaching), self.now)
        drafts = drafts_of(metrics, self.patterns_path, self.now)
        trials = LessonTrials(self.bench, split.teaching, split.validation, self.now)
        taught, learned = list[Trialled](), list[Pattern]()
        for draft in drafts:
            progress(f"the gate looks at {draft.name}")
            one = trials.take(draft, learned)
            taught.append(one)
            learned += [one.pattern] if one.pattern.state == "active" else []
        planted = self._planted([one.pattern for one in taught])
        progress(f"{len(learned)} patterns are active; {len(split.held_out)} findings are measured")
        return LoopResult(
            split,
            metrics,
            tuple(taught),
            None if planted is None else trials.watch(planted, learned),
            self._arms(learned, planted),
            frozenset(case.case_id for case in split.held_out if self.bench.is_held_out(case)),
            self.bench.asked,
        )

    def _failures(self, cases: Sequence[PatchCase]) -> list[PatchCase]:
        """Return what is not mended; what is held out for ever teaches nothing either."""
        open_cases = [case for case in cases if not self.bench.is_held_out(case)]
        runs = self.bench.runs(open_cases)
        return [case for case in open_cases if not runs[case.case_id].is_well]

    def _planted(self, taught: Sequence[Pattern]) -> Pattern | None:
        """Return of some wrong lessons the one that spoils most of what it is shown for in the teaching packages."""
        runs = self.bench.runs(self.split.teaching)
        well = [case for case in self.split.teaching if runs[case.case_id].is_well]
        tried = [(self._spoiled(well, one), one) for one in wrong_lessons(well, taught)[:MAX_PLANTED]]
        spoiled, pattern = max(tried, key=lambda one: (one[0].share, one[0].hits), default=(Proportion(0, 0), None))
        return pattern if spoiled.hits else None

    def _spoiled(self, well: Sequence[PatchCase], pattern: Pattern) -> Proportion:
        """Return how many of the cases that a pattern is shown for do not go well with it; of fewer than two, none."""
        shown = self.bench.shown(well, [pattern])
        met = [case for case in well if shown[case.case_id]]
        if len(met) < FEW:
            return Proportion(0, len(met))
        return Proportion(sum(not one.is_well for one in self.bench.runs(met, [pattern]).values()), len(met))

    def _arms(self, learned: Sequence[Pattern], planted: Pattern | None) -> dict[str, dict[str, LessonRun]]:
        sets: dict[str, Sequence[Pattern]] = {WITHOUT: (), LEARNED: learned}
        sets |= {name: make(learned) for name, make in CONTROLS.items()}
        sets |= {HARMFUL: [*learned, planted]} if planted is not None else {}
        return {name: self.bench.runs(self.split.held_out, patterns) for name, patterns in sets.items()}
