"""An editor that speaks LSP with the sidecar over standard input and output, with the capabilities of a real one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pytest_lsp import LanguageClient

from patchtrail.study import current_consent
from tests.editor.spooled import events_of

EDITORS = ("visual-studio-code", "neovim")
FACTS = {"is_telemetry_enabled": True, "is_workspace_trusted": True, "consent": current_consent().model_dump()}


def plain(value: Any) -> Any:
    """Turn pygls's objects back into JSON."""
    if hasattr(value, "_asdict"):
        return {name: plain(one) for name, one in value._asdict().items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


class Editor:
    """An editor with one folder open, and a spool that the test can look into."""

    def __init__(self, client: LanguageClient, folder: Path, spool: Path) -> None:
        self.client, self.folder, self.spool = client, folder, spool

    async def ask(self, method: str, **params: object) -> dict[str, Any]:
        """Send a custom request."""
        return plain(await self.client.protocol.send_request_async(method, params))

    async def start(self, **facts: object) -> dict[str, Any]:
        """Report facts and start a session."""
        await self.ask("patchtrail/facts/report", **{**FACTS, **facts})
        return await self.ask("patchtrail/session/start", root_uri=self.folder.as_uri(), task_id="T-1")

    def open(self, name: str) -> None:
        """Open a file as it is on disk."""
        path = self.folder / name
        item = lsp.TextDocumentItem(path.as_uri(), "python", 1, path.read_bytes().decode())
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))

    def change(self, name: str, changes: list[Any]) -> None:
        """Edit an open document."""
        document = lsp.VersionedTextDocumentIdentifier(version=2, uri=(self.folder / name).as_uri())
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(document, changes))

    def will_save(self, name: str, reason: lsp.TextDocumentSaveReason) -> None:
        """Tell that a document is about to be saved, and why."""
        document = lsp.TextDocumentIdentifier((self.folder / name).as_uri())
        self.client.text_document_will_save(lsp.WillSaveTextDocumentParams(document, reason))

    def save(self, name: str, text: str) -> None:
        """Write an open document and tell that it was saved."""
        path = self.folder / name
        path.write_bytes(text.encode())
        document = lsp.TextDocumentIdentifier(path.as_uri())
        self.client.text_document_did_save(lsp.DidSaveTextDocumentParams(document))

    def edit(self, name: str, text: str) -> None:
        """Replace a document's text and save it."""
        self.change(name, [lsp.TextDocumentContentChangeWholeDocument(text)])
        self.save(name, text)

    async def recorded(self) -> list[dict[str, Any]]:
        """Return the events recorded so far, after everything asked before is recorded."""
        await self.ask("patchtrail/session/status")
        return events_of(self.spool)

    def configure(self, settings: dict[str, Any]) -> None:
        """Change the settings."""
        self.client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams(settings))
