"""The save path: what textDocument/didSave costs the handler's thread while a session is being recorded."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from lsprotocol import types as lsp

from patchtrail.capture import Recorder
from patchtrail.editor.documents import Documents
from patchtrail.editor.server import SidecarServer
from tests.bench.sidecar import opened_server, recording
from tests.bench.table import Goal, Row, Section
from tests.bench.texts import changed, source_lines

__all__ = ["measure"]

LINES = 10_000
CHANGES = (1, 10, 200)
SAVES = 300


def measure(folder: Path) -> Iterator[Section]:
    """Yield the cost of a save to the handler."""
    with recording(folder) as (recorder, work):
        document = _Document(opened_server(work), recorder, work / "long.py")
        samples = document.saves()
        failures, events = recorder.failures, recorder.state.next_seq
    rows = [
        Row(f"changed lines: {count}", "µs", samples[count], goal=Goal("p99 < 1000", "p99 < 300")) for count in CHANGES
    ]
    yield Section(
        f"1a. Save path: textDocument/didSave, handler entry to return, CPU of its thread, {LINES:,} lines",
        rows,
        [f"{events:,} events were recorded behind it, {failures} captures failed."],
    )


class _Document:
    """An open document that is changed and saved again and again."""

    def __init__(self, server: SidecarServer, recorder: Recorder, path: Path) -> None:
        self._server = server
        self._recorder = recorder
        self._uri = path.as_uri()
        self._version = 1
        self._lines = source_lines(LINES)
        text = "".join(self._lines)
        path.write_text(text, "utf-8")
        item = lsp.TextDocumentItem(uri=self._uri, language_id="python", version=1, text=text)
        server.workspace.put_text_document(item)
        self._documents = Documents(recorder, server.workspace)
        self._documents.did_open(lsp.DidOpenTextDocumentParams(text_document=item))

    def saves(self) -> dict[int, list[float]]:
        """Return microseconds per save, by the number of changed lines, taken in turn."""
        samples: dict[int, list[float]] = {count: [] for count in CHANGES}
        for seed in range(SAVES):
            for count in CHANGES:
                self._change("".join(self._lines))
                self._save()
                self._change(changed(self._lines, count, seed=seed))
                samples[count].append(self._save() / 1_000)
        return samples

    def _change(self, text: str) -> None:
        self._version += 1
        self._server.workspace.update_text_document(
            lsp.VersionedTextDocumentIdentifier(uri=self._uri, version=self._version),
            lsp.TextDocumentContentChangeWholeDocument(text=text),
        )

    def _save(self) -> int:
        """Return the nanoseconds of a save, once the worker has recorded it too."""
        params = lsp.DidSaveTextDocumentParams(text_document=lsp.TextDocumentIdentifier(uri=self._uri))
        begun = time.thread_time_ns()
        self._documents.did_save(params)
        spent = time.thread_time_ns() - begun
        self._recorder.settle().result()
        return spent
