"""Events of about 1 KB: edits of the standard library's sources, as the sidecar would record them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from patchtrail.contract.events import SessionStart
from patchtrail.contract.files import FileEdit
from patchtrail.integrity import digest
from patchtrail.text import diff
from tests.bench.texts import source_lines

__all__ = ["edit_of", "edits", "session_start"]

DISTINCT = 500
WINDOW = 40
CHANGED_PLACES = (10, 28)


def edits() -> Iterator[FileEdit]:
    """Yield edits without end; after many they come again, but never two equal ones in a row."""
    lines = source_lines(DISTINCT * WINDOW)
    return itertools.cycle([_edit(list(lines[at : at + WINDOW])) for at in range(0, len(lines), WINDOW)])


def edit_of(before: str, after: str, path: str) -> FileEdit:
    """Return the edit that leads from one text to another."""
    content = after.encode()
    return FileEdit(
        file_path=path,
        diff_unified=diff(before, after, path),
        diff_artifact=None,
        base_artifact=None,
        buffer_hash_after=digest.sha256(content),
        is_replayable=True,
        withheld=None,
        size_bytes=len(content),
        evidence="unknown",
    )


def session_start() -> SessionStart:
    """Return the event that every trace starts with."""
    return SessionStart(
        kind="offline_open",
        participant_id="p-bench",
        task_id="bench",
        task_title="",
        task_description="",
        repo_origin="",
        start_commit="",
        consent=None,
        os="",
        python_version="",
        sidecar_version="",
        client_name="bench",
        client_version="",
    )


def _edit(lines: list[str]) -> FileEdit:
    before = "".join(lines)
    for place in CHANGED_PLACES:
        lines[place] = lines[place].removesuffix("\n") + "  # changed\n"
    return edit_of(before, "".join(lines), "server/shop/prices.py")
