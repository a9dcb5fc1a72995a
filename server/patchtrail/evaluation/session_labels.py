"""What a collector's judge said of sessions as a label file, for people to say beside it what they think."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from patchtrail.contract.errors import InvalidInput, NotFound
from patchtrail.contract.qa import DIMENSIONS, JudgeResult
from patchtrail.evaluation.label_file import LabelledItem

__all__ = ["GOOD_FROM", "JudgedSession", "SessionLabels", "session_labels"]

GOOD_FROM = 3.0
"""A session is called good from this overall score on: most of the rubric's checks are met."""
NOT_SAID: dict[str, object] = {"judge": None, "judged_by": None, "confidence": None, "judge_points": {}}


@dataclass(frozen=True)
class JudgedSession:
    """A trace's newest judgement, and the validation's verdict beside it."""

    trace_id: str
    judge: JudgeResult
    verdict: str


@dataclass(frozen=True)
class SessionLabels:
    """The items of one judge, and how many sessions others judged: they are left out."""

    judged_by: str
    items: tuple[LabelledItem, ...]
    left_out: dict[str, int]


def session_labels(
    kept: Iterable[LabelledItem], sessions: Sequence[JudgedSession], raters: Iterable[str] = (), judged_by: str = ""
) -> SessionLabels:
    """Return the items of a file after asking a collector: people's labels stay, the judge's are replaced.

    Without `judged_by` it is the judge of most sessions; `raters` get an empty place beside every item. Raises
    `NotFound` where nobody, or not that judge, judged anything.
    """
    judges = Counter(one.judge.judged_by for one in sessions)
    chosen = judged_by or next((name for name, _ in judges.most_common(1)), "")
    if chosen not in judges:
        raise NotFound(f"No session was judged by {chosen or 'anybody'}. Judges here: {', '.join(judges) or 'none'}.")
    items = {one.item_id: one if one.judged_by == chosen else one.model_copy(update=NOT_SAID) for one in kept}
    empty = dict.fromkeys(_sound(raters))
    for session in sessions:
        if session.judge.judged_by == chosen:
            known = items.get(session.trace_id) or LabelledItem(item_id=session.trace_id)
            items[session.trace_id] = _judged(known, session)
    return SessionLabels(
        chosen,
        tuple(one.model_copy(update={"humans": {**empty, **one.humans}}) for one in items.values()),
        {name: count for name, count in judges.items() if name != chosen},
    )


def _judged(known: LabelledItem, session: JudgedSession) -> LabelledItem:
    judge = session.judge
    is_good = judge.overall >= GOOD_FROM
    fresh = {
        "judge": is_good,
        "judged_by": judge.judged_by,
        "confidence": _confidence(judge, is_good=is_good),
        "judge_points": dict(judge.scores),
        "groups": {**known.groups, "verdict": session.verdict},
    }
    return known.model_copy(update=fresh)


def _confidence(judge: JudgeResult, *, is_good: bool) -> float | None:
    """Return the share of a model's samples that call the session what their middle does; None for the heuristic."""
    votes = [_overall(sample) >= GOOD_FROM for sample in judge.samples]
    return sum(vote == is_good for vote in votes) / len(votes) if votes else None


def _overall(scores: dict[str, float]) -> float:
    weights = {name: weight for name, weight in DIMENSIONS.items() if name in scores}
    total = sum(weights.values())
    return sum(scores[name] * weight for name, weight in weights.items()) / total if total else 0.0


def _sound(raters: Iterable[str]) -> list[str]:
    names = list(raters)
    wrong = next((name for name in names if not name.isidentifier()), None)
    if wrong is not None:
        raise InvalidInput(f"{wrong!r} cannot name a column: letters, digits and `_`.")
    return names
