"""The one place where signed integers become published decimals, and back.

Signed bytes hold no floats: times are integer milliseconds there, and money is integer millionths of a US dollar. The
published documents use decimal seconds and dollars.
"""

from __future__ import annotations

__all__ = [
    "micros_from_seconds",
    "microusd_from_usd",
    "millis_from_seconds",
    "seconds_from_micros",
    "seconds_from_millis",
    "usd_from_microusd",
]


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


def microusd_from_usd(usd: float) -> int:
    """Return the nearest integer millionths of a dollar."""
    return round(usd * 1_000_000)


def usd_from_microusd(microusd: int) -> float:
    """Return decimal dollars."""
    return microusd / 1_000_000
