"""Columns as tools count them, turned into UTF-16 units as documents count them."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["utf16_of_bytes", "utf16_of_characters"]


def utf16_of_characters(lines: Sequence[str], line: int, column: int) -> int:
    """Return how many UTF-16 units stand before a column of a line; lines from 1, columns are characters from 0."""
    text = lines[line - 1] if 1 <= line <= len(lines) else ""
    before = text[: max(0, column)]
    return max(0, column) + sum(one > "\uffff" for one in before)


def utf16_of_bytes(lines: Sequence[str], line: int, column: int) -> int:
    """Return the same where columns are bytes of UTF-8."""
    text = lines[line - 1] if 1 <= line <= len(lines) else ""
    if text.isascii():
        return max(0, column)
    before = text.encode("utf-8", "surrogatepass")[: max(0, column)].decode("utf-8", "ignore")
    return len(before) + sum(one > "\uffff" for one in before)
