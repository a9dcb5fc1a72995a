"""From a complete trace to what can be said of it: validated first, then judged with the validation as fact."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import Protocol

from patchtrail.contract.qa import JudgeResult, QaResults, ValidationResult
from patchtrail.llm import Cancellation
from patchtrail.qa.case import Case
from patchtrail.sandbox import Cancelling

__all__ = ["Assessor", "Judges", "Validates"]


class Validates(Protocol):
    """Replays a trace and runs its tests."""

    def validate(self, case: Case, cancellation: Cancelling) -> ValidationResult:
        """Return what came of it; a trace that cannot be validated is a result too, and not an error."""


class Judges(Protocol):
    """Scores how a session was debugged."""

    def judge(self, case: Case, validation: ValidationResult, cancellation: Cancellation) -> JudgeResult:
        """Return the scores, with the validation among the facts."""


@dataclass(frozen=True)
class Assessor:
    """Validates and judges."""

    validator: Validates
    judge: Judges
    validation_s: float = math.inf
    """How long validating may take, so that what takes for ever is judged all the same."""

    def assess(
        self, case: Case, *, validation: ValidationResult | None = None, cancellation: Cancellation
    ) -> QaResults:
        """Validate and judge a trace; with a `validation` that is known already, judge it alone."""
        found = validation or self._validated(case, cancellation)
        return QaResults(validation=found, judge=self.judge.judge(case, found, cancellation))

    def _validated(self, case: Case, cancellation: Cancellation) -> ValidationResult:
        limited = Cancellation()
        cancellation.on_cancel(limited.cancel)
        timer = threading.Timer(min(self.validation_s, threading.TIMEOUT_MAX), limited.cancel)
        timer.daemon = True
        timer.start()
        found = self.validator.validate(case, limited)
        timer.cancel()
        if found.verdict != "not_run" or not limited.is_cancelled or cancellation.is_cancelled:
            return found
        return found.model_copy(update={"reason": f"Validating it took longer than {self.validation_s:g} s."})
