"""Reverse mutation: correct code is broken in one known way, so that the right change is known too.

A mutation replaces whole lines of the correct text. Several of them can stand in one file, and each can be taken back
alone: that is the truth which an answer is measured by.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from patchtrail.evaluation.source import Source

__all__ = ["Mutation", "are_apart", "broken", "edited", "line_after", "mended"]

APART = 9
"""Lines between two mutations of one file, so that their hunks do not touch."""


@dataclass(frozen=True)
class Mutation:
    """Lines `first` to `last` of the correct text (from 0, the end excluded) become `lines`."""

    rule_id: str
    group: str
    first: int
    last: int
    lines: tuple[str, ...]


def edited(rule_id: str, group: str, at: int, line: str) -> Mutation:
    """Return the mutation that replaces the one line `at`."""
    return Mutation(rule_id, group, at, at + 1, (line,))


def are_apart(mutations: Iterable[Mutation]) -> bool:
    """Return whether no two mutations stand so close that one change would touch both."""
    ordered = sorted(mutations, key=lambda one: one.first)
    return all(one.last + APART <= other.first for one, other in pairwise(ordered))


def broken(source: Source, mutations: Sequence[Mutation]) -> str:
    """Return the text with all `mutations` in it."""
    lines = list(source.lines)
    for one in sorted(mutations, key=lambda one: one.first, reverse=True):
        lines[one.first : one.last] = one.lines
    return "".join(lines)


def mended(source: Source, mutations: Sequence[Mutation], mutation: Mutation) -> str:
    """Return the broken text in which `mutation` alone is taken back."""
    return broken(source, [one for one in mutations if one is not mutation])


def line_after(mutations: Sequence[Mutation], mutation: Mutation) -> int:
    """Return where a mutation's lines begin in the broken text, from 0."""
    return mutation.first + sum(
        len(one.lines) - (one.last - one.first) for one in mutations if one.first < mutation.first
    )
