"""The coverage ledger: what share of a session was observed, and every gap with its reason."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from patchtrail.contract.wire import Count, Millis, WireModel

__all__ = ["Channel", "Coverage", "CoverageGap"]

Channel = Literal["all", "edits", "commands", "tests", "debugger"]


class CoverageGap(WireModel):
    """A stretch of the session's monotonic clock in which a channel was not observed."""

    channel: Channel
    from_ms: Millis
    to_ms: Millis
    reason: str
    detail: str = ""


class Coverage(WireModel):
    """The ledger of one session; `observed_milli` is the observed share of its time, in thousandths."""

    duration_ms: Count
    observed_ms: Count = Field(description="Time in which no gap of the channel `all` lies.")
    observed_milli: Annotated[int, Field(ge=0, le=1000)]
    gaps: list[CoverageGap]
