"""Hints of active patterns over standard input and output, with the capabilities of two editors."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from lsprotocol import types as lsp
from markdown_it import MarkdownIt
from pygls.exceptions import JsonRpcException
from pytest_lsp import ClientServerConfig, client_capabilities

from patchtrail.contract.learning import Pattern, PatternFile
from tests.editor.driven import EDITORS
from tests.editor.fixing_desk import FixingEditor, diagnostic
from tests.learning.patterns import pattern_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
BAD, GOOD = "import yaml\n\nconfig = yaml.load(text)\n", "import yaml\n\nconfig = yaml.safe_load(text)\n"
USED = 'import yaml\n\nname = "é🎈"; x = 1\nsettings = yaml.load(  # 🎈\n    body\n)\n'


def loader(pattern_id: str = "unsafe_loader", **fields: Any) -> Pattern:
    """Return an active pattern of an unsafe loader."""
    told = {"description": "A loader that runs code.", "severity": "high", "occurrence_frequency": 4, "negative": []}
    return pattern_of(
        pattern_id, **{"state": "active", "bad_example": BAD, "good_example": GOOD, "helpful": 2, **told, **fields}
    )


class HintedEditor(FixingEditor):
    """An editor that shows hints, and asks for them again when it is told to."""

    refreshed, column = 0, 27

    def listen(self, kind: str) -> None:
        """Count how often it is told to; Neovim counts bytes, the other UTF-16 units."""
        self.column = 29 if kind == "neovim" else 27

        @self.client.feature(lsp.WORKSPACE_INLAY_HINT_REFRESH)
        def refresh(_params: None = None) -> None:
            self.refreshed += 1

    def teach(self, *patterns: Pattern, text: str | None = None) -> None:
        """Write the folder's patterns."""
        written = PatternFile(patterns=list(patterns)).model_dump_json() if text is None else text
        (self.folder / "patterns.json").write_text(written)

    async def hints(self, uri: str, first: int = 0, last: int = 100) -> list[lsp.InlayHint]:
        """Ask for the hints of some lines."""
        lines = lsp.Range(lsp.Position(first, 0), lsp.Position(last, 0))
        params = lsp.InlayHintParams(lsp.TextDocumentIdentifier(uri), lines)
        return list(await self.client.text_document_inlay_hint_async(params) or [])

    async def labels(self, uri: str) -> list[tuple[int, object]]:
        """Return where hints are, and what they say."""
        return [(one.position.line, one.label) for one in await self.hints(uri)]

    async def hovered(self, uri: str, line: int) -> str:
        """Return what is shown under the pointer."""
        params = lsp.HoverParams(lsp.TextDocumentIdentifier(uri), lsp.Position(line, 2))
        found = await self.client.text_document_hover_async(params)
        return found.contents.value if found else ""  # type: ignore[union-attr]  # always markup here

    @asynccontextmanager
    async def again(self) -> AsyncIterator[None]:
        """Wait until it is told to ask again, after what is done meanwhile."""
        before = self.refreshed
        yield
        async with asyncio.timeout(20):
            while self.refreshed == before:
                await asyncio.sleep(0.01)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=EDITORS)
async def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HintedEditor]:
    """Open a repository in an editor, with the sidecar as it is shipped."""
    folder = tmp_path_factory.mktemp("hints")
    shop = folder / "shop"
    shop.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=shop, check=True)
    command = [sys.executable, "-m", "patchtrail", "serve", "--spool", str(folder / "spool")]
    client = await ClientServerConfig(server_command=command).start()
    made = HintedEditor(client, shop, folder / "spool", folder / "engine.jsonl")
    made.listen(request.param)
    capabilities = client_capabilities(request.param)
    assert capabilities.workspace is not None
    # One was written down before that editor had hints.
    capabilities.workspace.inlay_hint = lsp.InlayHintWorkspaceClientCapabilities(refresh_support=True)
    await client.initialize_session(lsp.InitializeParams(capabilities=capabilities, root_uri=shop.as_uri()))
    yield made
    await client.shutdown_session()
    await client.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def editor(desk: HintedEditor) -> HintedEditor:
    """Begin in a file of the test's own, with one pattern."""
    await desk.begin()
    desk.teach(loader())
    return desk


