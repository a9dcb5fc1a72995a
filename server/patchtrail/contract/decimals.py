"""The one place where signed integers become published decimals, and back.

Signed bytes hold no floats: times are integer milliseconds there. The published documents use decimal seconds.
"""

from __future__ import annotations

__all__ = ["micros_from_seconds", "millis_from_seconds", "seconds_from_micros", "seconds_from_millis"]


def seconds_from_millis(millis: int) -> float:
    """Return decimal seconds."""
    return millis / 1_000


def millis_from_seconds(seconds: float) -> int:
    """Return the nearest integer milliseconds."""
    return round(seconds * 1_000)


def micros_from_seconds(seconds: float) -> int:
    """Return the nearest integer microseconds: what a decimal of today carries exactly."""
    return round(seconds * 1_000_000)


def seconds_from_micros(micros: int) -> float:
    """Return decimal seconds."""
    return micros / 1_000_000
