"""A patch as edits of the findings that it fixes, for formats that tie each fix to a finding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from unidiff.patch import Hunk, PatchSet

from patchtrail.patching.finding import Finding, ToolEdit, ToolFix
from patchtrail.patching.patch import Patch

__all__ = ["with_fixes"]

TITLE = "A patch that passed its checks as a whole"


def with_fixes(findings: Sequence[Finding], fixed: Sequence[Finding], patch: Patch | None) -> list[Finding]:
    """Return the findings, those that are fixed with the edits nearest to them; other tools' own fixes stay."""
    if patch is None:
        return list(findings)
    edits: dict[Finding, list[ToolEdit]] = {}
    for path, edit in _edits(patch):
        near = [one for one in fixed if one.file_path == path] or list(fixed)
        nearest = min(near, key=lambda one: abs(one.line - edit.line), default=None)
        if nearest is not None and nearest.file_path == path:
            edits.setdefault(nearest, []).append(edit)
    return [
        replace(one, fix=ToolFix(TITLE, is_safe=True, edits=tuple(edits[one]))) if one in edits else one
        for one in findings
    ]


def _edits(patch: Patch) -> Iterator[tuple[str, ToolEdit]]:
    for file in PatchSet.from_string(patch.diff_unified):
        for hunk in file:
            for edit in _runs(hunk):
                yield file.path, edit


def _runs(hunk: Hunk) -> Iterator[ToolEdit]:
    """Yield one edit of whole lines for each run of changed ones."""
    at = hunk.source_start
    old, new = 0, list[str]()
    for line in hunk:
        if line.line_type == "\\":
            continue
        if line.is_context:
            if old or new:
                yield ToolEdit(at, 0, at + old, 0, "".join(new))
                at, old, new = at + old, 0, []
            at += 1
        elif line.is_removed:
            old += 1
        else:
            new.append(line.value)
    if old or new:
        yield ToolEdit(at, 0, at + old, 0, "".join(new))
