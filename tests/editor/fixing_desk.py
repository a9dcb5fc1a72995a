"""An editor that asks for quick fixes, takes edits as real ones do, and answers what it is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Union

from lsprotocol import types as lsp
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

from tests.editor.driven import FACTS, Editor, plain

__all__ = ["FixingEditor", "diagnostic", "fixing_in_neovim"]


def diagnostic(line: int, message: str = "BAD is bad", source: str = "Ruff", code: str = "X100") -> lsp.Diagnostic:
    """Return a diagnostic of a whole line, from 0."""
    where = lsp.Range(lsp.Position(line, 0), lsp.Position(line, 3))
    return lsp.Diagnostic(where, message, severity=lsp.DiagnosticSeverity.Warning, code=code, source=source)


class FixingEditor(Editor):
    """Edits are applied only to the version that they name."""

    def __init__(self, client: LanguageClient, folder: Path, spool: Path, log: Path) -> None:
        super().__init__(client, folder, spool)
        self.log, self.hold = log, log.with_suffix(".hold")
        self.texts = dict[str, str]()
        self.versions = dict[str, int]()
        self.applied = list[lsp.ApplyWorkspaceEditParams]()
        self.asked = list[dict[str, Any]]()
        self.choice: Any = None
        self.on_ask: Any = None
        self._number = 0
        convert = client.protocol._converter
        # The client's library takes every entry that has a command for a bare command.
        either = Union[lsp.Command, lsp.CodeAction]  # noqa: UP007 -- the library's own spelling
        convert.register_structure_hook(either, lambda one, _: convert.structure(one, lsp.CodeAction))
        self._answer()

    async def begin(self) -> None:
        """Begin a test in a file of its own, with nothing said and nothing set."""
        self._number += 1
        self.applied.clear()
        self.asked.clear()
        self.client.messages.clear()
        self.client.progress_reports.clear()
        self.log.unlink(missing_ok=True)
        self.hold.unlink(missing_ok=True)
        self.choice = self.on_ask = None
        self.configure({"folders_allowed": [str(self.folder)]})
        await self.trust()

    def _answer(self) -> None:
        @self.client.feature(lsp.WORKSPACE_APPLY_EDIT)
        def apply(params: lsp.ApplyWorkspaceEditParams) -> lsp.ApplyWorkspaceEditResult:
            self.applied.append(params)
            return self.take(params.edit)

        @self.client.feature(lsp.WINDOW_SHOW_MESSAGE_REQUEST)
        def choose(params: lsp.ShowMessageRequestParams) -> lsp.MessageActionItem | None:
            self.asked.append({"message": params.message})
            return self.choice

        @self.client.feature("patchtrail/fix/preview")
        async def preview(params: Any) -> dict[str, bool]:
            self.asked.append(plain(params))
            if self.on_ask:
                self.on_ask()
            return {"is_applied": bool(self.choice)}

        @self.client.feature("patchtrail/model/ask")
        async def ask(params: Any) -> dict[str, object]:
            self.asked.append(plain(params))
            return {"text": "BEST", "model": "rig"}

    def take(self, edit: lsp.WorkspaceEdit) -> lsp.ApplyWorkspaceEditResult:
        """Apply an edit as an editor does, or not at all."""
        for change in edit.document_changes or []:
            if isinstance(change, lsp.CreateFile):
                self.texts[change.uri] = ""
                continue
            uri, version = change.text_document.uri, change.text_document.version
            if version is not None and self.versions[uri] != version:
                return lsp.ApplyWorkspaceEditResult(applied=False, failure_reason="another version")
            self._replace(uri, change.edits)
        for uri, edits in (edit.changes or {}).items():
            self._replace(uri, edits)
        return lsp.ApplyWorkspaceEditResult(applied=True)

    def _replace(self, uri: str, edits: Any) -> None:
        text = self.texts[uri]
        for one in sorted(edits, key=lambda edit: edit.range.start.line, reverse=True):
            text = text[: offset(text, one.range.start)] + one.new_text + text[offset(text, one.range.end) :]
        self.texts[uri] = text
        if uri in self.versions:
            self.type(uri, text)

    def open_text(self, text: str, folder: str = ".") -> str:
        """Write a file and open it; return its URI."""
        name = f"{folder}/shop_{self._number}.py"
        path = (self.folder / name).resolve()
        path.write_bytes(text.encode())
        return self.opened(path)

    def opened(self, path: Path) -> str:
        """Open a file as it is on disk; return its URI."""
        uri = path.as_uri()
        self.texts[uri], self.versions[uri] = path.read_bytes().decode(), 1
        self.open(str(path))
        return uri

    def type(self, uri: str, text: str) -> None:
        """Change an open document without saving it."""
        self.texts[uri] = text
        self.versions[uri] += 1
        document = lsp.VersionedTextDocumentIdentifier(version=self.versions[uri], uri=uri)
        whole = lsp.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(document, [whole]))

    async def heard(self) -> None:
        """Return once the sidecar has read what was sent before: it takes messages in their order."""
        await self.trust()

    async def menu(self, uri: str, *diagnostics: lsp.Diagnostic, only: Any = None) -> list[lsp.CodeAction]:
        """Ask for code actions."""
        context = lsp.CodeActionContext(list(diagnostics), only=only)
        where = lsp.Range(lsp.Position(0, 0), lsp.Position(0, 0))
        params = lsp.CodeActionParams(lsp.TextDocumentIdentifier(uri), where, context)
        return list(await self.client.text_document_code_action_async(params) or [])

    async def run(self, action: lsp.CodeAction) -> dict[str, Any]:
        """Click an entry of the menu."""
        assert action.command is not None
        params = lsp.ExecuteCommandParams(action.command.command, action.command.arguments)
        return plain(await self.client.workspace_execute_command_async(params))

    async def trust(self, **facts: object) -> None:
        """Report that the folder is trusted."""
        await self.ask("patchtrail/facts/report", **{**FACTS, **facts})

    def said(self, event: str) -> list[dict[str, Any]]:
        """Return what the engine wrote down."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [one for one in map(json.loads, lines) if one["event"] == event]

    @property
    def messages(self) -> list[str]:
        """Return what was said to the person."""
        return [one.message for one in self.client.messages]


def offset(text: str, position: lsp.Position) -> int:
    """Return where a position is; positions behind the end are the end."""
    lines = text.split("\n")
    if position.line >= len(lines):
        return len(text)
    start = sum(len(line) + 1 for line in lines[: position.line])
    units = lines[position.line].encode("utf-16-le")[: position.character * 2]
    return start + len(units.decode("utf-16-le"))


@asynccontextmanager
async def fixing_in_neovim(shop: Path, **environment: str) -> AsyncIterator[FixingEditor]:
    """Make a repository of a folder and open it in Neovim, with the sidecar as it is shipped and a spool beside it."""
    subprocess.run(["git", "init", "-q"], cwd=shop, check=True)
    spool = shop.parent / "spool"
    command = [sys.executable, "-m", "patchtrail", "serve", "--spool", str(spool)]
    client = await ClientServerConfig(server_command=command, server_env={**os.environ, **environment}).start()
    made = FixingEditor(client, shop, spool, shop.parent / "engine.jsonl")
    await client.initialize_session(
        lsp.InitializeParams(capabilities=client_capabilities("neovim"), root_uri=shop.as_uri())
    )
    yield made
    await client.shutdown_session()
    await client.stop()
