"""Every standard handler of the sidecar, registered in one place; the custom ones join when it is connected."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from lsprotocol import types as lsp

from patchtrail.editor.lines import split_by_protocol
from patchtrail.editor.server import SidecarServer

__all__ = ["Connect", "register"]

COMMANDS = ("patchtrail.fix", "patchtrail.explain")

Connect = Callable[[SidecarServer, lsp.InitializeParams], Callable[[], None]]


def register(server: SidecarServer, connect: Connect) -> None:
    """Register the standard methods.

    `connect` loads the sidecar once the client has had its answer to `initialize`, and returns how to close it.
    """
    opening: list[lsp.InitializeParams] = []
    closing: list[Callable[[], None]] = []

    @server.feature(lsp.INITIALIZE)
    def initialize(params: lsp.InitializeParams) -> None:
        opening.append(params)
        split_by_protocol(server.workspace)

    @server.feature(lsp.INITIALIZED)
    def initialized(_params: lsp.InitializedParams) -> None:
        closing.append(connect(server, opening[-1]))

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: lsp.DidOpenTextDocumentParams) -> None:
        if server.documents is not None:
            server.documents.did_open(params)

    @server.feature(lsp.TEXT_DOCUMENT_WILL_SAVE)
    def will_save(params: lsp.WillSaveTextDocumentParams) -> None:
        if server.documents is not None:
            server.documents.will_save(params)

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    def did_save(params: lsp.DidSaveTextDocumentParams) -> None:
        if server.documents is not None:
            server.documents.did_save(params)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: lsp.DidCloseTextDocumentParams) -> None:
        if server.documents is not None:
            server.documents.did_close(params)

    @server.feature(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def did_change_configuration(params: lsp.DidChangeConfigurationParams) -> None:
        if server.configuration is not None:
            server.configuration(params)

    @server.feature(lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def did_change_workspace_folders(_params: lsp.DidChangeWorkspaceFoldersParams) -> None:
        if server.folders_changed is not None:
            server.folders_changed()

    _register_files(server)
    _register_fixes(server)
    _register_hints(server)

    @server.feature(lsp.SHUTDOWN)
    def shutdown(_params: None = None) -> None:
        if server.quick_fixes is not None:
            server.quick_fixes.close()
        if server.pattern_hints is not None:
            server.pattern_hints.close()
        for close in closing:
            close()


def _register_files(server: SidecarServer) -> None:
    every_file = lsp.FileOperationRegistrationOptions(
        [lsp.FileOperationFilter(lsp.FileOperationPattern("**"), scheme="file")]
    )

    @server.feature(lsp.WORKSPACE_DID_CREATE_FILES, every_file)
    def did_create(params: lsp.CreateFilesParams) -> None:
        if server.files is not None:
            server.files.did_create(params)

    @server.feature(lsp.WORKSPACE_DID_DELETE_FILES, every_file)
    def did_delete(params: lsp.DeleteFilesParams) -> None:
        if server.files is not None:
            server.files.did_delete(params)

    @server.feature(lsp.WORKSPACE_DID_RENAME_FILES, every_file)
    def did_rename(params: lsp.RenameFilesParams) -> None:
        if server.files is not None:
            server.files.did_rename(params)

    @server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def did_change_watched(params: lsp.DidChangeWatchedFilesParams) -> None:
        if server.files is not None:
            server.files.did_change_watched(params)

    @server.feature(lsp.NOTEBOOK_DOCUMENT_DID_OPEN)
    def did_open_notebook(params: lsp.DidOpenNotebookDocumentParams) -> None:
        if server.files is not None:
            server.files.did_open_notebook(params)

    @server.feature(lsp.NOTEBOOK_DOCUMENT_DID_SAVE)
    def did_save_notebook(params: lsp.DidSaveNotebookDocumentParams) -> None:
        if server.files is not None:
            server.files.did_save_notebook(params)


def _register_fixes(server: SidecarServer) -> None:
    options = lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix], resolve_provider=True)

    @server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, options)
    def code_action(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        return [] if server.quick_fixes is None else server.quick_fixes.code_actions(params)

    @server.feature(lsp.CODE_ACTION_RESOLVE)
    def resolve(action: lsp.CodeAction) -> lsp.CodeAction:
        return action if server.quick_fixes is None else server.quick_fixes.resolve(action)

    for name in COMMANDS:
        server.command(name)(_command(server, name))


def _register_hints(server: SidecarServer) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_INLAY_HINT)
    async def inlay_hint(params: lsp.InlayHintParams) -> list[lsp.InlayHint]:
        return [] if server.pattern_hints is None else await server.pattern_hints.inlay_hints(params)

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    async def hover(params: lsp.HoverParams) -> lsp.Hover | None:
        return None if server.pattern_hints is None else await server.pattern_hints.hover(params)


def _command(server: SidecarServer, name: str) -> Callable[..., Awaitable[object]]:
    # Of arguments that may be anything at all, pygls would take the first one for the server.
    async def run(*arguments: Any) -> object:  # noqa: ANN401 -- whatever JSON the client sent
        return await server.commands[name](arguments) if name in server.commands else None

    return run
