"""Fault episodes: from a red test over stops, notes and edits to the green one, worked out from a trace's events."""

from __future__ import annotations

from pydantic import Field

from patchtrail.contract.wire import Count, Millis, WireModel

__all__ = ["Episode"]


class Episode(WireModel):
    """One failing test, from its first red run on; numbers are the `seq` of events."""

    test_id: str = Field(description="As its last run names it; empty where a run told of no test.")
    former_ids: list[str] = Field(default=[], description="What it was called before it was renamed.")
    message: str = Field(description="The first line of its first failure.")
    command_line: str = ""
    red: list[Count] = Field(description="The runs in which it failed, the latest ones when there are many.")
    red_runs: Count
    red_ms: Millis = Field(description="The first red run, on the session's clock.")
    green: Count | None = Field(description="The first run in which it passed; null while the episode is open.")
    green_ms: Millis | None
    stops: list[Count]
    notes: list[Count]
    edits: list[Count]
    fixing_edits: list[Count] = Field(description="What changed between the last red and the first green run.")
    first_fixing_edit: Count | None = Field(description="The earliest edit since which it can have been green.")
    is_flaky: bool = Field(description="It turned green though nothing changed, or within one run.")
