"""What a pattern must be to be shared: it will stand in other people's prompts and hints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from pydantic import JsonValue

from patchtrail.contract.errors import InvalidInput, StateConflict
from patchtrail.contract.learning import Pattern, PatternState
from patchtrail.learning.lifecycle import moved
from patchtrail.learning.occurrences import instant_of

__all__ = ["MAX_PATTERNS", "check_shared"]

MAX_PATTERNS = 5_000
MAX_NAME = 120
CLOCKS_APART = timedelta(days=1)


def check_shared(patterns: Sequence[Pattern], redact: Callable[[str], str], now: datetime) -> None:
    """Refuse patterns that may not be shared.

    Raises `InvalidInput`, code `bad_patterns`, for too many of them, a name or an id that is not one printable line, a
    state that the pattern's own decisions do not tell, a decision of tomorrow or later, which would hide what the
    pattern does until then, and text in which `redact` finds a secret.
    """
    if len(patterns) > MAX_PATTERNS:
        raise _bad(f"{len(patterns)} patterns are more than the {MAX_PATTERNS} that are shared.")
    for pattern in patterns:
        for name in (pattern.name, pattern.pattern_id):
            if not (0 < len(name) <= MAX_NAME and name.isprintable() and name == name.strip()):
                raise _bad(f"The name {name!r} is not one line of 1 to {MAX_NAME} printable characters.")
        for decision in pattern.decisions:
            decided_at = instant_of(decision.decided_at)
            if decided_at is None or decided_at > now + CLOCKS_APART:
                raise _bad(f"{pattern.name!r}: {decision.decided_at!r} is no time at which it can have been decided.")
        told = _told_state(pattern)
        if pattern.state != told:
            raise _bad(f"{pattern.name!r} is {pattern.state}, and by its decisions it is {told}.")
        for where, text in _texts(pattern.model_dump(mode="json")):
            if redact(text) != text:
                raise _bad(f"{pattern.name!r} holds what looks like a secret at {where}: write something else there.")


def _told_state(pattern: Pattern) -> PatternState:
    """Return where a pattern's decisions lead from a draft, each by an arrow that was open to who decided."""
    told = pattern.model_copy(update={"state": "draft", "decisions": []})
    for decision in pattern.decisions:
        try:
            told = moved(told, decision)
        except StateConflict as error:
            raise _bad(f"{pattern.name!r}: {error.message}") from error
    return told.state


def _texts(value: JsonValue, where: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from _texts(one, f"{where}.{place}")
    elif isinstance(value, dict):
        for key, one in value.items():
            yield f"{where}.{key}".lstrip("."), key
            yield from _texts(one, f"{where}.{key}".lstrip("."))


def _bad(message: str) -> InvalidInput:
    return InvalidInput(message, code="bad_patterns")
