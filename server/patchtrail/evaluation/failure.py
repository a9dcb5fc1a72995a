"""One failure as clustering sees it: what was said, when, at which stage, and how bad it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from patchtrail.contract.learning import LearningSeverity

__all__ = ["Failure"]


@dataclass(frozen=True)
class Failure:
    """A failure; `code` names its kind where whoever failed knows it, and `count` says how often it was seen.

    `stage` is answer, apply, check, test, model or a word of the source's own. `at` has a time zone.
    """

    failure_id: str
    text: str
    at: datetime
    severity: LearningSeverity = "medium"
    stage: str = ""
    code: str = ""
    count: int = 1
