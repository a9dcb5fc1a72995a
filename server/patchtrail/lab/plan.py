"""How many requests, drawn by which seed, misheard how often, and how large a golden set."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LabPlan"]


@dataclass(frozen=True)
class LabPlan:
    """What decides a simulation: the same plan gives the same result."""

    runs: int = 1000
    seed: int = 7
    noise: float = 0.03
    golden: int = 40
