"""What a client reports of a debugger becomes events: bounded, rooted, and without values unless they are wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from patchtrail.capture.places import Places
from patchtrail.contract.debugging import (
    Breakpoint,
    Breakpoints,
    DebugEvaluation,
    DebugException,
    DebugFrame,
    DebugSession,
    DebugStop,
    DebugVariable,
)
from patchtrail.contract.events import Gap
from patchtrail.contract.lsp_debugging import (
    BreakpointsFact,
    DebugLostFact,
    DebugSessionFact,
    DebugStandingFact,
    DebugStopFact,
    SeenBreakpoint,
    SeenFrame,
)

__all__ = ["DebugEvent", "DebugFact", "DebugTeller", "StandingStops"]

DebugEnd = DebugSessionFact | DebugStopFact | BreakpointsFact | DebugLostFact
DebugFact = DebugEnd | DebugStandingFact
DebugEvent = DebugSession | DebugStop | Breakpoints | Gap
MAX_FRAMES, MAX_VARIABLES, MAX_EVALUATIONS, MAX_BREAKPOINTS = 20, 200, 100, 200
MAX_NAME_CHARS, MAX_TEXT_CHARS = 300, 2_000


@dataclass(frozen=True)
class DebugTeller:
    """Tells facts of a debugger as events. Texts are cut after they are redacted: half a secret is not known as one."""

    places: Places
    redact: Callable[[str], str]
    with_values: bool

    def event(self, fact: DebugEnd, now_ms: int) -> DebugEvent:
        """Return the event of a fact."""
        match fact:
            case BreakpointsFact():
                return Breakpoints(
                    added=self._breakpoints(fact.added),
                    removed=self._breakpoints(fact.removed),
                    changed=self._breakpoints(fact.changed),
                )
            case DebugSessionFact():
                return self._session(fact)
            case DebugStopFact():
                return self.stop(fact)
            case DebugLostFact():
                return Gap(from_ms=now_ms, to_ms=now_ms, reason="debugger", detail=self._text(fact.detail))

    def _session(self, fact: DebugSessionFact) -> DebugSession:
        return DebugSession(
            debug_id=self._name(fact.debug_id),
            phase=fact.phase,
            debug_type=self._name(fact.debug_type),
            request=fact.request,
            name=self._name(fact.name),
            breakpoints=self._breakpoints(fact.breakpoints),
            stops=fact.stops,
            steps=fact.steps,
            exit_code=fact.exit_code,
            duration_ms=fact.duration_ms,
        )

    def stop(self, fact: DebugStopFact) -> DebugStop:
        """Return a stop's event."""
        frames = [self._frame(frame) for frame in fact.frames[:MAX_FRAMES]]
        return DebugStop(
            debug_id=self._name(fact.debug_id),
            debug_type=self._name(fact.debug_type),
            reason=self._name(fact.reason),
            exception=None if fact.exception is None else self._exception(fact.exception),
            frames=frames,
            frames_omitted=fact.frames_omitted + len(fact.frames) - len(frames),
            variables=[self._variable(one) for one in fact.variables[:MAX_VARIABLES]],
            evaluations=[self._evaluation(one) for one in fact.evaluations[:MAX_EVALUATIONS]],
            steps_before=fact.steps_before,
            duration_ms=fact.duration_ms,
        )

    def _breakpoints(self, seen: list[SeenBreakpoint]) -> list[Breakpoint]:
        return [self._breakpoint(one) for one in seen[:MAX_BREAKPOINTS]]

    def _breakpoint(self, seen: SeenBreakpoint) -> Breakpoint:
        place = self.places.rooted(seen.path)
        # Of a breakpoint in a file that is nobody's business its line and words are nobody's business either.
        is_shown = place is not None or seen.kind != "source"
        return Breakpoint(
            kind=seen.kind,
            file_path=place.file_path if place else None,
            root=place.root if place else "",
            line=seen.line if is_shown else None,
            name=None if seen.name is None else self._name(seen.name),
            condition=self._text_or_none(seen.condition) if is_shown else None,
            hit_condition=self._text_or_none(seen.hit_condition) if is_shown else None,
            log_message=self._text_or_none(seen.log_message) if is_shown else None,
            is_enabled=seen.is_enabled,
        )

    def _frame(self, seen: SeenFrame) -> DebugFrame:
        place = self.places.rooted(seen.path)
        return DebugFrame(
            name=self._name(seen.name),
            file_path=place.file_path if place else None,
            root=place.root if place else "",
            line=seen.line if place else None,
        )

    def _exception(self, raised: DebugException) -> DebugException:
        return DebugException(
            type_name=self._name(raised.type_name),
            message=self._text(raised.message),
            break_mode=None if raised.break_mode is None else self._name(raised.break_mode),
        )

    def _variable(self, seen: DebugVariable) -> DebugVariable:
        return DebugVariable(
            scope=self._name(seen.scope),
            name=self._name(seen.name),
            type_name=None if seen.type_name is None else self._name(seen.type_name),
            value=self._value(seen.name, seen.value),
        )

    def _evaluation(self, seen: DebugEvaluation) -> DebugEvaluation:
        return DebugEvaluation(
            expression=self._text(seen.expression),
            context=self._name(seen.context),
            is_error=seen.is_error,
            type_name=None if seen.type_name is None else self._name(seen.type_name),
            value=self._value(seen.expression, seen.value),
        )

    def _value(self, name: str, value: str | None) -> str | None:
        """Return a redacted value; whose it is can give it away as a secret."""
        if value is None or not self.with_values:
            return None
        known = f"{name} = "
        shown = self.redact(f"{known}{value}")
        return _cut(shown.removeprefix(known) if shown.startswith(known) else shown, MAX_TEXT_CHARS)

    def _name(self, text: str) -> str:
        return _cut(self.redact(text), MAX_NAME_CHARS)

    def _text(self, text: str) -> str:
        return _cut(self.redact(text), MAX_TEXT_CHARS)

    def _text_or_none(self, text: str | None) -> str | None:
        return None if text is None else self._text(text)


class StandingStops:
    """Stops that last, one for each debug session, as they were told last. A killed client never says that it left."""

    def __init__(self) -> None:
        self._stops: dict[str, tuple[DebugStop, int]] = {}

    def stands(self, fact: DebugStandingFact, teller: DebugTeller, now_ms: int) -> None:
        """Take what is known of a stop by now."""
        if fact.stop is not None:
            stop = teller.stop(fact.stop)
            self._stops[stop.debug_id] = stop, now_ms

    def left(self, event: DebugEvent) -> None:
        """Forget a stop that was left."""
        if isinstance(event, DebugStop | DebugSession):
            self._stops.pop(event.debug_id, None)

    def take(self, now_ms: int) -> list[DebugStop]:
        """Return and forget the stops that stand, as long as they have stood by now."""
        stops, self._stops = self._stops, {}
        return [
            stop.model_copy(update={"duration_ms": stop.duration_ms + max(0, now_ms - told_ms)})
            for stop, told_ms in stops.values()
        ]


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"
