"""Read whole files and whole definitions in fences; which of both a fence holds shows only beside the file."""

from __future__ import annotations

import re

from patchtrail.patching.response.fences import Block, blocks_of, named_path
from patchtrail.patching.response.proposal import FileChange, Reading

__all__ = ["read_whole"]

NO_CODE = ("diff", "patch", "console", "bash", "sh", "shell", "text", "txt", "output", "json5", "traceback", "log")


def read_whole(text: str) -> Reading | None:
    """Return each fence of code with the path that is named at it; None when no code is fenced."""
    blocks = [block for block in blocks_of(text) if block.is_fenced and any(line.strip() for line in block.lines)]
    code = [block for block in blocks if block.info.split(" ")[0].lower() not in NO_CODE]
    if not code:
        return None
    changes = tuple(_change(block) for block in code)
    return Reading("whole", changes, is_closed=all(block.is_closed for block in code), blocks=len(code))


def _change(block: Block) -> FileChange:
    path, lines = _path(block), list(block.lines)
    while lines and not lines[-1].strip():
        lines.pop()
    body = "\n".join(lines)
    return FileChange(path, whole=body, definition=body)


def _path(block: Block) -> str | None:
    """Return the path in the fence's info, on the line before it, or as a comment on its first line."""
    words = re.split(r"[\s:=]+", block.info)
    inside = block.lines[0] if block.lines and block.lines[0].lstrip().startswith(("#", "//", "/*", "<!--")) else ""
    last = block.before[-1] if block.before else ""
    named = [*(named_path(word) for word in words), named_path(last), named_path(inside)]
    return next((name for name in named if name is not None), None)
