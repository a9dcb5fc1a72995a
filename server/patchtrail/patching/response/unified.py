"""Read unified diffs as models write them: counts are ignored, headers may be mangled, prefixes may be missing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from patchtrail.patching.response.fences import Block, named_path
from patchtrail.patching.response.headers import FileHeader, file_header, hunk_header
from patchtrail.patching.response.proposal import FileChange, Hunk, Line

__all__ = ["UnifiedText", "looks_unified", "read_unified"]

PROSE = re.compile(r"^(?:#{1,6} |\*\*|>|\d+\. |[A-Z][\w'\u2019]*(?: |,|:$))")
MENTION = re.compile(r"(?<![\w./-])[\w./-]{1,200}\.[A-Za-z]{1,5}(?![\w/])")
END_LINES = ("</patch>", "</diff>", "*** End Patch", "*** End of File")
NO_NEWLINE = "no newline at end of file"


@dataclass
class UnifiedText:
    """What stands in one block, and whether something after its last hunk marks the end."""

    files: list[FileChange] = field(default_factory=list)
    is_ended: bool = False


@dataclass
class _Open:
    """The hunk that is being read."""

    lines: list[Line] = field(default_factory=list)
    start: int | None = None
    sections: tuple[str, ...] = ()
    promised: tuple[int, int] | None = None
    is_wanted: bool = False

    def closed(self) -> Hunk | None:
        lines = _trimmed(self.lines)
        return Hunk(tuple(lines), self.start, self.sections, self.promised) if lines else None


def looks_unified(block: Block) -> bool:
    """Return whether a block holds a unified diff, by its headers or by its marks."""
    lines = list(block.lines)
    is_diff = block.info.split(" ")[0].lower() in ("diff", "patch", "udiff")
    has_change = any(line[:1] in ("+", "-") for line in lines)
    if not has_change:
        return is_diff or any(_numbered(line) or line.startswith("diff --git ") for line in lines)
    if is_diff or any(line.startswith(("@@", "diff --git ")) for line in lines):
        return True
    has_header = any(
        line.startswith(("---", "-- ", "*** "))
        and following.startswith(("+++", "++ ", "---"))
        and file_header(lines, i, is_in_hunk=True) is not None
        for i, (line, following) in enumerate(pairwise(lines))
    )
    if has_header or not block.is_fenced:
        return has_header
    marked = [line for line in lines if line.strip()]
    signs = {line[0] for line in marked if line[0] in "+-"}
    return signs == {"+", "-"} and all(line[0] in "+- " for line in marked)


def _numbered(line: str) -> bool:
    header = hunk_header(line)
    return header is not None and header.promised is not None


def read_unified(block: Block) -> UnifiedText:
    """Return the files and hunks of one block."""
    reader = _Reader(list(block.lines), is_fenced=block.is_fenced, path=_path_before(block))
    reader.run()
    return reader.text


def _path_before(block: Block) -> str | None:
    names = [*(named_path(one) for one in block.info.split()[1:]), *map(named_path, block.before[-1:])]
    named = next((name for name in names if name), None)
    if named is not None:
        return named
    # A sentence may name the file in passing; one name alone is clear enough for a diff that says where it belongs.
    mentioned = {name for line in block.before for word in MENTION.findall(line[:1_000]) if (name := named_path(word))}
    return mentioned.pop() if len(mentioned) == 1 else None


class _Reader:
    """Goes through the lines once."""

    def __init__(self, lines: list[str], *, is_fenced: bool, path: str | None) -> None:
        self._lines = lines
        self._is_fenced = is_fenced
        self._header = FileHeader(path, 0) if path else None
        self._hunks = list[Hunk]()
        self._open = _Open() if is_fenced else None
        self.text = UnifiedText()
        marks = (i for i in range(len(lines) - 1, -1, -1) if lines[i].startswith(("@@", "diff --git", "+++ ")))
        self._last_mark = next(marks, -1)

    def run(self) -> None:
        """Read all lines."""
        i = 0
        while i < len(self._lines):
            i += self._step(i)
        self._close_file()

    def _step(self, i: int) -> int:
        line = self._lines[i]
        in_hunk = self._open is not None and bool(self._open.lines)
        header = file_header(self._lines, i, is_in_hunk=in_hunk)
        if header is not None:
            self._close_file()
            self._header, self._open = header, _Open()
            return header.length
        at = hunk_header(line)
        if at is not None:
            self._close_hunk()
            opened = _Open(start=at.start, sections=(at.section,) if at.section else (), promised=at.promised)
            self._open = opened
            if at.first:
                opened.lines.append(_line(at.first))
            return 1
        if line.strip() in END_LINES or line.startswith("```") or self._is_signature(i):
            self._close_hunk()
            self._open, self.text.is_ended = _Open() if self._is_fenced else None, True
            return 1
        if self._open is not None:
            self._body(i, line)
        return 1

    def _is_signature(self, i: int) -> bool:
        """Tell the two lines that git writes behind a patch in a mail."""
        is_dashes = self._lines[i].rstrip() == "--" and i + 1 < len(self._lines)
        return is_dashes and re.match(r"\d+\.\d+", self._lines[i + 1]) is not None

    def _body(self, i: int, line: str) -> None:
        opened = self._open
        if opened is None:
            return
        if not self._is_fenced and opened.lines and self._is_prose(i, line):
            self._close_hunk()
            self._open, self.text.is_ended = None, True
            return
        if line.startswith("\\") and (NO_NEWLINE in line.lower() or line.strip() == "\\"):
            if opened.lines:
                last = opened.lines[-1]
                opened.lines[-1] = Line(last.sign, last.text, last.raw, is_unended=True)
            return
        self.text.is_ended = False
        opened.lines.append(_line(line))

    def _is_prose(self, i: int, line: str) -> bool:
        """Tell prose behind an unfenced diff: it follows an empty line, and nothing after it is a diff."""
        is_after_gap = i > 0 and not self._lines[i - 1]
        is_long = len(line.split(None, 3)) >= 3 or line.rstrip().endswith(":")
        return i > self._last_mark and is_after_gap and is_long and PROSE.match(line) is not None

    def _close_hunk(self) -> None:
        hunk = self._open.closed() if self._open else None
        if hunk is not None:
            self._hunks.append(hunk)
        self._open = None

    def _close_file(self) -> None:
        self._close_hunk()
        header = self._header
        hunks = tuple(self._hunks)
        if hunks or (header is not None and header.problem):
            path = header.path if header else None
            is_new = header.is_new if header else False
            problem, other = (header.problem, header.other) if header else ("", None)
            self.text.files.append(FileChange(path, hunks, is_new=is_new, problem=problem, other_path=other))
        self._hunks, self._header = [], None


def _line(line: str) -> Line:
    """Return a body line; one without any prefix is context as it stands."""
    sign = line[:1]
    if sign == "+":
        return Line("+", line[1:])
    if sign == "-":
        return Line("-", line[1:])
    if sign == " ":
        return Line(" ", line[1:], raw=line)
    return Line(" ", line, raw=line)


def _trimmed(lines: list[Line]) -> list[Line]:
    """Return the lines without empty ones around them that have not even a prefix."""
    start, end = 0, len(lines)
    while start < end and _is_nothing(lines[start]):
        start += 1
    while end > start and _is_nothing(lines[end - 1]):
        end -= 1
    return lines[start:end]


def _is_nothing(line: Line) -> bool:
    return line.sign == " " and line.raw == ""
