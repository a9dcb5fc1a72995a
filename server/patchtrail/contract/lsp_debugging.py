"""What a client reports of debuggers, watched and never spoken to.

Paths are absolute, as the client sees them: the sidecar records those inside the session's roots, and of others the
name alone. Lists and texts that are too long are cut by the sidecar, so a report is never lost for its size.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from patchtrail.contract.debugging import DebugEvaluation, DebugException, DebugSteps, DebugVariable
from patchtrail.contract.wire import Count, SafeInt, WireModel

__all__ = [
    "DEBUG_REPORT",
    "BreakpointsFact",
    "DebugLostFact",
    "DebugReport",
    "DebugSessionFact",
    "DebugStandingFact",
    "DebugStopFact",
    "SeenBreakpoint",
    "SeenFrame",
]

DEBUG_REPORT = "patchtrail/debug/report"


class SeenBreakpoint(WireModel):
    """A breakpoint as the editor has it."""

    kind: Literal["source", "function", "exception", "data", "instruction"]
    path: str | None = None
    line: Count | None = None
    name: str | None = None
    condition: str | None = None
    hit_condition: str | None = None
    log_message: str | None = None
    is_enabled: bool = True


class SeenFrame(WireModel):
    """A stack frame as the adapter named it, innermost first."""

    name: str
    path: str | None
    line: Count | None


class BreakpointsFact(WireModel):
    """Breakpoints changed, whether a debugger runs or not."""

    kind: Literal["breakpoints"]
    added: list[SeenBreakpoint]
    removed: list[SeenBreakpoint]
    changed: list[SeenBreakpoint]


class DebugSessionFact(WireModel):
    """A debug session began or ended."""

    kind: Literal["session"]
    debug_id: str
    phase: Literal["started", "ended"]
    debug_type: str
    request: Literal["launch", "attach", "unknown"]
    name: str
    breakpoints: list[SeenBreakpoint]
    stops: Count = 0
    steps: DebugSteps = DebugSteps()
    exit_code: SafeInt | None = None
    duration_ms: Count | None = None


class DebugStopFact(WireModel):
    """A stop that was left."""

    kind: Literal["stop"]
    debug_id: str
    debug_type: str
    reason: str
    exception: DebugException | None
    frames: list[SeenFrame]
    frames_omitted: Count = 0
    variables: list[DebugVariable]
    evaluations: list[DebugEvaluation]
    steps_before: DebugSteps
    duration_ms: Count


class DebugStandingFact(WireModel):
    """A stop that lasts: a natural pause. It is recorded when it is left, or as `stop` when nobody can say so."""

    kind: Literal["standing"]
    duration_ms: Count
    stop: DebugStopFact | None = None


class DebugLostFact(WireModel):
    """Something of a debugger was missed."""

    kind: Literal["lost"]
    detail: str


class DebugReport(WireModel):
    """One fact of a debugger."""

    fact: Annotated[
        DebugSessionFact | DebugStopFact | DebugStandingFact | BreakpointsFact | DebugLostFact,
        Field(discriminator="kind"),
    ]
