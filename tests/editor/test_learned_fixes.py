"""The sidecar as it is shipped, with a model and a learned pattern: what is done with a patch tells on the pattern."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from typer.testing import CliRunner

from patchtrail.cli.app import app
from patchtrail.learning import PatternLibrary
from tests.editor.fixing_desk import FixingEditor, diagnostic, fixing_in_neovim
from tests.learning.patterns import pattern_of
from tests.model import ModelServer, Reply

pytestmark = pytest.mark.asyncio(loop_scope="module")
TEXT = "import os\nimport sys\n\nprint(sys.argv)\n"
ANSWER = "cart.py\n<<<<<<< SEARCH\nimport os\nimport sys\n=======\nimport sys\n>>>>>>> REPLACE\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def editor(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FixingEditor]:
    """Open a repository that has one active pattern in Neovim, with a home and a model of its own."""
    folder = tmp_path_factory.mktemp("learned")
    shop = folder / "shop"
    shop.mkdir()
    library = PatternLibrary(shop / "patterns.json")
    library.put(pattern_of("unused_import", state="active", rule_ids=["F401"], description="Take it out."))
    library.save_patterns()
    with ModelServer(lambda _: Reply(ANSWER)) as model:
        own = {"PATCHTRAIL_MODEL_URL": model.url, "OPENAI_API_KEY": "test-key", "XDG_DATA_HOME": str(folder / "data")}
        async with fixing_in_neovim(shop, **own) as made:
            yield made


def counted(folder: Path) -> tuple[int, int, int]:
    """Collect the attempts by the command line; return how often the pattern was used, helped and did harm."""
    result = CliRunner().invoke(app, ["learn", "collect", "--attempts", str(folder)])
    assert result.exit_code == 0, result.output
    (found,) = PatternLibrary(folder / "patterns.json").get_all_patterns()
    return found.retrieved, found.helpful, found.harmful


async def test_a_person_s_word_counts_for_the_pattern(editor: FixingEditor, monkeypatch: pytest.MonkeyPatch) -> None:
    """An accepted quick fix whose prompt showed the pattern helped; undone, it did harm. The fix writes no library."""
    monkeypatch.chdir(editor.folder)
    before = (editor.folder / "patterns.json").read_bytes()
    await editor.begin()
    (editor.folder / "cart.py").write_text(TEXT)  # A name that is not held out.
    uri = editor.opened(editor.folder / "cart.py")
    (action, *_) = await editor.menu(uri, diagnostic(0, "`os` imported but unused", code="F401"))
    done = await editor.run(action)
    (kept,) = [json.loads(path.read_text()) for path in (editor.folder / ".patchtrail/traces").glob("*.json")]

    assert (editor.texts[uri], kept["pattern_ids"]) == (TEXT.removeprefix("import os\n"), ["unused_import"])
    assert (editor.folder / "patterns.json").read_bytes() == before
    assert counted(editor.folder) == (1, 1, 0)
    await editor.ask("patchtrail/fix/outcome", fix_id=done["fix_id"], outcome="undone")
    assert counted(editor.folder) == (1, 0, 1)
