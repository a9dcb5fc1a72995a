"""Evidence that may be looked at after every single case, without a look too many making it false.

A fixed-sample interval holds for one look. Patterns are judged after each use, so here a share is tested by a mixture
likelihood ratio: under every true share up to the bound it is a non-negative supermartingale that starts at 1, and so
reaches 1/alpha with a chance of at most alpha, whenever one looks and stops (Ville 1939; Robbins 1970).
"""

from __future__ import annotations

import math

__all__ = ["evidence_above", "is_shown_above", "lower_bound"]

BISECTIONS = 40
MOST_CASES = 10_000
"""Of more cases the same share of this many is looked at, which is weaker evidence and never stronger."""


def evidence_above(hits: int, of: int, bound: float) -> float:
    """Return how much more likely `hits` of `of` are under a share above `bound` than under `bound` itself.

    The share above is mixed uniformly over (bound, 1). `bound` lies strictly between 0 and 1.
    """
    if not 0 <= hits <= of or not 0 < bound < 1:
        raise ValueError(f"{hits} of {of} against {bound}: no such count or bound")
    if of > MOST_CASES:
        hits, of = hits * MOST_CASES // of, MOST_CASES
    tail = _log_binomial_at_most(hits, of + 1, bound)
    beta = math.lgamma(hits + 1) + math.lgamma(of - hits + 1) - math.lgamma(of + 2)
    null = hits * math.log(bound) + (of - hits) * math.log1p(-bound)
    return math.exp(min(beta + tail - math.log1p(-bound) - null, 700.0))


def is_shown_above(bound: float, hits: int, of: int, alpha: float) -> bool:
    """Return whether the share is shown to lie above `bound`; true falsely with a chance of at most `alpha`, ever."""
    # Below the bound no share above it is likelier, so the sum can be spared.
    return hits > bound * of and evidence_above(hits, of, bound) >= 1 / alpha


def lower_bound(hits: int, of: int, alpha: float) -> float:
    """Return the largest share that the evidence so far refuses at level `alpha`; 0 where it refuses none."""
    low, high = 0.0, hits / of if of else 0.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if middle and is_shown_above(middle, hits, of, alpha):
            low = middle
        else:
            high = middle
    return low


def _log_binomial_at_most(hits: int, of: int, share: float) -> float:
    """Return the logarithm of the chance of at most `hits` of `of`."""
    odds, term = math.log(share) - math.log1p(-share), of * math.log1p(-share)
    terms = [term]
    for number in range(hits):
        term += math.log(of - number) - math.log(number + 1) + odds
        terms.append(term)
    top = max(terms)
    return top + math.log(math.fsum(math.exp(one - top) for one in terms))
