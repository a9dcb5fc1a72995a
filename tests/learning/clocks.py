"""A clock that a test sets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["Clock"]


class Clock:
    """Tells the time that it was given last."""

    def __init__(self) -> None:
        self.time = datetime(2024, 1, 4, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the time."""
        return self.time

    def goes(self, **by: float) -> None:
        """Move on, or back."""
        self.time += timedelta(**by)
