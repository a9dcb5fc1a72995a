"""The judge: the heuristic always, a model beside it where one is configured."""

from __future__ import annotations

from patchtrail.contract.errors import ModelUnavailable
from patchtrail.contract.events import SessionStart
from patchtrail.contract.qa import JudgeResult, ValidationResult
from patchtrail.llm import Cancellation
from patchtrail.qa.case import Case
from patchtrail.qa.judge.asking import cost_of_error
from patchtrail.qa.judge.heuristic import HeuristicJudge
from patchtrail.qa.judge.model import ModelJudge
from patchtrail.study import CONSENT

__all__ = ["Judge"]

NOT_AGREED = "This session's consent is to a text that names no language model as a judge, so none was asked."


class Judge:
    """Judges a trace; a model that fails leaves the heuristic's result, with the reason in `fallback`."""

    def __init__(self, model: ModelJudge | None = None) -> None:
        self._heuristic = HeuristicJudge()
        self._model = model

    def judge(
        self, case: Case, validation: ValidationResult | None, cancellation: Cancellation | None = None
    ) -> JudgeResult:
        """Return scores from 0 to 5 per dimension, with reasons that are tied to events."""
        heuristic = self._heuristic.judge(case, validation)
        if self._model is None:
            return heuristic
        if not _may_be_shown(case):
            return heuristic.model_copy(update={"fallback": NOT_AGREED})
        try:
            return self._model.judge(case, validation, heuristic, cancellation or Cancellation())
        except ModelUnavailable as error:
            return heuristic.model_copy(update={"fallback": error.message, "cost_usd": cost_of_error(error) / 1e6})


def _may_be_shown(case: Case) -> bool:
    """Return whether a model may read a session; one that tells of no consent came unsigned, from its own client."""
    given = [event.data.consent for event in case.events[:1] if isinstance(event.data, SessionStart)]
    if not given:
        return not case.is_signed
    return given[0] is None or CONSENT.covers(given[0], "model_judge")
