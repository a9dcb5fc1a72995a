"""Patterns by the parts of signatures that they answer: rule, exception, message, file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from patchtrail.contract.learning import Pattern
from patchtrail.learning.signature import Signature, masked

__all__ = ["SignatureIndex"]


class SignatureIndex:
    """Made once for a library, and asked often; it answers with places in that library."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._signed: dict[tuple[str, str], list[int]] = defaultdict(list)
        for place, pattern in enumerate(patterns):
            for key in _signed(pattern):
                self._signed[key].append(place)

    def find(self, asked: Signature) -> dict[int, str]:
        """Return the patterns that share a part of a signature, those that share most first, and what they share."""
        shared = defaultdict[int, list[str]](list)
        # A file alone is no reason: it only adds to one, and so comes last.
        for key, reason in _asked(asked):
            for place in self._signed.get(key, ()):
                if place in shared or key[0] != "frame":
                    shared[place].append(reason)
        ordered = sorted(shared, key=lambda place: (-len(shared[place]), place))
        return {place: ", ".join(dict.fromkeys(shared[place])) for place in ordered}


def _signed(pattern: Pattern) -> Iterator[tuple[str, str]]:
    """Yield the parts of signatures that a pattern answers."""
    for rule in pattern.rule_ids:
        yield "rule", rule.lower()
    for example in pattern.positive:
        if example.message:
            yield "message", masked(example.message)
        if example.file_path:
            yield "frame", example.file_path


def _asked(asked: Signature) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the parts of a signature, and what it means to share each."""
    bare = asked.rule.split(":", 1)[-1]
    for rule in dict.fromkeys(one for one in (asked.rule, bare) if one):
        yield ("rule", rule), f"answers {bare.upper()}"
    if asked.exception:
        yield ("rule", asked.exception.lower()), f"answers {asked.exception}"
    if asked.message:
        yield ("message", asked.message), "has this very message"
    if asked.frame:
        yield ("frame", asked.frame.rpartition(":")[0]), "was learned in this file"
