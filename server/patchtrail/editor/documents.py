"""textDocument/didOpen, willSave, didSave, didClose: copy what is needed and return; nothing slow on the save path."""

from __future__ import annotations

from lsprotocol import types as lsp
from pygls.workspace import Workspace

from patchtrail.capture import Recorder
from patchtrail.editor.from_lsp import file_path, save_reason

__all__ = ["Documents"]


class Documents:
    """The documents of one editor, on their way to the recorder."""

    def __init__(self, recorder: Recorder, workspace: Workspace) -> None:
        self._recorder = recorder
        self._workspace = workspace

    def did_open(self, params: lsp.DidOpenTextDocumentParams) -> None:
        """Remember the text that later saves are compared with."""
        path = file_path(params.text_document.uri)
        if path is not None:
            self._recorder.opened(path, params.text_document.text)

    def will_save(self, params: lsp.WillSaveTextDocumentParams) -> None:
        """Hand on why the save that follows is made."""
        path = file_path(params.text_document.uri)
        if path is not None:
            self._recorder.will_save(path, save_reason(params.reason))

    def did_save(self, params: lsp.DidSaveTextDocumentParams) -> None:
        """Hand the saved snapshot to the recorder."""
        document = self._workspace.text_documents.get(params.text_document.uri)
        path = file_path(params.text_document.uri)
        text = params.text if params.text is not None else document and document.source
        if path is not None and text is not None:
            self._recorder.saved(path, text)

    def did_close(self, params: lsp.DidCloseTextDocumentParams) -> None:
        """Forget that a document is open."""
        path = file_path(params.text_document.uri)
        if path is not None:
            self._recorder.closed(path)
