"""Read apply-patch envelopes: `*** Begin Patch`, a section per file, `@@` lines that name what is around."""

from __future__ import annotations

import re
from dataclasses import replace

from patchtrail.patching.response.fences import Block
from patchtrail.patching.response.proposal import FileChange, Hunk, Line, Reading
from patchtrail.patching.response.unified import read_unified

__all__ = ["read_envelope"]

SECTION = re.compile(r"^\*\*\* (Update|Add|Delete|Create|Modify) File:\s*(.*?)\s*$")
MOVE = re.compile(r"^\*\*\* (?:Move|Rename)(?: File)? to:")
BEGIN, END, END_OF_FILE = "*** Begin Patch", "*** End Patch", "*** End of File"


def read_envelope(text: str) -> Reading | None:
    """Return the reading, or None when no envelope is there."""
    lines = text.split("\n")
    heads = [i for i, line in enumerate(lines) if SECTION.match(line)]
    if not heads:
        return None
    files, is_closed = list[FileChange](), False
    for head, following in zip(heads, [*heads[1:], len(lines)], strict=True):
        section, body = SECTION.match(lines[head]), lines[head + 1 : following]
        stop = next((i for i, line in enumerate(body) if line.strip() == END or line.startswith("```")), None)
        is_closed = stop is not None
        body = body if stop is None else body[:stop]
        if section is not None:
            files.append(_section(section[1], section[2].strip("`\"'"), body))
    return Reading("envelope", tuple(files), is_closed=is_closed, is_cut=not is_closed)


def _section(verb: str, path: str, body: list[str]) -> FileChange:
    if verb == "Delete":
        return FileChange(path, problem="deletes a file")
    if body and MOVE.match(body[0]):
        return FileChange(path, problem="renames or copies a file")
    if verb in ("Add", "Create"):
        while body and not body[-1].strip():
            body = body[:-1]
        added = tuple(Line("+", line.removeprefix("+")) for line in body)
        return FileChange(path, (Hunk(added),), is_new=True)
    is_at_end = any(line.strip() == END_OF_FILE for line in body)
    kept = [line for line in body if line.strip() not in (END_OF_FILE, BEGIN)]
    hunks = _stacked(kept)
    if is_at_end and hunks:
        hunks[-1] = replace(hunks[-1], is_at_end=True)
    return FileChange(path, tuple(hunks))


def _stacked(body: list[str]) -> list[Hunk]:
    """Return the hunks; `@@` lines directly above one another all name what is around the hunk below them."""
    anchors, hunks, lines = list[str](), list[Hunk](), list[str]()
    for line in [*body, "@@"]:
        if not line.startswith("@@"):
            lines.append(line)
            continue
        if any(one.strip() for one in lines):
            hunks += _hunks(lines, tuple(anchors))
            anchors = []
        lines = []
        name = line.strip("@ \t")
        if name:
            anchors.append(line)
    return hunks


def _hunks(lines: list[str], anchors: tuple[str, ...]) -> list[Hunk]:
    head = anchors[-1] if anchors else "@@ @@"
    read = read_unified(Block((head, *lines), "diff", is_fenced=True))
    names = tuple(one.strip("@ \t") for one in anchors[:-1])
    found = [hunk for one in read.files for hunk in one.hunks]
    return [replace(hunk, sections=(*names, *hunk.sections)) for hunk in found]
