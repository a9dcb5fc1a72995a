"""Files created, deleted and renamed in the editor, changed on disk, and notebooks: handed on, decided by nobody here.

Bursts of changes on disk can be long, so even their addresses are read on the recorder's thread.
"""

from __future__ import annotations

import asyncio
import uuid

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.workspace import Workspace

from patchtrail.capture import Recorder
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.lsp import Recorded
from patchtrail.contract.lsp_notebooks import CellRan
from patchtrail.editor.from_lsp import changed_files, file_path, notebook_cells
from patchtrail.editor.server import SidecarServer
from patchtrail.editor.sidecar import Sidecar

__all__ = ["FileActs", "Watching", "report_cell_ran"]

WATCHED = "workspace/didChangeWatchedFiles"


class FileActs:
    """What one editor tells of files beside the documents that it has open."""

    def __init__(self, recorder: Recorder, workspace: Workspace) -> None:
        self._recorder = recorder
        self._workspace = workspace

    def did_create(self, params: lsp.CreateFilesParams) -> None:
        """Hand on files that were made."""
        self._recorder.created([path for one in params.files if (path := file_path(one.uri))])

    def did_delete(self, params: lsp.DeleteFilesParams) -> None:
        """Hand on files and folders that were deleted."""
        self._recorder.deleted([path for one in params.files if (path := file_path(one.uri))])

    def did_rename(self, params: lsp.RenameFilesParams) -> None:
        """Hand on files and folders that have other paths now."""
        pairs = [(file_path(one.old_uri), file_path(one.new_uri)) for one in params.files]
        self._recorder.renamed([(old, new) for old, new in pairs if old and new])

    def did_change_watched(self, params: lsp.DidChangeWatchedFilesParams) -> None:
        """Hand on what may have changed on disk."""
        changes = params.changes
        self._recorder.changed_on_disk(lambda: changed_files(changes))

    def did_open_notebook(self, params: lsp.DidOpenNotebookDocumentParams) -> None:
        """Hand on a notebook's cells as they were opened."""
        self._notebook(params.notebook_document.uri, is_saved=False)

    def did_save_notebook(self, params: lsp.DidSaveNotebookDocumentParams) -> None:
        """Hand on a notebook's cells as they were saved."""
        self._notebook(params.notebook_document.uri, is_saved=True)

    def _notebook(self, uri: str, *, is_saved: bool) -> None:
        path, notebook = file_path(uri), self._workspace.get_notebook_document(notebook_uri=uri)
        if path is None or notebook is None:
            return
        cells = notebook_cells(notebook, self._workspace)
        if is_saved:
            self._recorder.notebook_saved(path, cells)
        else:
            self._recorder.notebook_opened(path, cells)


class Watching:
    """Asks the client to watch files while a session is being recorded, and at no other time."""

    def __init__(self, server: SidecarServer, capabilities: lsp.ClientCapabilities) -> None:
        watched = capabilities.workspace and capabilities.workspace.did_change_watched_files
        self._is_possible = bool(watched and watched.dynamic_registration)
        self._server = server
        self._id: str | None = None
        self._asking: asyncio.Task[None] | None = None

    def follow(self, *, is_recording: bool) -> None:
        """Begin or stop, on the event loop's thread, one request after the other."""
        if not self._is_possible or is_recording == (self._id is not None):
            return
        stopped, self._id = self._id, str(uuid.uuid4()) if is_recording else None
        self._asking = asyncio.ensure_future(self._ask(self._asking, self._id, stopped))

    async def _ask(self, before: asyncio.Task[None] | None, begun: str | None, stopped: str | None) -> None:
        if before is not None:
            await before
        try:
            if begun is not None:
                options = lsp.DidChangeWatchedFilesRegistrationOptions([lsp.FileSystemWatcher(glob_pattern="**/*")])
                made = lsp.Registration(begun, WATCHED, options)
                await self._server.client_register_capability_async(lsp.RegistrationParams([made]))
            elif stopped is not None:
                gone = lsp.UnregistrationParams([lsp.Unregistration(stopped, WATCHED)])
                await self._server.client_unregister_capability_async(gone)
        except JsonRpcException as error:
            # Without it recorded files are still looked at from time to time.
            self._server.report_server_error(error, self.follow)


async def report_cell_ran(sidecar: Sidecar, report: CellRan) -> Recorded:
    """Record a cell's execution."""
    path = file_path(report.notebook_uri)
    if path is None:
        raise InvalidInput("notebook_uri: a notebook that is recorded is a file.", code="invalid_params")
    return await asyncio.wrap_future(sidecar.recorder.cell_ran(report, path))
