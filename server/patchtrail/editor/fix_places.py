"""Which folder and file a document is, for patches: found by names alone, so that menus wait for no disk."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pygls.uris import from_fs_path, to_fs_path
from pygls.workspace import TextDocument, Workspace

from patchtrail.editor.workspace_texts import WorkspaceTexts

__all__ = ["Place", "Places"]


@dataclass(frozen=True)
class Place:
    """A file in an open folder; its path is POSIX and relative."""

    root: Path
    file_path: str


class Places:
    """The open folders of one editor, and its documents by their places."""

    def __init__(self, workspace: Workspace, denied: tuple[str, ...] = ()) -> None:
        self._workspace = workspace
        self.denied = denied

    def of(self, uri: str) -> Place | None:
        """Return where a document lies; None when it is no file, or in no open folder."""
        path = _path(uri)
        if path is None:
            return None
        roots = [root for root in self._folders() if path != root and path.startswith(root.rstrip(os.sep) + os.sep)]
        if not roots:
            return None
        root = max(roots, key=len)
        return Place(Path(root), Path(os.path.relpath(path, root)).as_posix())

    def document(self, place: Place) -> TextDocument | None:
        """Return the open document of a file, with the URI that the editor has for it."""
        documents: dict[str, TextDocument] = dict(self._workspace.text_documents)
        return next((document for uri, document in documents.items() if self.of(uri) == place), None)

    def uri(self, place: Place) -> str:
        """Return a file's URI, as the editor spells it where it has the file open."""
        document = self.document(place)
        return document.uri if document else from_fs_path(str(place.root / place.file_path)) or ""

    def texts(self, root: Path) -> WorkspaceTexts:
        """Return a folder's texts as they are now."""
        placed = ((self.of(uri), document) for uri, document in self._workspace.text_documents.items())
        texts = {place.file_path: document.source for place, document in placed if place and place.root == root}
        return WorkspaceTexts(root.resolve(), texts, self.denied)

    def _folders(self) -> list[str]:
        uris = [*self._workspace.folders] or [self._workspace.root_uri or ""]
        return [path for uri in uris if (path := _path(uri)) is not None]


def _path(uri: str) -> str | None:
    path = to_fs_path(uri) if uri.startswith("file:") else None
    return os.path.normpath(path) if path else None
