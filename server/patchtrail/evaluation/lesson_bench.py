"""Asks an engine about cases with and without patterns; what two askings would show alike is asked once.

A case whose prompt shows the same lessons has the same answer, whichever set of patterns they are of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from patchtrail.contract.learning import Pattern
from patchtrail.evaluation.case import PatchCase
from patchtrail.evaluation.outcome import Judge, Outcome
from patchtrail.evaluation.run import Fixed, texts_of
from patchtrail.learning import Retriever
from patchtrail.patching import Finding
from patchtrail.patching.ports import LearnedPattern

__all__ = ["LessonBench", "LessonRun", "Lessons", "Lookup", "TaughtFix"]

Lessons = tuple[LearnedPattern, ...]
TaughtFix = Callable[[tuple[Finding, ...], Path, Lessons], Fixed]
"""Asks an engine for a patch of findings below a root, and shows it these lessons and no others."""


class Lookup(Protocol):
    """The product's own way from a finding to the lessons that its prompt shows."""

    def patterns_for(self, findings: Sequence[Finding], code: str) -> Lessons:
        """Return at most three lessons, the best first; none for what is held out for ever."""

    def is_held_out(self, finding: Finding) -> bool:
        """Return whether a finding never sees a pattern."""


@dataclass(frozen=True)
class LessonRun:
    """What came of one case, and the ids of the patterns that its prompt showed."""

    fixed: Fixed
    outcome: Outcome
    shown: tuple[str, ...]

    @property
    def is_well(self) -> bool:
        """Whether its finding is gone, by the tools' word."""
        return self.outcome.is_whole


class LessonBench:
    """One engine, asked about cases of one finding each; `root` holds their workspaces."""

    def __init__(
        self,
        cases: Sequence[PatchCase],
        root: Path,
        fix: TaughtFix,
        lookup_of: Callable[[Retriever], Lookup],
        judge: Judge,
    ) -> None:
        self._root, self._fix, self._lookup_of, self._judge = root, fix, lookup_of, judge
        self._by_path = {case.file_path: case for case in cases}
        self._known = dict[tuple[str, Lessons], tuple[Fixed, Outcome]]()
        self.asked = 0
        """How often the engine was asked."""

    def case_at(self, file_path: str) -> PatchCase | None:
        """Return the case of a file."""
        return self._by_path.get(file_path)

    def is_held_out(self, case: PatchCase) -> bool:
        """Return whether a case never sees a pattern."""
        return self._lookup_of(Retriever([])).is_held_out(case.planted[0].finding)

    def shown(self, cases: Iterable[PatchCase], patterns: Iterable[Pattern], trying: str = "") -> dict[str, Lessons]:
        """Return by case what its prompt would show of the active patterns, and of the one that is tried."""
        lookup = self._lookup_of(Retriever(patterns, trying=trying))
        return {case.case_id: lookup.patterns_for([case.planted[0].finding], case.before) for case in cases}

    def runs(
        self, cases: Sequence[PatchCase], patterns: Iterable[Pattern] = (), trying: str = ""
    ) -> dict[str, LessonRun]:
        """Return what came of each case with the active patterns, and with the one that is tried."""
        shown = self.shown(cases, patterns, trying)
        self._ask([case for case in cases if (case.case_id, shown[case.case_id]) not in self._known], shown)
        return {case.case_id: self._run(case, shown[case.case_id]) for case in cases}

    def changed(self, case: PatchCase, text: str, lessons: Lessons) -> str | None:
        """Return what the engine makes of another text of a case's file; None where it offers nothing."""
        path = self._root / case.workspace / case.file_path
        path.write_text(text, encoding="utf-8", newline="")
        try:
            patch = self._fix((case.planted[0].finding,), self._root / case.workspace, lessons).patch
        finally:
            path.write_text(case.before, encoding="utf-8", newline="")
        self.asked += 1
        return None if patch is None else {one.file_path: one.after for one in patch.files}.get(case.file_path)

    def _ask(self, cases: Sequence[PatchCase], shown: Mapping[str, Lessons]) -> None:
        self.asked += len(cases)
        fixed = {
            case.case_id: self._fix((case.planted[0].finding,), self._root / case.workspace, shown[case.case_id])
            for case in cases
        }
        judged = self._judge.judged(texts_of(fixed)) if fixed else {}
        for case_id, one in fixed.items():
            self._known[case_id, shown[case_id]] = one, judged[case_id]

    def _run(self, case: PatchCase, lessons: Lessons) -> LessonRun:
        fixed, outcome = self._known[case.case_id, lessons]
        return LessonRun(fixed, outcome, tuple(one.pattern_id for one in lessons))
