"""Judges that look at nothing that matters, to show that the written sessions tell them from one that does."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from patchtrail.contract.qa import DIMENSIONS
from patchtrail.qa.judge import HeuristicJudge
from tests.qa.judge.sessions import WrittenSession

__all__ = ["CRUDE", "by_length", "by_outcome", "heuristic", "share_within"]

Scorer = Callable[[WrittenSession], Mapping[str, float]]


def constant(score: float) -> Scorer:
    """Return a judge that gives everybody the same."""
    return lambda _: dict.fromkeys(DIMENSIONS, score)


def by_length(session: WrittenSession) -> Mapping[str, float]:
    """Give more to whoever did more."""
    return dict.fromkeys(DIMENSIONS, min(5.0, len(session.case.events) / 5))


def by_outcome(session: WrittenSession) -> Mapping[str, float]:
    """Give all to whoever solved it, and little to whoever did not."""
    is_solved = session.validation is not None and session.validation.verdict == "verified_fix"
    return dict.fromkeys(DIMENSIONS, 5.0 if is_solved else 1.0)


def heuristic(session: WrittenSession) -> Mapping[str, float]:
    """Judge by the heuristic."""
    return HeuristicJudge().judge(session.case, session.validation).scores


def share_within(sessions: list[WrittenSession], scorer: Scorer) -> float:
    """Return the share of scores, of all sessions and dimensions, that lie in their range."""
    scored = [(session, scorer(session)) for session in sessions]
    within = [low <= scores[name] <= high for session, scores in scored for name, (low, high) in session.ranges.items()]
    return sum(within) / len(within)


CRUDE: dict[str, Scorer] = {
    **{f"constant {step / 2}": constant(step / 2) for step in range(11)},
    "length": by_length,
    "outcome": by_outcome,
}
