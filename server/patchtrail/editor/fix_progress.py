"""Work-done progress of one command: there from the first moment, with a way to cancel it."""

from __future__ import annotations

import asyncio
import uuid
from types import TracebackType

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from patchtrail.editor.server import SidecarServer
from patchtrail.llm import Cancellation

__all__ = ["FixProgress"]


class FixProgress:
    """An asynchronous context: begins, hands the client's cancelling on, and ends."""

    def __init__(self, server: SidecarServer, title: str, cancellation: Cancellation, *, is_shown: bool) -> None:
        self._server, self._title, self._cancellation = server, title, cancellation
        self._token = f"patchtrail-fix-{uuid.uuid4()}"
        self._is_shown = is_shown
        self._loop = asyncio.get_running_loop()

    async def __aenter__(self) -> FixProgress:
        if not self._is_shown:
            return self
        progress = self._server.work_done_progress
        try:
            await progress.create_async(self._token)
        except JsonRpcException:
            # A client that shows none after all still gets its patch.
            self._is_shown = False
            return self
        progress.begin(self._token, lsp.WorkDoneProgressBegin(self._title, cancellable=True))
        progress.tokens[self._token].add_done_callback(lambda _future: self._cancellation.cancel())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_shown:
            self._is_shown = False
            self._server.work_done_progress.end(self._token, lsp.WorkDoneProgressEnd())
            self._server.work_done_progress.tokens.pop(self._token, None)

    def report(self, message: str) -> None:
        """Show what is being done; from any thread."""
        self._loop.call_soon_threadsafe(self._show, message)

    def _show(self, message: str) -> None:
        if self._is_shown:
            self._server.work_done_progress.report(self._token, lsp.WorkDoneProgressReport(message=message))
