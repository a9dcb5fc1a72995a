"""textDocument/inlayHint and hover: where the text as it is being typed matches an active pattern of its folder.

No model is asked, nothing is recorded, and in a folder that is not trusted nothing is read or shown: its patterns are
its own text. Files are read and texts looked through on one thread beside the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TypeVar

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from patchtrail.contract.lsp import Facts
from patchtrail.contract.settings import Settings
from patchtrail.editor import to_lsp
from patchtrail.editor.client_powers import HintPowers
from patchtrail.editor.fix_places import Places
from patchtrail.editor.fix_targets import KnownDiagnostics
from patchtrail.editor.pattern_folders import PatternFolders, Snapshot
from patchtrail.editor.server import SidecarServer
from patchtrail.learning.pattern_places import PatternPlace, Surroundings
from patchtrail.learning.scope import LANGUAGES

__all__ = ["PatternHints"]

LOOK_SECONDS = 1.0
"""How often the pattern files of the folders that were asked about are looked at."""

Answer = TypeVar("Answer")


class PatternHints:
    """The hints of one editor."""

    def __init__(self, server: SidecarServer, known: KnownDiagnostics, powers: HintPowers) -> None:
        self._server, self._known, self._powers = server, known, powers
        self._places = Places(server.workspace)
        self._folders, self._told = PatternFolders(), dict[Path, str]()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="patchtrail-hints")
        self._is_on, self._is_trusted = True, False
        self._tasks = set[asyncio.Task[None]]()
        self._watching: asyncio.Task[None] | None = None

    async def inlay_hints(self, params: lsp.InlayHintParams) -> list[lsp.InlayHint]:
        """Return a hint at the end of each line in the range on which a match begins."""
        snapshot = self._snapshot(params.text_document.uri)
        if snapshot is None:
            return []
        if self._watching is None and self._powers.can_refresh:
            self._watching = asyncio.ensure_future(self._watch())
        lines = range(params.range.start.line, params.range.end.line + 1)
        shown = [one for one in await self._find(snapshot) if one.first_line in lines]
        units: Callable[[str], int] = self._server.workspace.position_codec.client_num_units
        return to_lsp.inlay_hints(shown, snapshot.text, snapshot.where.language, units)

    async def hover(self, params: lsp.HoverParams) -> lsp.Hover | None:
        """Return what the patterns say that match the line under the pointer."""
        snapshot, line = self._snapshot(params.text_document.uri), params.position.line
        if snapshot is None:
            return None
        shown = [one for one in await self._find(snapshot) if one.first_line <= line <= one.last_line]
        return to_lsp.hover(shown, snapshot.where.language, self._powers)

    def configure(self, settings: Settings) -> None:
        """Take changed settings."""
        self._switch(is_on=settings.patterns_hints, is_trusted=self._is_trusted)

    def take_facts(self, facts: Facts) -> None:
        """Take what the client knows of the open folders."""
        self._switch(is_on=self._is_on, is_trusted=facts.is_workspace_trusted)

    def reported(self, uri: str) -> None:
        """Let the client ask again, where what tools now report of a document changes what is shown in it."""
        if self._powers.can_refresh:
            self._begin(self._refresh_if_news(uri))

    def close(self) -> None:
        """Stop what is running."""
        for task in [*self._tasks, *filter(None, [self._watching])]:
            task.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    # --- looking

    @property
    def _is_shown(self) -> bool:
        return self._is_on and self._is_trusted

    def _snapshot(self, uri: str) -> Snapshot | None:
        document, place = self._server.workspace.text_documents.get(uri), self._places.of(uri)
        if document is None or place is None or not self._is_shown:
            return None
        language = LANGUAGES.get(PurePosixPath(place.file_path).suffix, document.language_id or "")
        where = Surroundings(place.root.name, language, place.file_path)
        return Snapshot(place.root, where, document.source, self._known.of(uri, document.version))

    async def _find(self, snapshot: Snapshot) -> Sequence[PatternPlace]:
        found = await self._beside(partial(self._folders.find, snapshot))
        if found.problem != self._told.get(snapshot.root, ""):
            self._told[snapshot.root] = found.problem
            if found.problem:
                message = f"patchtrail: no patterns are shown. {found.problem}"
                self._server.window_log_message(lsp.LogMessageParams(lsp.MessageType.Warning, message))
        return found.places

    async def _beside(self, work: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    # --- news

    def _switch(self, *, is_on: bool, is_trusted: bool) -> None:
        was_shown = self._is_shown
        self._is_on, self._is_trusted = is_on, is_trusted
        if was_shown != self._is_shown and self._powers.can_refresh:
            self._begin(self._refresh())

    async def _watch(self) -> None:
        # Clients watch files for a server only where they are asked to, and not all can be asked.
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._is_shown and await self._beside(self._folders.have_changed):
                await self._refresh()

    async def _refresh_if_news(self, uri: str) -> None:
        snapshot = self._snapshot(uri)
        if snapshot is not None and await self._beside(partial(self._folders.is_news, snapshot)):
            await self._refresh()

    async def _refresh(self) -> None:
        try:
            await self._server.workspace_inlay_hint_refresh_async(None)
        except JsonRpcException as error:
            # It asks again by itself, when something is typed.
            self._server.report_server_error(error, self._refresh)

    def _begin(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
