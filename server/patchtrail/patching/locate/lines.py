"""A file as the search sees it: lines without their endings, and where each of them stands."""

from __future__ import annotations

from collections import Counter
from functools import cached_property

from patchtrail.patching.locate.typography import folded
from patchtrail.text import split_lines

__all__ = ["FileText", "indent_of"]

BOM = "\ufeff"


def indent_of(line: str) -> str:
    """Return the blanks that a line begins with."""
    return line[: len(line) - len(line.lstrip(" \t"))]


class FileText:
    """Lines and their endings. Only LF and CRLF end a line."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.bom = BOM if text.startswith(BOM) else ""
        whole = split_lines(text[len(self.bom) :])
        self.lines = [line.removesuffix("\n").removesuffix("\r") if line.endswith("\n") else line for line in whole]
        self.endings = ["\r\n" if line.endswith("\r\n") else "\n" if line.endswith("\n") else "" for line in whole]

    def __len__(self) -> int:
        return len(self.lines)

    @cached_property
    def ending(self) -> str:
        """The ending that most lines have."""
        counts = Counter(one for one in self.endings if one)
        return counts.most_common(1)[0][0] if counts else "\n"

    @cached_property
    def at(self) -> dict[str, list[int]]:
        """Where each line stands, by its exact text."""
        return _index(self.lines)

    @cached_property
    def trimmed(self) -> list[str]:
        """The lines without blanks at their ends."""
        return [line.rstrip() for line in self.lines]

    @cached_property
    def at_trimmed(self) -> dict[str, list[int]]:
        """Where each line stands, by its text without blanks at the end."""
        return _index(self.trimmed)

    @cached_property
    def keys(self) -> list[str]:
        """The lines without blanks around them, in plain characters."""
        return [folded(line).strip() for line in self.lines]

    @cached_property
    def at_key(self) -> dict[str, list[int]]:
        """Where each line stands, by its key."""
        return _index(self.keys)

    @cached_property
    def folded(self) -> list[str]:
        """The lines in plain characters, without blanks at their ends."""
        return [folded(line).rstrip() for line in self.lines]

    @cached_property
    def at_folded(self) -> dict[str, list[int]]:
        """Where each line stands, by its text in plain characters."""
        return _index(self.folded)

    @cached_property
    def filled(self) -> list[int]:
        """How many lines that are not blank stand before each line."""
        counts = [0]
        for key in self.keys:
            counts.append(counts[-1] + bool(key))
        return counts


def _index(lines: list[str]) -> dict[str, list[int]]:
    found = dict[str, list[int]]()
    for i, line in enumerate(lines):
        found.setdefault(line, []).append(i)
    return found
