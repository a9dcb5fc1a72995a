"""What each file held when it was last saved, and what the trace has recorded of it so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["BOM", "Snapshots", "read_text"]

BOM = "\ufeff"
MAX_TEXT_BYTES = 8 * 1024 * 1024


@dataclass
class Snapshots:
    """`saved` holds raw texts, in memory only; `recorded` holds redacted texts, which replay must reach.

    Once something may have changed unseen (a pause, a restart) `needs_bases` is true: each file's next edit then
    brings its base along, since replay cannot get there. Of a `hidden` file not even that base may be recorded; with
    `hides_all` of none that has not been recorded since.
    """

    saved: dict[Path, str] = field(default_factory=dict)
    recorded: dict[str, str] = field(default_factory=dict)
    needs_bases: bool = False
    touched_ms: dict[Path, int] = field(default_factory=dict)
    hidden: set[Path] = field(default_factory=set)
    hides_all: bool = False

    def forget_recorded(self) -> None:
        """Begin anew: the next save of each file starts from what was saved last."""
        self.recorded.clear()
        self.needs_bases = True

    def reveal(self, path: Path, name: str) -> bool:
        """Return whether a file's earlier text is hidden; it is saved on the record now, and no longer is."""
        is_hidden = path in self.hidden or (self.hides_all and name not in self.recorded)
        self.hidden.discard(path)
        return is_hidden


def read_text(path: Path) -> str | None:
    """Return a file's text; None when it is missing, not UTF-8, or too large to be recorded."""
    try:
        if path.stat().st_size > MAX_TEXT_BYTES:
            return None
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return None
