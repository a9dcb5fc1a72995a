"""What an editor tells of files beside saves, over the protocol."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from lsprotocol import types as lsp

from tests.editor.driven import Editor

FILES = ("file_edit", "file_create", "file_delete", "file_rename")


async def told(editor: Editor, count: int, types: tuple[str, ...] = FILES) -> list[dict[str, Any]]:
    """Return the file events, once there are so many."""
    events: list[dict[str, Any]] = []
    for _ in range(150):
        events = [event for event in await editor.recorded() if event["type"] in types]
        if len(events) >= count:
            break
        await asyncio.sleep(0.1)
    return events


@pytest.mark.asyncio
async def test_files_made_renamed_and_deleted_in_the_editor(editor: Editor) -> None:
    """Each act is an event, a folder's too, seen by the editor."""
    await editor.start()
    made, moved = editor.folder / "lib" / "new.py", editor.folder / "src"
    made.parent.mkdir()
    made.write_text("x = 1\n")
    client = editor.client
    client.workspace_did_create_files(lsp.CreateFilesParams([lsp.FileCreate(made.as_uri())]))
    await editor.recorded()
    made.parent.rename(moved)
    pair = lsp.FileRename(made.parent.as_uri(), moved.as_uri())
    client.workspace_did_rename_files(lsp.RenameFilesParams([pair]))
    await editor.recorded()
    (editor.folder / "shop.py").unlink()
    client.workspace_did_delete_files(lsp.DeleteFilesParams([lsp.FileDelete((editor.folder / "shop.py").as_uri())]))
    events = [event["data"] | {"type": event["type"]} for event in await told(editor, 3)]

    assert [(one["type"], one["file_path"], one["seen_by"]) for one in events] == [
        ("file_create", "lib/new.py", "editor"),
        ("file_rename", "lib", "editor"),
        ("file_delete", "shop.py", "editor"),
    ]
    assert (events[1]["new_path"], events[1]["is_folder"]) == ("src", True)


@pytest.mark.asyncio
async def test_a_change_on_disk(editor: Editor) -> None:
    """What the client's watcher tells is recorded once it is quiet, without anything else being asked."""
    await editor.start()
    path = editor.folder / "shop.py"
    path.write_text("formatted = True\n")
    changed = lsp.FileEvent(path.as_uri(), lsp.FileChangeType.Changed)
    editor.client.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams([changed]))
    edit = (await told(editor, 1))[0]["data"]

    assert (edit["evidence"], edit["seen_by"], edit["file_path"]) == ("external", "disk", "shop.py")


@pytest.mark.asyncio
async def test_a_client_that_does_not_watch(editor: Editor) -> None:
    """A recorded file is looked at from time to time, whoever tells nothing of it."""
    await editor.start()
    editor.open("shop.py")
    editor.edit("shop.py", "x = 1\n")
    await told(editor, 1)
    (editor.folder / "shop.py").write_text("x = 'by a tool'\n")
    events = await told(editor, 2)

    assert [event["data"]["evidence"] for event in events] == ["unknown", "external"]


@pytest.mark.asyncio
async def test_a_change_behind_a_form_feed(editor: Editor) -> None:
    """Lines end where the protocol says, so that a change behind a form feed is applied where it was made."""
    path = editor.folder / "feed.py"
    path.write_text("a\x0cb\u2028c\nlast\n")
    await editor.start()
    editor.open("feed.py")
    where = lsp.Range(lsp.Position(1, 0), lsp.Position(1, 4))
    editor.change("feed.py", [lsp.TextDocumentContentChangePartial(where, "LAST")])
    editor.save("feed.py", "a\x0cb\u2028c\nLAST\n")
    edit = (await told(editor, 1))[0]["data"]

    assert "-last\n+LAST\n" in edit["diff_unified"]
    assert len([event for event in await editor.recorded() if event["type"] in FILES]) == 1


def cell(editor: Editor, name: str, text: str) -> tuple[lsp.NotebookCell, lsp.TextDocumentItem]:
    """Make a cell as VS Code tells of it: its address is spelled one way in the notebook, and another elsewhere."""
    uri = f"vscode-notebook-cell:{(editor.folder / 'n.ipynb').as_uri()[7:]}#{name}"
    made = lsp.NotebookCell(lsp.NotebookCellKind.Code, f"{uri}%3D%3D")
    return made, lsp.TextDocumentItem(f"{uri}==", "python", 1, text)


@pytest.mark.asyncio
async def test_a_notebook_by_cell(editor: Editor) -> None:
    """A saved notebook is told by the cells that changed, with the file's own ids; a run of one by its keyed hash."""
    path = editor.folder / "n.ipynb"
    document = {"cells": [{"cell_type": "code", "id": f"id{n}", "source": f"x = {n}"} for n in range(2)]}
    path.write_text(json.dumps(document))
    await editor.start()
    cells = [cell(editor, f"c{n}", f"x = {n}") for n in range(2)]
    notebook = lsp.NotebookDocument(path.as_uri(), "jupyter-notebook", 1, [one for one, _ in cells])
    opened = lsp.DidOpenNotebookDocumentParams(notebook, [one for _, one in cells])
    editor.client.notebook_document_did_open(opened)
    text = lsp.NotebookDocumentCellContentChanges(
        lsp.VersionedTextDocumentIdentifier(version=2, uri=cells[1][1].uri),
        [lsp.TextDocumentContentChangeWholeDocument("x = 'changed'")],
    )
    changes = lsp.NotebookDocumentChangeEvent(cells=lsp.NotebookDocumentCellChanges(text_content=[text]))
    versioned = lsp.VersionedNotebookDocumentIdentifier(2, path.as_uri())
    editor.client.notebook_document_did_change(lsp.DidChangeNotebookDocumentParams(versioned, changes))
    document["cells"][1]["source"] = "x = 'changed'"
    path.write_text(json.dumps(document))
    saved = lsp.NotebookDocumentIdentifier(path.as_uri())
    editor.client.notebook_document_did_save(lsp.DidSaveNotebookDocumentParams(saved))
    edits = await told(editor, 1)
    output = {"media_types": ["text/plain"], "sha256": "5" * 64, "size_bytes": 3}
    run = {"notebook_uri": path.as_uri(), "index": 1, "execution_order": 1, "is_success": True, "duration_ms": 4}
    await editor.ask("patchtrail/notebook/cellRan", **run, outputs=[output], error_name=None)
    ran = (await told(editor, 1, ("cell_run",)))[0]["data"]

    assert [(one["data"]["cell"]["cell_id"], one["data"]["cell"]["index"]) for one in edits] == [("id1", 1)]
    assert "+x = 'changed'" in edits[0]["data"]["diff_unified"]
    assert edits[0]["data"]["seen_by"] == "save"
    assert (ran["cell"]["cell_id"], ran["output_types"], len(ran["outputs_hash"])) == ("id1", ["text/plain"], 64)
    assert ran["outputs_hash"] != "5" * 64


@pytest.mark.asyncio
async def test_documents_that_are_no_files(editor: Editor) -> None:
    """That somebody types in one is declared with its kind alone."""
    await editor.start()
    await editor.ask("patchtrail/gap/report", reason="not_a_file", detail="untitled")
    gap = (await editor.recorded())[-1]["data"]

    assert (gap["reason"], gap["detail"]) == ("not_a_file", "untitled")
