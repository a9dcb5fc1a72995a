"""What events tell of a debugger, in the words of the Debug Adapter Protocol.

Names and types of variables are recorded; values only where the participant switched that on.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from patchtrail.contract.wire import Count, SafeInt, WireModel

__all__ = [
    "Breakpoint",
    "Breakpoints",
    "DebugEvaluation",
    "DebugException",
    "DebugFrame",
    "DebugSession",
    "DebugSteps",
    "DebugStop",
    "DebugVariable",
]


class Breakpoint(WireModel):
    """One breakpoint; `file_path` is relative to its root, or null outside of the session's roots."""

    kind: Literal["source", "function", "exception", "data", "instruction"]
    file_path: str | None
    line: Count | None = Field(description="From 1.")
    name: str | None = Field(default=None, description="Function name, or the exception filter.")
    condition: str | None = None
    hit_condition: str | None = None
    log_message: str | None = None
    is_enabled: bool = True
    root: str = ""


class Breakpoints(WireModel):
    """Breakpoints changed, whether a debugger runs or not."""

    added: list[Breakpoint]
    removed: list[Breakpoint]
    changed: list[Breakpoint]


class DebugSteps(WireModel):
    """How a debugged program was moved on."""

    next: Count = 0
    step_in: Count = 0
    step_out: Count = 0
    step_back: Count = 0
    continues: Count = 0
    pauses: Count = 0


class DebugSession(WireModel):
    """A debug session began or ended; `debug_id` is the same in its stops."""

    debug_id: str
    phase: Literal["started", "ended"]
    debug_type: str
    request: Literal["launch", "attach", "unknown"]
    name: str
    breakpoints: list[Breakpoint]
    stops: Count = 0
    steps: DebugSteps = DebugSteps()
    exit_code: SafeInt | None = None
    duration_ms: Count | None = None


class DebugException(WireModel):
    """The exception at which a program stopped, as `exceptionInfo` and the stop itself tell it."""

    type_name: str
    message: str
    break_mode: str | None = None


class DebugFrame(WireModel):
    """A stack frame, innermost first."""

    name: str
    file_path: str | None = Field(description="Relative to its root; null outside of the session's roots.")
    line: Count | None
    root: str = ""


class DebugVariable(WireModel):
    """A variable that was looked at; `value` is null unless recording values is switched on."""

    scope: str
    name: str
    type_name: str | None
    value: str | None = None


class DebugEvaluation(WireModel):
    """An expression that the participant had evaluated: in the console, as a watch, or by hovering."""

    expression: str
    context: str
    is_error: bool
    type_name: str | None = None
    value: str | None = None


class DebugStop(WireModel):
    """One stop of a debugged program, told when it is left; `steps_before` led to it."""

    debug_id: str
    debug_type: str
    reason: str = Field(description="As the adapter names it: breakpoint, exception, step, pause, entry, …")
    exception: DebugException | None
    frames: list[DebugFrame]
    frames_omitted: Count = 0
    variables: list[DebugVariable]
    evaluations: list[DebugEvaluation]
    steps_before: DebugSteps
    duration_ms: Count = Field(description="How long the program stood.")
