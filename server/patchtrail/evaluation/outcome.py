"""What one arm made of one case, and how that is judged: by the tools and the parser, never by the arm's own word."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from patchtrail.evaluation.arms import Texts
from patchtrail.evaluation.case import PatchCase
from patchtrail.evaluation.dataset import rules_of
from patchtrail.evaluation.failing_tests import outcomes_of_tests
from patchtrail.evaluation.tools import Told, surplus, told_of_texts
from patchtrail.patching.ports import TestRunner

__all__ = ["Judge", "Outcome"]


@dataclass(frozen=True)
class Outcome:
    """One arm's result: whether there is one, whether it parses, and which planted findings are gone, in order."""

    is_applied: bool
    is_parsed: bool
    fixed: tuple[bool, ...]

    @property
    def is_whole(self) -> bool:
        """Whether every finding is fixed."""
        return all(self.fixed)


class Judge:
    """Judges results of the same cases; what the tools say of the truths is asked once.

    A finding counts as fixed where the file parses, the tool reports it no longer, and reports nothing that the truth
    does not have.
    """

    def __init__(self, cases: Sequence[PatchCase], runner: TestRunner) -> None:
        self._cases, self._runner = cases, runner
        self._tools = [case for case in cases if not case.companions]
        self._tests = [case for case in cases if case.companions]
        self._right = _told(self._tools, {case.file_path: case.after for case in self._tools})

    def judged(self, results: Mapping[str, Texts | None]) -> dict[str, Outcome]:
        """Return the outcome per case."""
        parsed = {case.case_id: _parses(case, results.get(case.case_id)) for case in self._cases}
        fit = {case_id: results[case_id] or {} for case_id, is_parsed in parsed.items() if is_parsed}
        texts = {case.file_path: fit[case.case_id][case.file_path] for case in self._cases if case.case_id in fit}
        now = _told([case for case in self._tools if case.case_id in fit], texts)
        tests = outcomes_of_tests([case for case in self._tests if case.case_id in fit], texts, self._runner)
        return {
            case.case_id: Outcome(
                is_applied=results.get(case.case_id) is not None,
                is_parsed=parsed[case.case_id],
                fixed=(case.case_id in tests and tests[case.case_id] is None,)
                if case.companions
                else self._fixed(case, now.get(case.file_path, []), is_parsed=parsed[case.case_id]),
            )
            for case in self._cases
        }

    def _fixed(self, case: PatchCase, now: Sequence[Told], *, is_parsed: bool) -> tuple[bool, ...]:
        right = self._right.get(case.file_path, [])
        more = [(one.finding.rule_id, one.finding.message) for one in surplus(now, right)]
        planted = [(one.finding.rule_id, one.finding.message) for one in case.planted]
        is_clean = is_parsed and all(one in planted for one in more)
        return tuple(is_clean and one not in more for one in planted)


def _parses(case: PatchCase, result: Texts | None) -> bool:
    if result is None or case.file_path not in result:
        return False
    try:
        ast.parse(result[case.file_path])
    except (SyntaxError, ValueError):
        return False
    return True


def _told(cases: Sequence[PatchCase], texts: Texts) -> dict[str, list[Told]]:
    tools = {case.file_path: case.planted[0].finding.tool for case in cases}
    return told_of_texts({path: texts[path] for path in tools}, tools, rules_of(cases))
