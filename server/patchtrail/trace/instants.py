"""Instants as other formats write them: RFC 3339 text, and Unix nanoseconds as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["rfc3339", "unix_nanos"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_MS = 253_402_300_799_999
"""The last millisecond of the year 9999; a clock that was set beyond it is shown as this."""


def rfc3339(unix_ms: int) -> str:
    """Return an instant with milliseconds and `Z`; what no calendar can show is moved to the nearest that it can."""
    held = min(max(unix_ms, 0), LAST_MS)
    return (EPOCH + timedelta(milliseconds=held)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def unix_nanos(unix_ms: int) -> str:
    """Return Unix nanoseconds as OTLP's JSON encoding writes 64-bit integers."""
    return str(min(max(unix_ms, 0), LAST_MS) * 1_000_000)
