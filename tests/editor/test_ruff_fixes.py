"""The sidecar as it is shipped, with no model: Ruff's own fixes, found, checked, applied and recorded."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from lsprotocol import types as lsp
from pytest_lsp import ClientServerConfig, client_capabilities

from tests.editor.fixing_desk import FixingEditor, diagnostic

pytestmark = pytest.mark.asyncio(loop_scope="module")
TEXT = "import os\nimport sys\n\nprint(sys.argv)\n"
UNUSED = "`os` imported but unused"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def editor(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FixingEditor]:
    """Open a repository in Neovim, with a home of its own."""
    folder = tmp_path_factory.mktemp("ruff")
    shop = folder / "shop"
    shop.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=shop, check=True)
    command = [sys.executable, "-m", "patchtrail", "serve", "--spool", str(folder / "spool")]
    client = await ClientServerConfig(server_command=command).start()
    made = FixingEditor(client, shop, folder / "spool", folder / "engine.jsonl")
    await client.initialize_session(
        lsp.InitializeParams(capabilities=client_capabilities("neovim"), root_uri=shop.as_uri())
    )
    yield made
    await client.shutdown_session()
    await client.stop()


async def test_an_unused_import_is_removed(editor: FixingEditor) -> None:
    """Ruff's fix is offered without a model, applied without a preview, and kept as an attempt that was accepted."""
    await editor.begin()
    uri = editor.open_text(TEXT)
    menu = await editor.menu(uri, diagnostic(0, UNUSED, code="F401"), diagnostic(1, "a type error", "Pyright", "x"))
    done = await editor.run(menu[0])
    (kept,) = [json.loads(path.read_text()) for path in (editor.folder / ".patchtrail/traces").glob("*.json")]

    assert [one.title for one in menu if one.title.startswith("Fix:")] == [f"Fix: {UNUSED}"]
    assert (done["is_applied"], editor.texts[uri]) == (True, TEXT.removeprefix("import os\n"))
    assert (kept["status"], kept["rule_id"], kept["cost_usd"]) == ("accepted", "F401", 0)
    assert editor.asked == editor.messages == []
