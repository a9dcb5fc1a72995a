"""How long delivery waits: after a failure with full jitter, as long as the collector asks, and between requests."""

from __future__ import annotations

import random

__all__ = ["Backoff", "Pace"]

FIRST_S = 1.0
LONGEST_S = 15 * 60.0
LONGEST_ASKED_S = 3600.0


class Backoff:
    """When to try again; many clients that failed together do not come back together."""

    def __init__(self) -> None:
        self._failures = 0
        self._until_ms = 0

    def is_over(self, now_ms: int) -> bool:
        """Return whether it is time to try again."""
        return now_ms >= self._until_ms

    def fail(self, now_ms: int, asked_s: float | None = None) -> None:
        """Wait: as long as was asked for, and a little more; else anything between a second and a doubling ceiling."""
        if asked_s is None:
            ceiling_s = min(LONGEST_S, FIRST_S * 2 ** (self._failures + 1))
            delay_s = random.uniform(FIRST_S, ceiling_s)
        else:
            delay_s = min(max(asked_s, FIRST_S) * random.uniform(1.0, 1.1), LONGEST_ASKED_S)
        self._failures = min(self._failures + 1, 20)
        self._until_ms = now_ms + round(delay_s * 1000)

    def succeed(self) -> None:
        """Forget what failed before."""
        self._failures, self._until_ms = 0, 0


class Pace:
    """A few requests at once, then so many a second: a spool of 30 days is no flood for a collector that came back."""

    def __init__(self, *, burst: int, per_s: float) -> None:
        self._burst = burst
        self._per_s = per_s
        self._left = float(burst)
        self._seen_ms: int | None = None

    def take(self, now_ms: int) -> bool:
        """Return whether a request may be made now, and count it."""
        if self._seen_ms is not None:
            earned = max(now_ms - self._seen_ms, 0) / 1000 * self._per_s
            self._left = min(self._burst, self._left + earned)
        self._seen_ms = now_ms
        if self._left < 1:
            return False
        self._left -= 1
        return True