async def test_a_hint_stands_at_the_end_of_the_line(editor: HintedEditor) -> None:
    """The hint names the pattern at the end of the first line that matches, and says why and what to write."""
    uri = editor.open_text(USED)
    (hint,) = await editor.hints(uri)
    said = hint.tooltip.value  # type: ignore[union-attr]  # always markup here

    assert (hint.label, hint.position) == ("⚑ unsafe_loader", lsp.Position(3, editor.column))
    assert "Shown because: the code has the shape of its bad example." in said
    assert f"```python\n{GOOD.rstrip()}\n```" in said
    assert await editor.hints(uri, 0, 2) == []


async def test_the_whole_card_is_under_the_pointer(editor: HintedEditor) -> None:
    """On every line that matches, description, reason, both examples, severity and counts are shown; elsewhere none."""
    uri = editor.open_text(USED)
    card = await editor.hovered(uri, 4)

    assert [await editor.hovered(uri, line) for line in (2, 3, 5, 6)] == ["", card, card, ""]
    assert card.startswith("**⚑ unsafe_loader** · high severity\n\nA loader that runs code.")
    assert f"Instead of:\n\n```python\n{BAD.rstrip()}\n```\n\nWrite:\n\n```python\n{GOOD.rstrip()}\n```" in card
    assert card.endswith("Happened 4 times · helped 2, harmed 0")


async def test_hints_follow_what_is_typed(editor: HintedEditor) -> None:
    """The hint moves with its line, half-typed code hides none, and when the good form is typed it is gone, unsaved."""
    uri = editor.open_text(USED)
    editor.type(uri, f"import os\nprint('open\n{USED}")
    moved = await editor.labels(uri)
    editor.type(uri, USED.replace("yaml.load", "yaml.safe_load"))

    assert moved == [(5, "⚑ unsafe_loader")]
    assert (await editor.labels(uri), await editor.hovered(uri, 3)) == ([], "")


@pytest.mark.parametrize("state", ["draft", "shadow", "canary", "probation", "archived", "quarantined"])
async def test_only_active_patterns_are_shown(editor: HintedEditor, state: str) -> None:
    """A pattern that is not active is never shown, neither by its shape nor by a rule."""
    editor.teach(loader(state=state, rule_ids=["S506"]))
    uri = editor.open_text(USED)
    await editor.menu(uri, diagnostic(3, "yaml.load is unsafe", code="S506"))

    assert (await editor.labels(uri), await editor.hovered(uri, 3)) == ([], "")


async def test_a_diagnostic_that_a_pattern_answers(editor: HintedEditor) -> None:
    """A diagnostic that the editor told of makes a hint on its line, in any language, for this version alone."""
    editor.teach(loader("no_eval", rule_ids=["no-eval"], bad_example="", good_example=""))
    page = editor.folder / "page.js"
    page.write_text("let a = 1;\neval(a);\n")
    uri = editor.opened(page)
    before = await editor.labels(uri)
    await editor.menu(uri, diagnostic(1, "eval can be harmful", "eslint", "no-eval"))
    told = await editor.labels(uri)

    assert (before, told) == ([], [(1, "⚑ no_eval")])
    assert "Shown because: it answers NO-EVAL." in await editor.hovered(uri, 1)
    editor.type(uri, "let a = 1;\n")
    assert await editor.labels(uri) == []


async def test_the_client_asks_again_when_patterns_change(editor: HintedEditor) -> None:
    """A changed pattern file is noticed by itself; the next answer is by what it then says."""
    uri = editor.open_text(USED)
    assert await editor.labels(uri) == [(3, "⚑ unsafe_loader")]

    async with editor.again():
        editor.teach(loader("another_name"))
    assert await editor.labels(uri) == [(3, "⚑ another_name")]
    async with editor.again():
        (editor.folder / "patterns.json").unlink()
    assert await editor.labels(uri) == []


async def test_the_client_asks_again_when_a_tool_reports(editor: HintedEditor) -> None:
    """Diagnostics that come after the hints were asked for are told of, where a pattern answers them."""
    editor.teach(loader("no_eval", rule_ids=["no-eval"]))
    uri = editor.open_text("eval(a)\n")
    assert await editor.labels(uri) == []

    where = {"start_line": 0, "start_character": 0, "end_line": 0, "end_character": 4}
    told = {"message": "eval can be harmful", "source": "eslint", "code": "no-eval", "severity": "warning", **where}
    report = {"uri": uri, "version": 1, "diagnostics": [told]}
    async with editor.again():
        await editor.ask("patchtrail/fix/diagnostics", **report)
    assert await editor.labels(uri) == [(0, "⚑ no_eval")]


