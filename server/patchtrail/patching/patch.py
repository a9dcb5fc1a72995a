"""A patch: what each file was and becomes, and how each hunk of an answer found its place."""

from __future__ import annotations

from dataclasses import dataclass

from patchtrail.contract.attempt import FailureMode, HunkRecord, LocatedBy
from patchtrail.text.diff import diff, diff_of_names

__all__ = ["FilePatch", "LocatedHunk", "Patch", "Refusal"]


@dataclass(frozen=True)
class LocatedHunk:
    """One hunk of an answer in the real file: `line` is where its old side begins, from 1."""

    file_path: str
    line: int
    old_lines: int
    new_lines: int
    located_by: LocatedBy
    certainty_milli: int

    def record(self) -> HunkRecord:
        """Return it as attempts keep it."""
        return HunkRecord(
            file_path=self.file_path,
            line=self.line,
            old_lines=self.old_lines,
            new_lines=self.new_lines,
            located_by=self.located_by,
            certainty_milli=self.certainty_milli,
        )


@dataclass(frozen=True)
class FilePatch:
    """One file's text before and after; `before` is None for a new file."""

    file_path: str
    before: str | None
    after: str


@dataclass(frozen=True)
class Patch:
    """Files in the order of their paths; never empty, and every file changes."""

    files: tuple[FilePatch, ...]
    hunks: tuple[LocatedHunk, ...]

    @property
    def diff_unified(self) -> str:
        """The canonical unified diff, which `git apply` takes."""
        return "".join(
            diff_of_names("", one.after, "/dev/null", f"b/{one.file_path}")
            if one.before is None
            else diff(one.before, one.after, one.file_path)
            for one in self.files
        )


@dataclass(frozen=True)
class Refusal:
    """Why there is no patch: a mode of the closed list, and a sentence for a person and for a retry."""

    mode: FailureMode
    message: str
