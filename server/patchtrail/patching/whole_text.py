"""A fence without marks of change: the whole new file, or definitions that take the place of their namesakes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from patchtrail.contract.attempt import LocatedBy
from patchtrail.patching.locate.definitions import definition_edits
from patchtrail.patching.locate.edits import Conflict, Edit, applied, merged
from patchtrail.patching.locate.elision import is_elision
from patchtrail.patching.locate.lines import FileText
from patchtrail.patching.patch import Refusal
from patchtrail.patching.response.fences import COMMENT_MARKS, named_path

__all__ = ["WholeText", "is_quote", "whole_text"]

LEAST_KEPT = 0.5
LEAST_LENGTH = 0.5
SMALL_FILE = 12


@dataclass(frozen=True)
class WholeText:
    """The new text, and what was replaced; `edits` is empty for a whole file."""

    after: str
    located_by: LocatedBy
    edits: tuple[Edit, ...] = ()


def is_quote(before: str, code: str) -> bool:
    """Return whether code stands in the file as it is, so that it only quotes."""
    plain = "\n".join(line.rstrip() for line in before.replace("\r\n", "\n").split("\n"))
    return "\n".join(line.rstrip() for line in code.split("\n")).strip("\n") in plain


def whole_text(file_path: str, before: str, code: str, *, is_certain: bool) -> WholeText | Refusal:
    """Return what the code makes of the file; `is_certain` when the answer says itself that this is the whole file."""
    file, lines = FileText(before), code.replace("\r\n", "\n").rstrip("\n").split("\n")
    if _is_label(lines[0], file_path) and lines[0].rstrip() not in file.trimmed:
        lines = lines[1:]
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    code = "\n".join(lines)
    known = set(file.keys)
    if any(is_elision(line) and line.strip() not in known for line in lines):
        return Refusal("not_located", f"The text for {file_path} leaves parts out, so that it cannot replace the file.")
    if is_certain or _is_whole(file, lines):
        blank = file.ending * _blank_lines_at_end(file)
        last = "" if file.endings and not file.endings[-1] else file.ending
        return WholeText(file.bom + file.ending.join(lines) + blank + last, "whole_file")
    edits = definition_edits(file_path, file, code)
    if isinstance(edits, str):
        return Refusal("no_change_in_answer", f"The answer shows code for {file_path}, but no change of it. {edits}")
    whole = merged(edits)
    if isinstance(whole, Conflict):
        return Refusal("ambiguous", f"The answer defines line {whole.line} of {file_path} twice.")
    return WholeText(applied(file, whole), "whole_definition", tuple(whole))


def _blank_lines_at_end(file: FileText) -> int:
    """Count the blank lines that a file ends in: a fence neither shows nor means to change them."""
    count = 0
    while count < len(file) and not file.keys[len(file) - 1 - count]:
        count += 1
    return count


def _is_label(line: str, file_path: str) -> bool:
    """Return whether a first line is a comment that only names the file."""
    name = named_path(line) if line.startswith(COMMENT_MARKS) else None
    return name is not None and name.rsplit("/", 1)[-1] == file_path.rsplit("/", 1)[-1]


def _is_whole(file: FileText, lines: list[str]) -> bool:
    """Return whether most of the file is still there."""
    old = Counter(key for key in file.keys if key)
    new = Counter(line.strip() for line in lines if line.strip())
    if not old:
        return True
    kept = sum((old & new).values())
    least = 1 if sum(old.values()) <= SMALL_FILE else LEAST_KEPT * sum(old.values())
    is_long = len(lines) >= LEAST_LENGTH * len(file)
    first = next(key for key in file.keys if key)
    return kept >= least and is_long and (first in new or kept >= 0.8 * sum(old.values()))
