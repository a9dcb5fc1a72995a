"""The language server process: pygls, with errors that are logged and counted but never pop up.

This is a boundary: a handler's failure is answered with the protocol's own error, and its text, which may quote
what was being edited, stays out of the log.
"""

from __future__ import annotations

import logging

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

from patchtrail import __version__
from patchtrail.editor import from_lsp

__all__ = ["SidecarServer"]

logger = logging.getLogger(__name__)


class SidecarServer(LanguageServer):
    """A language server that only watches: it publishes nothing unasked but its own state."""

    def __init__(self) -> None:
        super().__init__(
            "patchtrail",
            __version__,
            text_document_sync_kind=lsp.TextDocumentSyncKind.Incremental,
            converter_factory=from_lsp.converter,
        )
        self.handler_failures = 0

    def report_server_error(self, error: Exception, source: object) -> None:
        """Log a handler's failure by its type and count it; the default would show a pop-up."""
        self.handler_failures += 1
        logger.warning("handler: %s (%s)", type(error).__name__, getattr(source, "__name__", "unknown"))
