"""Choose how to read an answer: its most explicit form, and never two alternative forms at once."""

from __future__ import annotations

from dataclasses import replace

from patchtrail.patching.response.envelope import read_envelope
from patchtrail.patching.response.fences import blocks_of
from patchtrail.patching.response.json_edits import read_json
from patchtrail.patching.response.proposal import FileChange, Hunk, Reading
from patchtrail.patching.response.search_replace import Stands, read_search_replace
from patchtrail.patching.response.unified import UnifiedText, looks_unified, read_unified
from patchtrail.patching.response.whole import read_whole

__all__ = ["is_cut", "reading_of", "single_blocks"]


def reading_of(text: str, stands: Stands) -> Reading | None:
    """Return the reading in the most explicit form that is there; None when the answer holds nothing to apply."""
    if text.lstrip()[:1] in ("{", "["):
        found = read_json(text, _unified)
        if found is not None:
            return found
    return (
        read_envelope(text)
        or read_search_replace(text, stands)
        or _unified(text)
        or read_json(text, _unified)
        or read_whole(text)
    )


def single_blocks(text: str) -> list[Reading]:
    """Return each block that holds a diff as a reading of its own, the last first: it may correct an earlier."""
    blocks = [block for block in blocks_of(text) if looks_unified(block)]
    read = [(block, read_unified(block)) for block in reversed(blocks)]
    return [_reading([one], is_closed=block.is_closed) for block, one in read if one.files]


def _unified(text: str) -> Reading | None:
    blocks = [block for block in blocks_of(text) if looks_unified(block)]
    read = [read_unified(block) for block in blocks]
    if not any(one.files for one in read):
        return None
    last = next(i for i in range(len(read) - 1, -1, -1) if read[i].files)
    is_closed = blocks[last].is_closed or read[last].is_ended
    return replace(_reading(read, is_closed=is_closed), is_open=blocks[last].is_open and not is_closed)


def _reading(read: list[UnifiedText], *, is_closed: bool) -> Reading:
    files = _joined([change for one in read for change in one.files])
    return Reading("unified", tuple(files), is_closed=is_closed, blocks=sum(bool(one.files) for one in read))


def _joined(changes: list[FileChange]) -> list[FileChange]:
    """Return one change per file, without hunks that come twice; a block without a name means the file named before."""
    files = dict[str | None, FileChange]()
    named = list(dict.fromkeys(change.path for change in changes if change.path is not None))
    for change in changes:
        path = named[0] if change.path is None and len(named) == 1 else change.path
        known = files.get(path)
        if known is None:
            files[path] = replace(change, path=path, hunks=_once(change.hunks))
            continue
        hunks = _once((*known.hunks, *change.hunks))
        files[path] = replace(known, hunks=hunks, problem=known.problem or change.problem)
    return list(files.values())


def _once(hunks: tuple[Hunk, ...]) -> tuple[Hunk, ...]:
    """Return hunks without repeated ones: equal lines under an equal header, or a list that comes twice as a whole."""
    half = len(hunks) // 2
    bodies = [hunk.lines for hunk in hunks]
    if half > 1 and len(hunks) % 2 == 0 and bodies[:half] == bodies[half:]:
        hunks = hunks[:half]
    kept = dict[tuple[object, ...], Hunk]()
    for hunk in hunks:
        kept.setdefault((hunk.lines, hunk.start, hunk.sections), hunk)
    return tuple(kept.values())


def is_cut(reading: Reading, text: str, *, is_cut_off: bool) -> bool:
    """Return whether the answer's end may be missing.

    A mark after the last change proves that it is there. Without one, a last hunk with fewer lines than its header
    promises is taken for cut when it stops in the middle of a change.
    """
    if reading.is_closed:
        return False
    if is_cut_off or reading.form == "whole" or (reading.is_cut and reading.form != "envelope"):
        return True
    end = reading.files[-1]
    last = end.hunks[-1] if end.hunks else None
    if last is None or not last.lines:
        return not end.problem
    is_begun = reading.is_open or reading.form == "envelope"
    if is_begun and last.lines[-1].sign == "+" and not text.endswith("\n"):
        return True
    if is_begun:
        return _is_unfinished(last)
    return not text.endswith("\n") and _lacks_lines(last)


def _is_unfinished(last: Hunk) -> bool:
    """Tell of a hunk behind which the closing mark is missing: only its own counts, or context, show its end."""
    promised = last.promised or (0, 0)
    if promised == (len(last.old), len(last.new)):
        return False
    is_short = promised[0] > len(last.old) or promised[1] > len(last.new)
    return is_short or last.lines[-1].sign != " " or not last.is_changing


def _lacks_lines(last: Hunk) -> bool:
    """Tell of a hunk that was never to have a closing mark; most counts are wrong, so more than they must show it."""
    if last.promised is None:
        return False
    old, new = last.promised[0] - len(last.old), last.promised[1] - len(last.new)
    if not last.is_changing:
        return old > 0 and new > 0 and last.promised[0] != last.promised[1]
    # Trailing context that was left out is missing on both sides alike, and loses no change.
    return last.lines[-1].sign != " " and old != new and (old > 0 or new > 0)
