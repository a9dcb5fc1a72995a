"""Read edits that come as JSON: old and new text, line ranges, whole files, or a diff inside of a string."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import cast

from patchtrail.patching.response.changed_lines import changed_lines
from patchtrail.patching.response.fences import blocks_of
from patchtrail.patching.response.proposal import FileChange, Hunk, Line, Reading

__all__ = ["read_json"]

PATHS = ("path", "file", "file_path", "filePath", "filename", "target_file", "file_name")
OLD = (
    "search",
    "old_string",
    "old_str",
    "old_text",
    "old_code",
    "old",
    "find",
    "before",
    "original",
    "oldText",
    "oldString",
)
NEW = ("replace", "new_string", "new_str", "new_text", "new_code", "new", "replacement", "after", "updated", "newText",
       "newString", "text", "content")  # fmt: skip
LISTS = ("edits", "changes", "files", "patches", "replacements", "operations", "modifications")
STARTS = ("start_line", "startLine", "line_start", "from_line", "start", "line")
ENDS = ("end_line", "endLine", "line_end", "to_line", "end")
DIFFS = ("diff", "patch", "unified_diff", "diff_unified")
WHOLES = ("content", "new_content", "file_content", "code", "contents")
MOST_DEPTH = 8

Fields = dict[str, object]
FromText = Callable[[str], Reading | None]


def read_json(text: str, from_text: FromText) -> Reading | None:
    """Return the reading, or None when no JSON with edits is there; `from_text` reads a diff in a string."""
    for candidate in _candidates(text):
        try:
            value = json.loads(candidate, strict=False)
        except (ValueError, RecursionError):
            continue
        edits = _edits(value, None, 0)
        if edits:
            return _reading(edits, from_text)
    return None


def _candidates(text: str) -> list[str]:
    fenced = ["\n".join(block.lines) for block in blocks_of(text) if block.is_fenced]
    whole = text.strip()
    first = min((at for at in (whole.find("{"), whole.find("[")) if at >= 0), default=-1)
    last = max(whole.rfind("}"), whole.rfind("]"))
    inner = [whole[first : last + 1]] if 0 <= first < last else []
    return [one.strip() for one in [whole, *fenced, *inner] if one.strip()[:1] in ("{", "[")]


def _edits(value: object, path: str | None, depth: int) -> list[tuple[str | None, Fields]]:
    """Return every edit with the path that holds for it."""
    if depth > MOST_DEPTH:
        return []
    if isinstance(value, list):
        return [edit for one in cast("list[object]", value) for edit in _edits(one, path, depth + 1)]
    if not isinstance(value, dict):
        return []
    fields = cast("Fields", value)
    own = _text(fields, PATHS) or path
    inner = [edit for name in LISTS if name in fields for edit in _edits(fields[name], own, depth + 1)]
    if inner:
        return inner
    is_edit = _text(fields, OLD) is not None and _text(fields, NEW) is not None
    is_range = _number(fields, STARTS) is not None and _text(fields, NEW) is not None
    is_whole = own is not None and _text(fields, WHOLES) is not None
    return [(own, fields)] if is_edit or is_range or is_whole or _text(fields, DIFFS) else []


def _reading(edits: list[tuple[str | None, Fields]], from_text: FromText) -> Reading | None:
    files = dict[str | None, list[Hunk]]()
    others = list[FileChange]()
    for path, fields in edits:
        diff = _text(fields, DIFFS)
        old, new = _text(fields, OLD), _text(fields, NEW)
        start = _number(fields, STARTS)
        if diff:
            inner = from_text(diff)
            others += [] if inner is None else [_named(one, path) for one in inner.files]
        elif old is not None and new is not None:
            files.setdefault(path, []).append(Hunk(tuple(changed_lines(_lines(old), _lines(new))), start))
        elif start is not None and new is not None:
            end = _number(fields, ENDS)
            added = tuple(Line("+", line) for line in _lines(new))
            files.setdefault(path, []).append(Hunk(added, start, range=(start, start if end is None else end)))
        else:
            others.append(FileChange(path, whole=_text(fields, WHOLES)))
    changes = [FileChange(path, tuple(hunks), is_new=_is_new(hunks)) for path, hunks in files.items()]
    return Reading("json", (*changes, *others)) if changes or others else None


def _is_new(hunks: list[Hunk]) -> bool:
    return len(hunks) == 1 and hunks[0].range is None and not hunks[0].old


def _named(change: FileChange, path: str | None) -> FileChange:
    if change.path is not None or path is None:
        return change
    return FileChange(path, change.hunks, is_new=change.is_new, whole=change.whole, problem=change.problem)


def _lines(text: str) -> list[str]:
    lines = text.replace("\r\n", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _text(fields: Fields, names: tuple[str, ...]) -> str | None:
    return next((value for name in names if isinstance(value := fields.get(name), str)), None)


def _number(fields: Fields, names: tuple[str, ...]) -> int | None:
    return next(
        (value for name in names if isinstance(value := fields.get(name), int) and not isinstance(value, bool)), None
    )
