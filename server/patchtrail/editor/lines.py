"""Documents whose lines end where LSP says that they end.

pygls splits texts with `str.splitlines`, which also splits at form feeds and U+2028; every change behind one would be
applied at the wrong place.
"""

from __future__ import annotations

import re

from pygls.workspace import TextDocument, Workspace

__all__ = ["lines_of", "split_by_protocol"]

LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
NO_LINE_ENDS = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


def lines_of(text: str) -> list[str]:
    """Return a text's lines as LSP counts them, each with what ends it; only the last may lack it."""
    return LINE.findall(text) if NO_LINE_ENDS.search(text) else text.splitlines(keepends=True)


class _Document(TextDocument):
    """A document with LSP's lines."""

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(lines_of(self.source))


def split_by_protocol(workspace: Workspace) -> None:
    """Let the workspace open its documents so that their lines are LSP's."""

    def create(
        doc_uri: str, source: str | None = None, version: int | None = None, language_id: str | None = None
    ) -> TextDocument:
        return _Document(
            doc_uri,
            source=source,
            version=version,
            language_id=language_id,
            sync_kind=workspace._sync_kind,
            position_codec=workspace.position_codec,
        )

    workspace._create_text_document = create  # type: ignore[method-assign]  # pygls has no hook for it
