"""Replace what must not be recorded, before anything is hashed or written.

Laws, held by property tests: redacting twice equals redacting once; no newline is added or dropped; a diff of
redacted texts applies to the redacted base and gives the redacted result.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from patchtrail.contract.events import Redactor as RedactorFacts
from patchtrail.contract.wire import RedactedAsText, WireModel
from patchtrail.redaction.literals import Literal
from patchtrail.redaction.paths import is_denied
from patchtrail.redaction.placeholder import PLACEHOLDER, placeholder
from patchtrail.redaction.rules import RULES_VERSION, Span, pem_spans, rule_spans, rules_sha256

__all__ = ["Redactor"]

MAX_PASSES = 6
Model = TypeVar("Model", bound=WireModel)


class Redactor:
    """The rules in force for one session: its key, its known literals and its denied paths."""

    def __init__(self, key: bytes, literals: Iterable[Literal], denied_paths: tuple[str, ...] = ()) -> None:
        self._key = key
        # The longest first, so that a secret that contains another is replaced whole.
        self._literals = sorted(set(literals), key=lambda known: (-len(known.value), known.value, known.rule))
        self._denied_paths = denied_paths

    def facts(self) -> RedactorFacts:
        """Return what the `redactor` event tells: the rules' version and hash, and how many literals are known."""
        return RedactorFacts(
            rules_version=RULES_VERSION, rules_sha256=rules_sha256(), literal_count=len(self._literals)
        )

    def denies(self, path: str) -> bool:
        """Return whether the content of `path` must not be captured at all."""
        return is_denied(path, self._denied_paths)

    def text(self, text: str) -> str:
        """Return `text` with every secret replaced, line for line.

        A pass is repeated until nothing more is found. A line that never settles is replaced whole: better to
        lose it than to leak it.
        """
        before = text
        for _ in range(MAX_PASSES):
            after = self._pass(before)
            if after == before:
                return after
            before = after
        settled, unsettled = before.split("\n"), self._pass(before).split("\n")
        lines = (a if a == b else placeholder("line", a, self._key) for a, b in zip(settled, unsettled, strict=True))
        return "\n".join(lines)

    def holds_literal(self, content: bytes) -> bool:
        """Return whether a known literal stands in bytes that are no text, in which nothing can be replaced."""
        text = content.decode("latin-1")
        bytewise = (replace(known, value=known.value.encode().decode("latin-1")) for known in self._literals)
        return any(next(_literal_spans(text, known), None) is not None for known in bytewise)

    def data(self, model: Model) -> Model:
        """Return a wire model with its free text redacted; patterns, enumerations and diffs stay as they are."""
        changed = {}
        for name, info in type(model).model_fields.items():
            value = getattr(model, name)
            redacted = self._value(value, is_text=_is_free_text(info))
            if redacted != value:
                changed[name] = redacted
        return model.model_copy(update=changed) if changed else model

    def _value(self, value: Any, *, is_text: bool) -> Any:  # noqa: ANN401 -- a field may hold any wire value
        if isinstance(value, WireModel):
            return self.data(value)
        if isinstance(value, list):
            return [self._value(item, is_text=is_text) for item in value]
        return self.text(value) if is_text and isinstance(value, str) else value

    def _pass(self, text: str) -> str:
        spans = _merged(self._spans(text), [match.span() for match in PLACEHOLDER.finditer(text)])
        if not spans:
            return text
        pieces, at = list[str](), 0
        for span in spans:
            pieces += [text[at : span.start], self._replaced(text[span.start : span.stop], span.rule)]
            at = span.stop
        return "".join([*pieces, text[at:]])

    def _replaced(self, secret: str, rule: str) -> str:
        """Return a placeholder per line, so that line counts are kept."""
        return "\n".join(placeholder(rule, line, self._key) if line else line for line in secret.split("\n"))

    def _spans(self, text: str) -> Iterator[Span]:
        for known in self._literals:
            yield from _literal_spans(text, known)
        if "-----BEGIN " in text:
            yield from pem_spans(text)
        yield from rule_spans(text)


def _literal_spans(text: str, known: Literal) -> Iterator[Span]:
    at = text.find(known.value)
    while at >= 0:
        stop = at + len(known.value)
        if not known.is_word or _stands_alone(text, at, stop):
            yield Span(at, stop, known.rule)
        at = text.find(known.value, stop)


def _stands_alone(text: str, start: int, stop: int) -> bool:
    """Return whether no letter or digit touches a letter or digit at either end of the word."""
    is_cut_before = start > 0 and text[start - 1].isalnum() and text[start].isalnum()
    is_cut_after = stop < len(text) and text[stop - 1].isalnum() and text[stop].isalnum()
    return not (is_cut_before or is_cut_after)


def _merged(spans: Iterable[Span], placeholders: list[tuple[int, int]]) -> list[Span]:
    """Return disjoint spans in order: overlapping ones joined, none inside or cutting a placeholder."""
    ordered = sorted(spans, key=lambda span: (span.start, -span.stop))
    merged: list[Span] = []
    for span in ordered:
        widened = _widened(span, placeholders)
        if widened is None:
            continue
        if merged and widened.start < merged[-1].stop:
            last = merged[-1]
            merged[-1] = Span(last.start, max(last.stop, widened.stop), last.rule)
        else:
            merged.append(widened)
    return merged


def _widened(span: Span, placeholders: list[tuple[int, int]]) -> Span | None:
    """Return the span with every placeholder that it touches taken in whole; none if it lies inside one."""
    start, stop = span.start, span.stop
    first = max(bisect_right(placeholders, (span.start, 0)) - 1, 0)
    for index in range(first, len(placeholders)):
        held_start, held_stop = placeholders[index]
        if held_start >= stop:
            break
        if held_start <= span.start and span.stop <= held_stop:
            return None
        if start < held_stop:
            start, stop = min(start, held_start), max(stop, held_stop)
    return Span(start, stop, span.rule)


def _is_free_text(info: FieldInfo) -> bool:
    """Return whether a field is plain text: `str`, `str | None` or `list[str]` without a pattern or a mark."""
    if any(isinstance(mark, RedactedAsText) or getattr(mark, "pattern", None) for mark in info.metadata):
        return False
    annotation = info.annotation
    if get_origin(annotation) is list:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) is Union or "|" in str(annotation):
        return str in get_args(annotation)
    return annotation is str
