"""The model judge: one model or several, asked several times, held to the evidence, silent where they disagree."""

from __future__ import annotations

import secrets
import statistics
import time
from collections.abc import Callable, Sequence

from patchtrail.contract.errors import InvalidInput, ModelUnavailable
from patchtrail.contract.qa import DIMENSIONS, Dimension, JudgeReason, JudgeResult, ValidationResult
from patchtrail.llm import Cancellation, Message, Model
from patchtrail.qa.case import Case
from patchtrail.qa.judge.config import JudgeConfig
from patchtrail.qa.judge.evidence import Held
from patchtrail.qa.judge.paper import Paper, paper_of
from patchtrail.qa.judge.rubric import RUBRIC_VERSION, weighted
from patchtrail.qa.judge.sampling import Purse, Sampler, disagreement, median_scores, spread_of

__all__ = ["ModelJudge"]

MASKED_APART, MASKED_APART_ONE = 1.0, 1.5
"""How far the overall score, and that of one dimension, may move when comments and strings cannot be read."""


class ModelJudge:
    """Judges with the help of models; `wait`, `clock` and `nonce` are given so that tests need not wait."""

    def __init__(
        self,
        models: Sequence[Model],
        config: JudgeConfig | None = None,
        *,
        wait: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        nonce: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        if not models:
            raise InvalidInput("A model judge needs a model.")
        self._models = models
        self._config = config or JudgeConfig()
        self._wait = wait
        self._clock = clock
        self._nonce = nonce

    @property
    def names(self) -> list[str]:
        """The models that it asks."""
        return [model.name for model in self._models]

    def judge(
        self,
        case: Case,
        validation: ValidationResult | None,
        heuristic: JudgeResult,
        cancellation: Cancellation,
    ) -> JudgeResult:
        """Return the models' judgement; raises `ModelUnavailable` when none of them gave samples enough.

        Where they disagree too much on a dimension, the heuristic's score and reasons stand there.
        """
        config = self._config
        paper = paper_of(case, validation, config.max_event_chars)
        purse = Purse(round(config.max_cost_usd * 1e6), self._clock() + config.total_s, self._clock)
        samplers = [Sampler(model, config, purse, cancellation, self._wait) for model in self._models]
        for sampler in samplers:
            sampler.gather(lambda: paper.messages(self._nonce()), paper.evidence)
        heard = [sampler for sampler in samplers if sampler.is_enough]
        problems = [f"{one.model.name}: {one.problem}" for one in samplers if not one.is_enough]
        if not heard:
            raise ModelUnavailable(" ".join(problems), detail={"cost_microusd": purse.spent_microusd})
        result = _combined(heard, heuristic, config.max_spread)
        is_moved = self._is_moved_by_masking(heard[0], paper, result)
        return result.model_copy(
            update={
                "needs_human": result.needs_human or is_moved,
                "cost_usd": purse.spent_microusd / 1e6,
                "fallback": " ".join(problems),
            }
        )

    def _is_moved_by_masking(self, sampler: Sampler, paper: Paper, result: JudgeResult) -> bool:
        """Return whether a sample that cannot read comments and strings comes out quite otherwise."""
        if sampler.purse.why_closed():
            return False

        def words() -> tuple[Message, ...]:
            return paper.messages(self._nonce(), mask=True)

        try:
            blind = sampler.ask(words(), paper.evidence).scores()
        except (InvalidInput, ModelUnavailable):
            # The samples stand without it; a failure here says nothing of them.
            return False
        plain = median_scores([sample.scores() for sample in sampler.samples])
        apart = [abs(blind[one] - plain[one]) for one in plain if one not in result.abstained]
        return abs(weighted(blind) - weighted(plain)) > MASKED_APART or max(apart, default=0.0) > MASKED_APART_ONE


def _combined(samplers: Sequence[Sampler], heuristic: JudgeResult, max_spread: float) -> JudgeResult:
    by_model = [[sample.scores() for sample in sampler.samples] for sampler in samplers]
    medians = [median_scores(samples) for samples in by_model]
    every = [scores for samples in by_model for scores in samples]
    abstained = [one for one in DIMENSIONS if _is_split(one, by_model, medians, max_spread)]
    scores = {
        str(one): heuristic.scores[one] if one in abstained else statistics.median(told[one] for told in medians)
        for one in DIMENSIONS
    }
    held = [sample for sampler in samplers for sample in sampler.samples]
    return JudgeResult(
        scores=scores,
        overall=weighted(scores),
        kind="model",
        rubric_version=RUBRIC_VERSION,
        reasons=_reasons(scores, abstained, held, heuristic),
        models=[sampler.model.name for sampler in samplers],
        samples=every,
        spread=spread_of(every),
        abstained=abstained,
        needs_human=bool(abstained),
        heuristic_overall=heuristic.overall,
    )


def _is_split(
    dimension: Dimension, by_model: list[list[dict[str, float]]], medians: list[dict[str, float]], max_spread: float
) -> bool:
    within = max(disagreement(samples, dimension) for samples in by_model)
    between = max(told[dimension] for told in medians) - min(told[dimension] for told in medians)
    return max(within, between) > max_spread


def _reasons(
    scores: dict[str, float], abstained: Sequence[Dimension], held: Sequence[Held], heuristic: JudgeResult
) -> list[JudgeReason]:
    """Return per dimension the reasons of the sample that is nearest to the score, or else the heuristic's."""
    reasons = list[JudgeReason]()
    for dimension in DIMENSIONS:
        told = heuristic.reasons
        if dimension not in abstained:
            told = min(held, key=lambda one: abs(one.scores()[dimension] - scores[dimension])).reasons
        reasons += [reason for reason in told if reason.dimension == dimension]
    return reasons
