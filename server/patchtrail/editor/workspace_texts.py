"""One folder's files as a person sees them at one moment: an open document's text wins over the disk."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from patchtrail.redaction.paths import is_denied

__all__ = ["MAX_BYTES", "WorkspaceTexts"]

MAX_BYTES = 4 * 1024 * 1024
BYTE_ORDER_MARK = "\ufeff"


class WorkspaceTexts:
    """A snapshot: it may be read on any thread, and what is typed later does not reach it.

    What lies outside of the folder, behind a link, in `.git` or in a file that usually holds secrets is not read.
    """

    def __init__(self, root: Path, documents: dict[str, str], denied: tuple[str, ...] = ()) -> None:
        self._root = root
        self._documents = documents
        self._denied = denied

    @property
    def root(self) -> Path:
        """The folder."""
        return self._root

    def read(self, file_path: str) -> str | None:
        """Return a text by its POSIX path relative to the folder; None when there is none, or it may not be read."""
        if not _is_plain(file_path) or is_denied(file_path, self._denied):
            return None
        if file_path in self._documents:
            return self._documents[file_path]
        return self._on_disk(file_path)

    def open_texts(self) -> dict[str, str]:
        """Return the open documents that differ from the disk."""
        readable = {path: text for path, text in self._documents.items() if self.read(path) is not None}
        return {path: text for path, text in readable.items() if self._on_disk(path) != text}

    def _on_disk(self, file_path: str) -> str | None:
        path = self._root / file_path
        try:
            if path.resolve() != path or not path.is_file() or path.stat().st_size > MAX_BYTES:
                return None
            # An editor's document does not begin with the mark, and its positions do not count it.
            return path.read_bytes().decode().removeprefix(BYTE_ORDER_MARK)
        except (OSError, UnicodeDecodeError, ValueError):
            return None


def _is_plain(file_path: str) -> bool:
    parts = PurePosixPath(file_path).parts
    return bool(parts) and not PurePosixPath(file_path).is_absolute() and not {"..", ".git"} & set(parts)
