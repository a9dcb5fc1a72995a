"""The suite of patches: every arm on the same answers, and one report of what came of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from patchtrail.contract.attempt import AttemptRecord
from patchtrail.evaluation.arms import ANSWER_ARMS, Texts, git_applied
from patchtrail.evaluation.case import PatchCase
from patchtrail.evaluation.damage import Damage, damage_of
from patchtrail.evaluation.outcome import Judge, Outcome
from patchtrail.patching import Finding, Patch
from patchtrail.patching.ports import TestRunner

__all__ = ["ENGINE", "OFFLINE", "Fix", "Fixed", "PatchSuite", "SuiteResult", "texts_of"]

ENGINE = "our engine"
OFFLINE = "offline rules"


@dataclass(frozen=True)
class Fixed:
    """What an engine gave for one case."""

    patch: Patch | None
    fixed: tuple[Finding, ...]
    attempts: tuple[AttemptRecord, ...]
    message: str = ""


Fix = Callable[[tuple[Finding, ...], Path], Fixed]
"""Asks an engine for a patch of findings below a root."""


@dataclass(frozen=True)
class SuiteResult:
    """Everything that the report is made of."""

    cases: tuple[PatchCase, ...]
    fixed: Mapping[str, Fixed]
    outcomes: Mapping[str, Mapping[str, Outcome]]
    texts: Mapping[str, Mapping[str, Texts | None]]
    """What every arm made of every case's files; None where nothing was applied."""
    damages: tuple[Damage, ...]
    applies: Mapping[str, bool]
    """Whether `git apply` takes the offered patch and gives the text that it promises, per case that has one."""


@dataclass(frozen=True)
class PatchSuite:
    """Runs the arms; `root` holds the workspaces, and nothing there is changed.

    Where no model is asked, `fix` is `fix_offline` itself, and nobody's answers are there to be used otherwise.
    """

    cases: tuple[PatchCase, ...]
    root: Path
    fix: Fix
    fix_offline: Fix
    runner: TestRunner

    def run(self, progress: Callable[[str], None]) -> SuiteResult:
        """Ask for every case, use each first answer in every arm, and judge what came out."""
        fixed = self._asked(self.fix, progress, ENGINE)
        offline = fixed if self.fix is self.fix_offline else self._asked(self.fix_offline, progress, OFFLINE)
        answers = {case_id: answer for case_id, one in fixed.items() if (answer := _first_answer(one)) is not None}
        results = {ENGINE: texts_of(fixed), OFFLINE: texts_of(offline)}
        asked = [case for case in self.cases if case.case_id in answers]
        for name, arm in ANSWER_ARMS.items() if asked else ():
            progress(f"{name}: {len(asked)} answers")
            results[name] = {case.case_id: arm(answers[case.case_id], _reader(case), case.file_path) for case in asked}
        progress("the tools judge the results")
        judge = Judge(self.cases, self.runner)
        return SuiteResult(
            self.cases,
            fixed,
            {name: judge.judged(result) for name, result in results.items()},
            results,
            tuple(damage_of(answers[case.case_id], _reader(case), case.file_path) for case in asked),
            {case.case_id: _applies(case, patch) for case in self.cases if (patch := fixed[case.case_id].patch)},
        )

    def _asked(self, fix: Fix, progress: Callable[[str], None], name: str) -> dict[str, Fixed]:
        given = dict[str, Fixed]()
        for number, case in enumerate(self.cases, 1):
            if number % 25 == 0 or number == len(self.cases):
                progress(f"{name}: {number} of {len(self.cases)} files")
            given[case.case_id] = fix(tuple(one.finding for one in case.planted), self.root / case.workspace)
        return given


def _reader(case: PatchCase) -> Callable[[str], str | None]:
    texts = {case.file_path: case.before, **case.companions}
    return texts.get


def _first_answer(fixed: Fixed) -> str | None:
    return next((one.llm_response for one in fixed.attempts if one.model != "rules" and one.llm_response), None)


def texts_of(fixed: Mapping[str, Fixed]) -> dict[str, Texts | None]:
    """Return what an engine made of every case's files; None where it offers nothing."""
    return {
        case_id: None if one.patch is None else {file.file_path: file.after for file in one.patch.files}
        for case_id, one in fixed.items()
    }


def _applies(case: PatchCase, patch: Patch) -> bool:
    before = {file.file_path: file.before or "" for file in patch.files}
    promised = {file.file_path: file.after for file in patch.files}
    is_real = before.get(case.file_path, case.before) == case.before
    return is_real and git_applied(patch.diff_unified, before) == promised
