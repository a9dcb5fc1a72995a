"""Keeps of a long trace what matters most, within a number of characters, in order."""

from __future__ import annotations

from collections.abc import Sequence

from patchtrail.qa.judge.event_text import EventText

__all__ = ["condensed"]

OVERHEAD = 40
"""Characters around each event."""


def condensed(texts: Sequence[EventText], max_chars: int) -> list[EventText]:
    """Return the events that fit: by rank, and within a rank from both ends, where sessions tell most."""
    kept, left = set[int](), max_chars
    for rank in sorted({one.rank for one in texts}, reverse=True):
        for index in _from_both_ends([at for at, one in enumerate(texts) if one.rank == rank]):
            size = len(texts[index].text) + OVERHEAD
            if size <= left:
                kept.add(index)
                left -= size
    return [texts[index] for index in sorted(kept)]


def _from_both_ends(indexes: list[int]) -> list[int]:
    order = list[int]()
    for at in range((len(indexes) + 1) // 2):
        order += dict.fromkeys((indexes[at], indexes[-1 - at]))
    return order