async def test_untrusted_and_switched_off(editor: HintedEditor) -> None:
    """Nothing is shown in a folder that is not trusted, when hints are off, and when settings are malformed."""
    uri, shown = editor.open_text(USED), [(3, "⚑ unsafe_loader")]
    settings = {"folders_allowed": [str(editor.folder)]}
    await editor.trust(is_workspace_trusted=False)
    untrusted = [await editor.labels(uri), await editor.hovered(uri, 3)]
    await editor.trust()
    assert (untrusted, await editor.labels(uri)) == ([[], ""], shown)

    for off in ({**settings, "patterns_hints": False}, {"patterns_hints": "perhaps"}):
        editor.configure(off)
        assert [await editor.labels(uri), await editor.hovered(uri, 3)] == [[], ""]
    editor.configure(settings)
    assert await editor.labels(uri) == shown


HOSTILE = (
    "[run](command:workbench.action.terminal.new) <img src=x onerror=alert(1)> https://evil.example www.evil.example "
    "$(flame) `code` **bold** a@evil.example\r\n```sh\nrm -rf /\n```\n| a |\u202eevil\u200b"
)


async def test_hostile_text_does_nothing(editor: HintedEditor) -> None:
    """Text of a pattern is shown as it is: no link, command, image, icon or fence of its own, and nothing invisible."""
    code = f"{BAD}````\n# [run](command:x)\r``````\n</code>\u202e"
    told = {"name": HOSTILE, "description": HOSTILE, "exceptions": [HOSTILE], "rule_ids": ["E1"]}
    editor.teach(loader("h", bad_example=code, **told))
    uri = editor.open_text(USED)
    await editor.menu(uri, diagnostic(3, "x", code="E1"))
    (hint,) = await editor.hints(uri)
    card, label = await editor.hovered(uri, 3), str(hint.label)
    blocks = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(card)
    inlines = [child for block in blocks for child in block.children or []]

    assert (len(label), label[:10], "\n" in label) == (42, "⚑ [run](co", False)
    assert {one.type for one in inlines} == {"text", "strong_open", "strong_close"}
    assert {one.type for one in blocks} == {"paragraph_open", "inline", "paragraph_close", "fence"}
    assert [one.content for one in blocks if one.type == "fence"] == [
        f"{BAD}````\n# [run](command:x)\n``````\n</code>\n",
        GOOD,
    ]
    # Editors make links of bare addresses, and icons of names in brackets.
    assert [live for live in ("https://", "www.", "a@", " $(") if live in card] == []
    assert [one for one in f"{card}{label}" if one in "\u202e\u200b\r"] == []


@pytest.mark.parametrize("text", ["{", "[]", '{"patterns": [{"name": 3}]}', "[" * 100_000])
async def test_a_faulty_file_is_told_once(editor: HintedEditor, text: str) -> None:
    """What is no pattern file shows nothing, crashes nothing, and is named in the client's log, once."""
    uri = editor.open_text(USED)
    assert await editor.labels(uri) == [(3, "⚑ unsafe_loader")]
    editor.client.log_messages.clear()
    editor.teach(text=text)
    shown = [await editor.labels(uri), await editor.labels(uri), await editor.hovered(uri, 3)]
    said = [one.message for one in editor.client.log_messages]
    editor.teach(loader())

    assert shown == [[], [], ""]
    assert len(said) == 1
    assert said[0].startswith(f"patchtrail: no patterns are shown. {editor.folder / 'patterns.json'} ")
    assert await editor.labels(uri) == [(3, "⚑ unsafe_loader")]


async def test_a_request_that_is_cancelled_is_not_answered(editor: HintedEditor) -> None:
    """A request that the editor takes back while it waits ends as cancelled; the next one is answered."""
    uri = editor.open_text("import yaml\n" + "x = yaml.load(a)\n" * 10_000)
    lines = lsp.Range(lsp.Position(0, 0), lsp.Position(3, 0))
    params = lsp.InlayHintParams(lsp.TextDocumentIdentifier(uri), lines)
    asked = editor.client.protocol.send_request_async(lsp.TEXT_DOCUMENT_INLAY_HINT, params, msg_id="taken-back")
    running = asyncio.ensure_future(asked)
    await asyncio.sleep(0)
    editor.client.cancel_request(lsp.CancelParams("taken-back"))

    with pytest.raises(JsonRpcException):
        await running
    assert [line for line, _ in await editor.labels(uri)] == [*range(1, 101)]
