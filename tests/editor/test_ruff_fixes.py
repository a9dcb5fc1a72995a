"""The sidecar as it is shipped, with no model: Ruff's own fixes, found, checked, applied and recorded."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.editor.fixing_desk import FixingEditor, diagnostic, fixing_in_neovim

pytestmark = pytest.mark.asyncio(loop_scope="module")
TEXT = "import os\nimport sys\n\nprint(sys.argv)\n"
UNUSED = "`os` imported but unused"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def editor(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FixingEditor]:
    """Open a repository in Neovim, with a home of its own."""
    folder = tmp_path_factory.mktemp("ruff")
    shop = folder / "shop"
    shop.mkdir()
    async with fixing_in_neovim(shop) as made:
        yield made


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
