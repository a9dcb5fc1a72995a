"""The one place where signed integers become published decimals, and back.

Signed bytes hold no floats: times are integer milliseconds there. The published documents use decimal seconds.
"""

from __future__ import annotations

__all__ = ["millis_from_seconds", "seconds_from_millis"]


def seconds_from_millis(millis: int) -> float:
    """Return decimal seconds."""
    return millis / 1_000


def millis_from_seconds(seconds: float) -> int:
    """Return the nearest integer milliseconds."""
    return round(seconds * 1_000)
