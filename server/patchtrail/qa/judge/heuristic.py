"""The heuristic judge: the rubric's checks, answered from what can be counted and compared; no model is asked."""

from __future__ import annotations

from collections.abc import Sequence

from patchtrail.contract.qa import DIMENSIONS, JudgeResult, ValidationResult
from patchtrail.qa.case import Case
from patchtrail.qa.judge.answer import Answer, dimension_of
from patchtrail.qa.judge.efficiency import efficiency
from patchtrail.qa.judge.experiments import experiments
from patchtrail.qa.judge.hygiene import hygiene
from patchtrail.qa.judge.linking import linking
from patchtrail.qa.judge.reproducibility import reproducibility
from patchtrail.qa.judge.rubric import RUBRIC_VERSION, weighted
from patchtrail.qa.judge.story import Story, story_of
from patchtrail.qa.judge.understanding import understanding

__all__ = ["HeuristicJudge", "answers_of"]


class HeuristicJudge:
    """Judges any trace, always the same way."""

    def judge(self, case: Case, validation: ValidationResult | None) -> JudgeResult:
        """Return the scores: per dimension how many of its five checks are met, a half for one met in part."""
        return result_of(answers_of(story_of(case), validation, has_snapshot=case.snapshot is not None))


def answers_of(story: Story, validation: ValidationResult | None, *, has_snapshot: bool) -> list[Answer]:
    """Answer every check of the rubric."""
    return [
        *understanding(story),
        *linking(story),
        *experiments(story),
        *efficiency(story),
        *reproducibility(story, validation, has_snapshot=has_snapshot),
        *hygiene(story, validation),
    ]


def result_of(answers: Sequence[Answer]) -> JudgeResult:
    """Return what the answers come to."""
    scores = {
        str(dimension): sum(answer.met for answer in answers if dimension_of(answer) == dimension)
        for dimension in DIMENSIONS
    }
    return JudgeResult(
        scores=scores,
        overall=weighted(scores),
        kind="heuristic",
        rubric_version=RUBRIC_VERSION,
        reasons=[answer.reason() for answer in answers],
    )
