"""What an answer proposes, whatever its form: hunks, whole texts and definitions, not yet located anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["FileChange", "Hunk", "Line", "Reading", "Sign"]

Sign = Literal[" ", "-", "+"]


@dataclass(frozen=True)
class Line:
    """One line of a hunk. `raw` is a context line as it stood, when its first blank may be no prefix at all."""

    sign: Sign
    text: str
    raw: str | None = None
    is_unended: bool = False


@dataclass(frozen=True)
class Hunk:
    """Lines that belong together. `start` is a hint, from 1; `promised` are the header's counts, which are not trusted.

    `range` are the stated lines of an edit that quotes no old text, both included.
    """

    lines: tuple[Line, ...]
    start: int | None = None
    sections: tuple[str, ...] = ()
    promised: tuple[int, int] | None = None
    is_at_end: bool = False
    range: tuple[int, int] | None = None

    @property
    def old(self) -> list[Line]:
        """The lines that should be in the file."""
        return [line for line in self.lines if line.sign != "+"]

    @property
    def new(self) -> list[Line]:
        """The lines that should stand there afterwards."""
        return [line for line in self.lines if line.sign != "-"]

    @property
    def is_changing(self) -> bool:
        """Whether any line is added or removed."""
        return self.range is not None or any(line.sign != " " for line in self.lines)


@dataclass(frozen=True)
class FileChange:
    """What becomes of one file; `path` is as the answer spelt it, None where it named none.

    `whole` is the file's whole new text, `definition` the new text of one or more of its definitions, and `problem`
    says what is asked that a patch cannot do, such as deleting the file. `other_path` is the old side's name where it
    differs.
    """

    path: str | None
    hunks: tuple[Hunk, ...] = ()
    is_new: bool = False
    whole: str | None = None
    definition: str | None = None
    problem: str = ""
    other_path: str | None = None


@dataclass(frozen=True)
class Reading:
    """One way to read an answer.

    `is_closed` says that something after the last change marks its end, `is_open` that such a mark was begun in vain.
    """

    form: str
    files: tuple[FileChange, ...]
    is_closed: bool = True
    is_cut: bool = False
    is_open: bool = False
    blocks: int = 1
