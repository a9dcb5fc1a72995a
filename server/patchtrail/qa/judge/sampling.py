"""One model's samples of one session: as many as it takes for them to agree, within a cap on their number and cost."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from patchtrail.contract.errors import InvalidInput, ModelUnavailable
from patchtrail.contract.qa import DIMENSIONS
from patchtrail.llm import Cancellation, Message, Model, ModelRequest
from patchtrail.qa.judge.asking import ask_patiently, cost_of_error
from patchtrail.qa.judge.config import JudgeConfig
from patchtrail.qa.judge.evidence import Evidence, Held
from patchtrail.qa.judge.prompt import ANSWER_SCHEMA
from patchtrail.qa.judge.verdict import read_verdict

__all__ = ["Purse", "Sampler", "disagreement", "median_scores", "spread_of"]


@dataclass
class Purse:
    """What a trace may cost and what it has cost, and until when there is time."""

    max_microusd: int
    until: float
    clock: Callable[[], float]
    spent_microusd: int = 0

    def why_closed(self) -> str:
        """Return why nothing more may be asked; empty where it may."""
        if self.max_microusd > 0 and self.spent_microusd >= self.max_microusd:
            return f"The cap of {self.max_microusd / 1e6:.2f} USD per trace is reached."
        return "" if self.clock() < self.until else "The time for one trace is over."


@dataclass
class Sampler:
    """Asks one model about one session."""

    model: Model
    config: JudgeConfig
    purse: Purse
    cancellation: Cancellation
    wait: Callable[[float], None]
    samples: list[Held] = field(default_factory=list)
    problem: str = ""

    def gather(self, words: Callable[[], Sequence[Message]], evidence: Evidence) -> None:
        """Take the first samples, and more while they disagree; what went wrong stands in `problem`."""
        bad = 0
        while self._wants_more():
            self.problem = self.purse.why_closed()
            if self.problem:
                return
            try:
                self.samples.append(self.ask(words(), evidence))
            except InvalidInput as error:
                self.problem = error.message
                bad += 1
                if bad >= self.config.tries:
                    return
            except ModelUnavailable as error:
                self.problem = error.message
                return
        self.problem = ""

    def ask(self, messages: Sequence[Message], evidence: Evidence) -> Held:
        """Take one sample; raises `ModelUnavailable`, or `InvalidInput` for an answer that is no verdict."""
        request = ModelRequest(tuple(messages), self.config.max_output_tokens, self.config.timeout_s, ANSWER_SCHEMA)
        try:
            answer = ask_patiently(self.model, request, self.cancellation, tries=self.config.tries, wait=self.wait)
        except ModelUnavailable as error:
            self.purse.spent_microusd += cost_of_error(error)
            raise
        self.purse.spent_microusd += answer.cost_microusd
        return evidence.hold(read_verdict(answer.text))

    @property
    def is_enough(self) -> bool:
        """Whether there are as many samples as a score takes."""
        return len(self.samples) >= self.config.samples

    def _wants_more(self) -> bool:
        if not self.is_enough:
            return True
        spread = spread_of([sample.scores() for sample in self.samples])
        return len(self.samples) < self.config.max_samples and max(spread.values()) > self.config.max_spread


def median_scores(samples: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the median per dimension."""
    return {str(one): statistics.median(sample[one] for sample in samples) for one in DIMENSIONS}


def spread_of(samples: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the highest less the lowest sample, per dimension."""
    return {
        str(one): max(sample[one] for sample in samples) - min(sample[one] for sample in samples) for one in DIMENSIONS
    }


def disagreement(samples: Sequence[dict[str, float]], dimension: str) -> float:
    """Return how far the middle half of the samples lies apart: one stray sample of seven is no disagreement."""
    values = [sample[dimension] for sample in samples]
    if len(values) < 4:
        return max(values) - min(values)
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return high - low
