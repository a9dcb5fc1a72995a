"""What each file held when it was last saved, and what the trace has recorded of it so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from patchtrail.capture.content import Stamp
from patchtrail.trace.cells import Cell
from patchtrail.trace.tree import Key, Tree, TreeFile

__all__ = ["BOM", "Snapshots", "read_text"]

Held = TypeVar("Held")
BOM = "\ufeff"
MAX_TEXT_BYTES = 8 * 1024 * 1024
MAX_RECORDED_CHARS = 64_000_000


def _nothing(_root: str, _path: str) -> str | None:
    return None


@dataclass
class Snapshots:
    """`saved` holds raw texts, in memory only; `tree` and `notebooks` hold what replay must reach, redacted.

    Once something may have changed unseen (a pause, a restart) `needs_bases` is true: each file's next edit then
    brings its base along, since replay cannot get there. Of a `hidden` file not even that base may be recorded; with
    `hides_all` of none that has not been recorded since.
    """

    saved: dict[Path, str] = field(default_factory=dict)
    tree: Tree = field(default_factory=lambda: Tree(_nothing))
    notebooks: dict[Key, list[Cell]] = field(default_factory=dict)
    saved_cells: dict[Path, list[Cell]] = field(default_factory=dict)
    stamps: dict[Path, Stamp] = field(default_factory=dict)
    hashes: dict[Key, str | None] = field(default_factory=dict)
    needs_bases: bool = False
    _chars: int = 0
    touched_ms: dict[Path, int] = field(default_factory=dict)
    hidden: set[Path] = field(default_factory=set)
    hides_all: bool = False

    def forget_recorded(self) -> None:
        """Begin anew: the next save of each file starts from what was saved last."""
        self.tree.forget_all()
        self.notebooks.clear()
        self.stamps.clear()
        self.hashes.clear()
        self._chars = 0
        self.needs_bases = True

    def reveal(self, path: Path, key: Key) -> bool:
        """Return whether a file's earlier text is hidden; it is saved on the record now, and no longer is."""
        is_hidden = self.hides(path, key)
        self.hidden.discard(path)
        return is_hidden

    def hides(self, path: Path, key: Key) -> bool:
        """Return whether a file's earlier text is hidden."""
        is_unrecorded = key not in self.tree.files and key not in self.notebooks
        return path in self.hidden or (self.hides_all and is_unrecorded)

    def record(self, key: Key, file: TreeFile) -> None:
        """Take what the trace now holds of a file; the texts that were recorded longest ago make room."""
        self.hashes.pop(key, None)
        before = self.tree.files.get(key)
        self._chars += len(file.text) - (0 if before is None else len(before.text))
        self.tree.put(key, file)
        while self._chars > MAX_RECORDED_CHARS and len(self.tree.files) > 1:
            oldest = next(iter(self.tree.files))
            self._chars -= len(self.tree.files[oldest].text)
            self.tree.forget(oldest)

    def recount(self) -> None:
        """Count anew, after files were deleted or forgotten."""
        self._chars = sum(len(file.text) for file in self.tree.files.values())

    def moved(self, old: Path, new: Path) -> None:
        """Follow a file, or a folder with everything below it, to its new path."""
        _move(self.saved, old, new)
        _move(self.saved_cells, old, new)
        _move(self.stamps, old, new)
        _move(self.touched_ms, old, new)
        self.hidden = {new / one.relative_to(old) if one.is_relative_to(old) else one for one in self.hidden}


def _move(held: dict[Path, Held], old: Path, new: Path) -> None:
    for path in [path for path in held if path.is_relative_to(old)]:
        held[new / path.relative_to(old)] = held.pop(path)


def read_text(path: Path) -> str | None:
    """Return a file's text; None when it is missing, not UTF-8, or too large to be recorded."""
    try:
        if path.stat().st_size > MAX_TEXT_BYTES:
            return None
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return None
