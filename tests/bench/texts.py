"""Texts to measure with: the standard library's sources, and copies of them with a few lines changed."""

from __future__ import annotations

import random
import sysconfig
from functools import cache
from pathlib import Path

__all__ = ["changed", "source_lines", "source_texts"]

MAX_TEXT_CHARS = 300_000


@cache
def source_texts() -> tuple[str, ...]:
    """Return the standard library's top-level modules, each whole."""
    paths = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    texts = (path.read_text("utf-8") for path in paths)
    return tuple(text for text in texts if text and len(text) <= MAX_TEXT_CHARS)


@cache
def source_lines(count: int) -> tuple[str, ...]:
    """Return the first `count` lines of those modules, each with its LF."""
    lines = [line + "\n" for text in source_texts() for line in text.removesuffix("\n").split("\n")]
    assert len(lines) >= count, "the standard library is longer than this"
    return tuple(lines[:count])


def changed(lines: tuple[str, ...], count: int, *, seed: int) -> str:
    """Return the text with `count` lines changed at places that the seed draws: replaced, added or removed in turn."""
    places = random.Random(seed).sample(range(len(lines)), count)
    edited = list(lines)
    for index, place in enumerate(places):
        mark = f"    changed_{seed}_{index} = True\n"
        edited[place] = (mark, edited[place] + mark, "")[index % 3]
    return "".join(edited)
