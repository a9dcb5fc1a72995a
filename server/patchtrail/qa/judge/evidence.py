"""Holds a model's verdict to its evidence: what it cites must exist, and what it quotes must stand there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from patchtrail.contract.qa import JudgeReason
from patchtrail.qa.judge.address import is_addressed
from patchtrail.qa.judge.answer import HALF, MET, UNMET, Answer
from patchtrail.qa.judge.facts import FACTUAL
from patchtrail.qa.judge.rubric import CHECKS
from patchtrail.qa.judge.verdict import CheckVerdict, Verdict

__all__ = ["Evidence", "Held"]

OF_ABSENCE = frozenset(
    {
        *("no_blind_retries", "little_churn", "stays_in_scope", "converges", "acts_purposefully", "one_change"),
        *("runs_after_edits", "nothing_destructive", "nothing_exposed", "tests_are_left_strong", "leaves_it_clean"),
        *("commits_honestly", "chain_closed"),
    }
)
"""Checks that are met where nothing is found: no event shows it, so what programs counted must not speak against it."""
MIN_QUOTE = 3
MAX_TEXT = 600
MET_BY = {"yes": MET, "partly": HALF, "no": UNMET}


class Held:
    """One sample after its evidence was looked at: how far each check is met, and why."""

    def __init__(self, met: dict[str, float], reasons: list[JudgeReason]) -> None:
        self.met = met
        self.reasons = reasons

    def scores(self) -> dict[str, float]:
        """Return the score per dimension, from 0 to 5."""
        scores = dict[str, float]()
        for check in CHECKS:
            scores[check.dimension] = scores.get(check.dimension, 0.0) + self.met[check.name]
        return scores


class Evidence:
    """What can be cited: every text of every event, and what programs answered themselves."""

    def __init__(self, texts: Mapping[int, Sequence[str]], known: Sequence[Answer]) -> None:
        self._texts = texts
        self._known = {answer.check: answer for answer in known}

    def hold(self, verdict: Verdict) -> Held:
        """Return what is left of a verdict; a check that it does not answer is not met."""
        said = {one.check: one for one in verdict.checks}
        met, reasons = dict[str, float](), list[JudgeReason]()
        for check in CHECKS:
            told = said.get(check.name)
            if check.name in FACTUAL:
                met[check.name] = self._known[check.name].met
                reasons.append(self._known[check.name].reason())
                continue
            fault = "The model gave no answer." if told is None else self._fault(told)
            met[check.name] = UNMET if told is None or fault else MET_BY[told.answer]
            reasons.append(
                JudgeReason(
                    dimension=check.dimension,
                    check=check.name,
                    is_met=met[check.name] == MET,
                    is_met_in_part=met[check.name] == HALF,
                    text=told.because[:MAX_TEXT] if told is not None else "",
                    event_seqs=[seq for seq in told.event_ids if seq in self._texts] if told is not None else [],
                    quotes=list(told.quotes) if told is not None and not fault else [],
                    struck_out=fault,
                )
            )
        return Held(met, reasons)

    def _fault(self, told: CheckVerdict) -> str:
        """Return why an answer counts for nothing; empty where it counts."""
        unknown = [seq for seq in told.event_ids if seq not in self._texts]
        if unknown:
            return f"It cites event {unknown[0]}, which there is not."
        for quote in told.quotes:
            if len(quote.strip()) < MIN_QUOTE:
                return "It quotes too few words to show anything."
            if is_addressed(quote):
                return "It quotes words that address a judge."
            if not any(quote in text for seq in told.event_ids for text in self._texts[seq]):
                return "What it quotes does not stand in the events that it cites."
        if told.answer == "no":
            return ""
        if told.check in OF_ABSENCE:
            known = self._known[told.check]
            return "" if told.quotes or known.met > UNMET else f"Programs found otherwise: {known.text}"
        return "" if told.event_ids and told.quotes else "It cites nothing."
