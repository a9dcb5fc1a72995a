"""Broken strings of several lines: not closed, too long, with trailing blanks, joined by hand."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from patchtrail.evaluation.mutation import Mutation, edited
from patchtrail.evaluation.source import Source, indent_of

__all__ = ["MAX_LINE", "long_string_line", "open_string", "split_string", "trailing_blank_in_string"]

GROUP = "multi-line strings"
MAX_LINE = 100
"""The line length that the workspace's Ruff is told."""


def open_string(source: Source, _random: Random) -> Iterator[Mutation]:
    """Drop the quotes that close a docstring of several lines."""
    for one in source.docstrings:
        at, line = one.last - 1, source.lines[one.last - 1]
        if not one.is_multi_line or one.text.count('"""') != 2 or not line.rstrip().endswith('"""'):
            continue
        kept = line.rstrip()[:-3]
        yield Mutation("invalid-syntax", GROUP, at, at + 1, (kept + "\n",) if kept.strip() else ())


def long_string_line(source: Source, _random: Random) -> Iterator[Mutation]:
    """Join two lines of a paragraph in a docstring, so that the line is too long."""
    for one in source.docstrings:
        for at in range(one.first + 1, one.last - 2):
            line, below = source.lines[at], source.lines[at + 1]
            is_prose = line.strip()[:1].isalpha() and below.strip()[:1].islower() and '"""' not in below
            joined = f"{line.rstrip()} {below.strip()}\n"
            if is_prose and indent_of(line) == indent_of(below) and len(joined) > MAX_LINE + 5:
                yield Mutation("E501", GROUP, at, at + 2, (joined,))


def trailing_blank_in_string(source: Source, random: Random) -> Iterator[Mutation]:
    """Leave blanks at the end of a line inside a string."""
    for at in sorted(source.inside_string):
        line = source.lines[at]
        if at + 1 in source.inside_string and line.strip() and line == line.rstrip() + "\n" and "\\" not in line:
            yield edited("W291", GROUP, at, line.rstrip() + " " * random.randint(1, 4) + "\n")


def split_string(source: Source, _random: Random) -> Iterator[Mutation]:
    """Join two literals of one string by a plus sign, as people do over several lines."""
    for at, line in enumerate(source.lines[:-1]):
        below = source.lines[at + 1]
        ends, starts = line.rstrip().endswith('"'), below.strip().startswith(('"', 'f"'))
        is_pair = ends and starts and below.rstrip().endswith('"') and at + 1 not in source.inside_string
        if is_pair and indent_of(line) == indent_of(below) and line.count('"') == 2 and '"""' not in line + below:
            yield edited("ISC003", GROUP, at, line.rstrip() + " +\n")
