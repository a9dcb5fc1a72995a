"""How a model judge asks: which models, how often, for how much."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DEFAULT_MODEL", "JudgeConfig"]

DEFAULT_MODEL = "gpt-4o-mini"


@dataclass(frozen=True)
class JudgeConfig:
    """Of `models` several are an ensemble; none means the default. Scores are points, costs USD, times seconds.

    Each model is asked `samples` times, and up to `max_samples` times while the samples of a dimension lie more than
    `max_spread` apart.
    """

    models: tuple[str, ...] = (DEFAULT_MODEL,)
    samples: int = 3
    max_samples: int = 7
    max_spread: float = 1.0
    max_cost_usd: float = 0.25
    timeout_s: float = 90.0
    total_s: float = 240.0
    tries: int = 3
    max_event_chars: int = 60_000
    max_output_tokens: int = 6_000
