"""textDocument/didOpen, didSave, didClose: copy what is needed and return; nothing slow on the save path."""

from __future__ import annotations

from lsprotocol import types as lsp

from patchtrail.capture import Recorder
from patchtrail.editor.from_lsp import file_path
from patchtrail.editor.server import SidecarServer

__all__ = ["did_close", "did_open", "did_save"]


def did_open(recorder: Recorder, params: lsp.DidOpenTextDocumentParams) -> None:
    """Remember the text that later saves are compared with."""
    path = file_path(params.text_document.uri)
    if path is not None:
        recorder.opened(path, params.text_document.text)


def did_save(server: SidecarServer, recorder: Recorder, params: lsp.DidSaveTextDocumentParams) -> None:
    """Hand the saved snapshot to the recorder."""
    document = server.workspace.text_documents.get(params.text_document.uri)
    path = file_path(params.text_document.uri)
    text = params.text if params.text is not None else document and document.source
    if path is not None and text is not None:
        recorder.saved(path, text)


def did_close(recorder: Recorder, params: lsp.DidCloseTextDocumentParams) -> None:
    """Forget that a document is open."""
    path = file_path(params.text_document.uri)
    if path is not None:
        recorder.closed(path)
