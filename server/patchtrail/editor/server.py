"""The language server process: pygls, with errors that are logged and counted but never pop up.

This file and `registration.py` import neither the contract nor a room below: `initialize` is answered before they are
loaded, so that an editor's start never waits for them.

This is a boundary: a handler's failure is answered with the protocol's own error, and its text, which may quote
what was being edited, stays out of the log.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import cattrs
from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.protocol import (
    JsonRPCNotification,
    JsonRPCRequestMessage,
    JsonRPCResponseMessage,
    default_converter,
)

from patchtrail import __version__

if TYPE_CHECKING:
    from pydantic import JsonValue

    from patchtrail.editor.documents import Documents
    from patchtrail.editor.files import FileActs
    from patchtrail.editor.pattern_hints import PatternHints
    from patchtrail.editor.quick_fixes import QuickFixes

__all__ = ["SidecarServer"]

logger = logging.getLogger(__name__)


class SidecarServer(LanguageServer):
    """A language server that only watches: it publishes nothing unasked but its own state and failing tests.

    `documents`, `configuration` and `folders_changed` are absent until the sidecar behind it is connected.
    """

    def __init__(self) -> None:
        super().__init__(
            "patchtrail",
            __version__,
            text_document_sync_kind=lsp.TextDocumentSyncKind.Incremental,
            notebook_document_sync=lsp.NotebookDocumentSyncOptions(
                [lsp.NotebookDocumentFilterWithNotebook(lsp.NotebookDocumentFilterScheme(scheme="file"))], save=True
            ),
            converter_factory=_converter,
        )
        self.documents: Documents | None = None
        self.files: FileActs | None = None
        self.quick_fixes: QuickFixes | None = None
        self.pattern_hints: PatternHints | None = None
        self.commands: dict[str, Callable[[Sequence[object]], Awaitable[JsonValue]]] = {}
        self.configuration: Callable[[lsp.DidChangeConfigurationParams], None] | None = None
        self.folders_changed: Callable[[], None] | None = None
        self.handler_failures = 0

    def report_server_error(self, error: Exception, source: object) -> None:
        """Log a handler's failure by its type and count it; the default would show a pop-up."""
        self.handler_failures += 1
        logger.warning("handler: %s (%s)", type(error).__name__, getattr(source, "__name__", "unknown"))


def _converter() -> cattrs.Converter:
    """Return pygls's converter, with parameters and results of custom methods left as the JSON that they are."""
    made: cattrs.Converter = default_converter()  # type: ignore[no-untyped-call]  # pygls does not annotate it
    made.register_structure_hook(JsonRPCRequestMessage, lambda message, kind: kind(**{"params": None, **message}))
    made.register_structure_hook(JsonRPCResponseMessage, lambda message, kind: kind(**{"result": None, **message}))
    made.register_structure_hook(JsonRPCNotification, lambda message, kind: kind(**{"params": None, **message}))
    return made
