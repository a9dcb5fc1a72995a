"""A pattern that matches, as an editor shows it: a label, a short card beside it, a whole one under the pointer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from patchtrail.contract.learning import Pattern
from patchtrail.editor.inert_markup import fenced, inline, one_line
from patchtrail.learning.pattern_places import PatternPlace
from patchtrail.learning.scope import LANGUAGES

__all__ = ["card", "label", "tooltip"]

MAX_LABEL, MAX_NAME, MAX_TEXT = 40, 120, 1_200
MOST_EXCEPTIONS = 5
FENCED = frozenset(LANGUAGES.values())

Inline = Callable[[str, int], str]


def label(place: PatternPlace) -> str:
    """Return what stands at the line's end."""
    return f"⚑ {one_line(place.pattern.name, MAX_LABEL)}"


def tooltip(place: PatternPlace, language: str) -> str:
    """Return why a hint is shown, and what to write, as Markdown."""
    return "\n\n".join([*_head(place, inline), *_example("Write:", place.pattern.good_example, language)])


def card(place: PatternPlace, language: str, *, is_markdown: bool) -> str:
    """Return all that a person wants to know of a pattern, as Markdown or as plain text."""
    pattern, shown = place.pattern, inline if is_markdown else one_line
    mark = "**" if is_markdown else ""
    parts = [f"{mark}⚑ {shown(pattern.name, MAX_NAME)}{mark} · {pattern.severity} severity", *_head(place, shown)]
    parts += _example("Instead of:", pattern.bad_example, language)
    parts += _example("Write:", pattern.good_example, language)
    told = [shown(one, MAX_NAME) for one in pattern.exceptions[:MOST_EXCEPTIONS] if one.strip()]
    if told:
        parts.append(f"Not where: {'; '.join(told)}")
    return "\n\n".join([*parts, _counts(pattern)])


def _head(place: PatternPlace, shown: Inline) -> Iterator[str]:
    if place.pattern.description.strip():
        yield shown(place.pattern.description, MAX_TEXT)
    yield f"Shown because: {shown(place.reason, MAX_TEXT)}."


def _example(title: str, code: str, language: str) -> Iterator[str]:
    if code.strip():
        yield f"{title}\n\n{fenced(code, language if language in FENCED else '')}"


def _counts(pattern: Pattern) -> str:
    return f"Happened {pattern.occurrence_frequency} times · helped {pattern.helpful}, harmed {pattern.harmful}"
