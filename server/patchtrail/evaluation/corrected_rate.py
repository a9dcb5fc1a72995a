"""The rate that a judge's errors hide: how many are good, given how many it calls good and how often it errs.

Sources: Rogan and Gladen 1978 (American Journal of Epidemiology 107, 71-76) for the rate; Lang and Reiczigel 2014
(Preventive Veterinary Medicine 113, 13-22) for an interval with the uncertainty of both error rates in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from patchtrail.evaluation.weighted import Share
from patchtrail.learning.wilson import Z

__all__ = ["CorrectedRate", "corrected_rate"]


@dataclass(frozen=True)
class CorrectedRate:
    """A rate from 0 to 1 with its 95 % interval."""

    rate: float
    low: float
    high: float


def corrected_rate(called_good: Share, tpr: Share, tnr: Share) -> CorrectedRate | None:
    """Return (p + TNR - 1) / (TPR + TNR - 1), cut to 0 to 1.

    None where the judge tells good from bad no better than chance, or where one of the three was never observed.
    """
    skill = tpr.share + tnr.share - 1
    if skill <= 0 or not (called_good.of and tpr.of and tnr.of):
        return None
    rate = _cut((called_good.share + tnr.share - 1) / skill)
    low, high = _interval(called_good, tpr, tnr)
    return CorrectedRate(rate, min(low, rate), max(high, rate))


def _interval(called_good: Share, tpr: Share, tnr: Share) -> tuple[float, float]:
    """Return Lang and Reiczigel's limits; everything where a sample so small cannot exclude a judge without skill."""
    of = called_good.of + Z**2
    called = (called_good.of * called_good.share + Z**2 / 2) / of
    true_positive, true_negative = _softened(tpr), _softened(tnr)
    skill = true_positive.share + true_negative.share - 1
    if skill <= 0:
        return 0.0, 1.0
    rate = (called + true_negative.share - 1) / skill
    of_positive, of_negative = _variance(true_positive), _variance(true_negative)
    spread = math.sqrt(called * (1 - called) / of + rate**2 * of_positive + (1 - rate) ** 2 * of_negative) / skill
    middle = rate + 2 * Z**2 * (rate * of_positive - (1 - rate) * of_negative)
    return _cut(middle - Z * spread), _cut(middle + Z * spread)


def _softened(one: Share) -> Share:
    """Return the share with one hit and one miss more, so that none is certain."""
    return Share((one.of * one.share + 1) / (one.of + 2), one.of + 2)


def _variance(one: Share) -> float:
    return one.share * (1 - one.share) / one.of


def _cut(rate: float) -> float:
    return min(1.0, max(0.0, rate))
