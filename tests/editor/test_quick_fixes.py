"""Quick fixes over standard input and output, with the capabilities of two editors."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from lsprotocol import types as lsp
from pytest_lsp import ClientServerConfig, client_capabilities

from tests.editor.driven import EDITORS
from tests.editor.fixing_desk import FixingEditor, diagnostic

ROOT = Path(__file__).parents[2]
TEXT = "x = 'BAD'\ny = 2\nz = 'BAD'\n"
pytestmark = pytest.mark.asyncio(loop_scope="module")
OURS = ["patchtrail/fix/preview", "patchtrail/model/ask"]


async def started(tmp_path: Path, kind: str, abilities: list[str]) -> FixingEditor:
    """Open a repository in an editor whose sidecar has the tests' engine."""
    folder, log = tmp_path / "shop", tmp_path / "engine.jsonl"
    folder.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    command = [sys.executable, "-m", "tests.editor.fixing_sidecar", str(tmp_path / "spool"), str(log)]
    client = await ClientServerConfig(server_command=command).start()
    editor = FixingEditor(client, folder, tmp_path / "spool", log)
    await client.initialize_session(
        lsp.InitializeParams(
            capabilities=client_capabilities(kind),
            client_info=lsp.ClientInfo(kind, "1"),
            root_uri=folder.as_uri(),
            initialization_options={"settings": {"folders_allowed": [str(folder)]}, "abilities": abilities},
        )
    )
    await editor.trust()
    return editor


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=[*EDITORS, "ours"])
async def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FixingEditor]:
    """Open a repository in one of two editors, or in one that has our extension."""
    is_ours = request.param == "ours"
    kind = EDITORS[0] if is_ours else request.param
    made = await started(tmp_path_factory.mktemp("desk"), kind, OURS if is_ours else [])
    yield made
    made.hold.unlink(missing_ok=True)
    await made.client.shutdown_session()
    await made.client.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def editor(desk: FixingEditor) -> FixingEditor:
    """Begin in a file of the test's own."""
    await desk.begin()
    return desk


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def our_desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FixingEditor]:
    """Open a repository in an editor that has our extension."""
    made = await started(tmp_path_factory.mktemp("ours"), EDITORS[0], OURS)
    yield made
    await made.client.shutdown_session()
    await made.client.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def ours(our_desk: FixingEditor) -> FixingEditor:
    """Begin in a file of the test's own."""
    await our_desk.begin()
    return our_desk


async def until(ready: Callable[[], object]) -> None:
    """Wait for a mark."""
    async with asyncio.timeout(20):
        while not ready():
            await asyncio.sleep(0.01)


async def test_the_menu_is_made_at_once_and_modest(editor: FixingEditor) -> None:
    """One quick fix per diagnostic with a command, one for all and explanations; none preferred, no edit, no call."""
    uri = editor.open_text(TEXT)
    menu = await editor.menu(uri, diagnostic(0), diagnostic(2, source="Pyright", code="rule"))

    assert [one.title for one in menu] == [
        *("Fix: BAD is bad", "Fix: BAD is bad (not re-checked)", "Fix all 2 findings in this file"),
        *("Explain: BAD is bad", "Explain: BAD is bad"),
    ]
    assert {one.kind for one in menu} == {lsp.CodeActionKind.QuickFix}
    assert [one for one in menu if one.is_preferred or one.edit or not one.command or one.diagnostics] == []
    assert editor.said("fix") == []


async def test_a_fix_is_applied_to_the_version_that_it_was_made_for(editor: FixingEditor) -> None:
    """A fix that was re-checked is applied at once, as a versioned edit of the changed lines, and recorded."""
    uri = editor.open_text(TEXT)
    done = await editor.run((await editor.menu(uri, diagnostic(0)))[0])

    (applied,) = editor.applied
    assert (done["is_applied"], editor.texts[uri]) == (True, TEXT.replace("BAD", "GOOD", 1))
    if applied.edit.document_changes:
        (change,) = applied.edit.document_changes
        assert (change.text_document.version, [one.range.start.line for one in change.edits]) == (1, [0])
    else:
        # Neovim takes no versions.
        assert [one.range.start.line for one in applied.edit.changes[uri]] == [0]
    assert [(one["attempt_id"], one["outcome"]) for one in editor.said("outcome")] == [("attempt-1", "accepted")]
    assert editor.asked == editor.messages == []


async def test_a_fix_that_was_not_rechecked_is_shown_first(editor: FixingEditor) -> None:
    """It is shown as a diff, in a confirmation of the edit, or with the diff in a question; applied only on yes."""
    uri = editor.open_text(TEXT)
    action = (await editor.menu(uri, diagnostic(0, source="Pyright")))[0]
    refused = await editor.run(action)
    if editor.applied and editor.applied[0].edit.change_annotations:
        (note,) = editor.applied[0].edit.change_annotations.values()
        assert note.needs_confirmation
    else:
        assert "GOOD" in str(editor.asked[0])
        assert (refused["is_applied"], editor.texts[uri]) == (False, TEXT)
        assert [one["outcome"] for one in editor.said("outcome")] == ["rejected"]
        editor.choice = lsp.MessageActionItem("Apply")
        assert (await editor.run(action))["is_applied"]

    assert editor.texts[uri] == TEXT.replace("BAD", "GOOD", 1)
    assert editor.said("outcome")[-1]["outcome"] == "accepted"


async def test_a_document_that_changed_elsewhere_is_checked_again(editor: FixingEditor) -> None:
    """What was typed elsewhere while the patch was made stays, and the patch is found again and checked again."""
    uri = editor.open_text(TEXT)
    editor.hold.touch()
    running = asyncio.ensure_future(editor.run((await editor.menu(uri, diagnostic(0)))[0]))
    await until(lambda: editor.said("fix"))
    editor.type(uri, f"new = 1\n{TEXT}")
    await editor.heard()
    editor.hold.unlink()
    done = await running

    assert done["is_applied"]
    assert len(editor.said("revalidate")) == 1
    assert editor.texts[uri] == f"new = 1\n{TEXT.replace('BAD', 'GOOD', 1)}"


async def test_a_document_that_changed_at_that_place_is_left_alone(editor: FixingEditor) -> None:
    """Where the patch does not fit any more, nothing is applied, and the message says what happened."""
    uri = editor.open_text(TEXT)
    editor.hold.touch()
    running = asyncio.ensure_future(editor.run((await editor.menu(uri, diagnostic(0)))[0]))
    await until(lambda: editor.said("fix"))
    editor.type(uri, "x = 'mine'\n")
    await editor.heard()
    editor.hold.unlink()
    done = await running

    assert (done["is_applied"], editor.texts[uri], editor.applied) == (False, "x = 'mine'\n", [])
    assert editor.messages == ["Patchtrail: The file changed while the patch was made. Ask again."]


async def test_equal_requests_share_one(editor: FixingEditor) -> None:
    """Who asks twice for the same fix gets it once."""
    uri = editor.open_text(TEXT)
    editor.hold.touch()
    action = (await editor.menu(uri, diagnostic(0)))[0]
    running = [asyncio.ensure_future(editor.run(action)) for _ in range(3)]
    await until(lambda: editor.said("fix"))
    editor.hold.unlink()
    done = await asyncio.gather(*running)

    assert [one["is_applied"] for one in done] == [True] * 3
    assert (len(editor.said("fix")), len(editor.applied)) == (1, 1)


async def test_progress_can_be_cancelled(editor: FixingEditor) -> None:
    """Progress begins at once, tells what is done, and its cancelling stops the engine; nothing is changed."""
    uri = editor.open_text(TEXT)
    editor.hold.touch()
    running = asyncio.ensure_future(editor.run((await editor.menu(uri, diagnostic(0)))[0]))
    await until(lambda: any(len(one) > 1 for one in editor.client.progress_reports.values()))
    (token,) = editor.client.progress_reports
    editor.client.window_work_done_progress_cancel(lsp.WorkDoneProgressCancelParams(token))
    done = await running

    assert (done["is_applied"], editor.texts[uri]) == (False, TEXT)
    assert editor.messages == ["Patchtrail: Cancelled; nothing was changed."]


async def test_a_failure_says_what_failed(editor: FixingEditor) -> None:
    """Where there is no patch, the reason is told, and the file is as it was."""
    uri = editor.open_text(TEXT)
    done = await editor.run((await editor.menu(uri, diagnostic(0, code="NONE")))[0])

    assert (done["is_applied"], editor.applied) == (False, [])
    assert editor.messages == ["Patchtrail: The answer held no change at all."]


async def test_all_findings_of_a_file(editor: FixingEditor) -> None:
    """All findings that are known of a file are fixed by one request and one edit."""
    uri = editor.open_text(TEXT)
    menu = await editor.menu(uri, diagnostic(0), diagnostic(2, code="X200"))
    done = await editor.run(next(one for one in menu if one.title.startswith("Fix all")))

    assert done["is_applied"]
    assert [one["rules"] for one in editor.said("fix")] == [["X100", "X200"]]
    assert (len(editor.applied), editor.texts[uri]) == (1, TEXT.replace("BAD", "GOOD"))


async def test_forwarded_diagnostics_count(ours: FixingEditor) -> None:
    """Our client tells every diagnostic of a document, so that all are fixed though one is under the cursor."""
    uri = ours.open_text(TEXT)
    places = [{"start_line": line, "start_character": 0, "end_line": line, "end_character": 3} for line in (0, 2)]
    told = [{"message": "BAD is bad", "source": "Ruff", "code": "X100", **place} for place in places]
    await ours.ask("patchtrail/fix/diagnostics", uri=uri, version=1, diagnostics=told)
    menu = await ours.menu(uri, diagnostic(0))
    await ours.run(menu[1])

    assert menu[1].title == "Fix all 2 findings in this file"
    assert ours.texts[uri] == TEXT.replace("BAD", "GOOD")


async def test_resolving_asks_nobody(editor: FixingEditor) -> None:
    """Hovering over an entry makes no patch, and adds an edit only where one is known for this very version."""
    uri = editor.open_text(TEXT)
    action = (await editor.menu(uri, diagnostic(0)))[0]
    hovered = await editor.client.code_action_resolve_async(action)

    assert hovered.edit is None
    assert editor.said("fix") == []


async def test_a_menu_of_an_older_version_is_refused(editor: FixingEditor) -> None:
    """A fix that was offered before the document changed is not made; the message says what to do."""
    uri = editor.open_text(TEXT)
    action = (await editor.menu(uri, diagnostic(0)))[0]
    editor.type(uri, "x = 1\n")
    done = await editor.run(action)

    assert (done["is_applied"], editor.said("fix")) == (False, [])
    assert editor.messages[0].startswith("Patchtrail: The file changed since this fix was offered.")


@pytest.mark.parametrize("case", ["switched off", "not trusted", "outside", "other kind", "no answer"])
async def test_nothing_is_offered(ours: FixingEditor, case: str) -> None:
    """Not when switched off, not in an untrusted folder, not outside, not for fix-all, not without an answer."""
    uri = ours.open_text(TEXT)
    code, only = "X100", None
    if case == "switched off":
        ours.configure({"fixes_enabled": False})
    if case == "not trusted":
        await ours.trust(is_workspace_trusted=False)
    if case == "outside":
        uri = ours.open_text(TEXT, "..")
    if case == "other kind":
        only = [lsp.CodeActionKind.SourceFixAll]
    if case == "no answer":
        code = "NEVER"
    menu = await ours.menu(uri, diagnostic(0, code=code), only=only)

    assert [one for one in menu if one.command and one.command.command == "patchtrail.fix"] == []
    assert menu == [] or case == "no answer"


async def test_a_new_file(ours: FixingEditor) -> None:
    """A patch may add a file; it is created by the same edit."""
    uri = ours.open_text(TEXT)
    done = await ours.run((await ours.menu(uri, diagnostic(0, code="NEW")))[0])

    assert done["is_applied"]
    assert ours.texts[(ours.folder / "fresh.py").as_uri()] == "GOOD = 1\n"


async def test_a_document_that_changed_while_it_was_shown(ours: FixingEditor) -> None:
    """What is typed while the diff is shown is not overwritten, whatever is chosen."""
    uri = ours.open_text(TEXT)
    ours.choice, ours.on_ask = True, lambda: ours.type(uri, f"# mine\n{TEXT}")
    done = await ours.run((await ours.menu(uri, diagnostic(0, source="Pyright")))[0])

    assert (done["is_applied"], ours.applied, ours.texts[uri]) == (False, [], f"# mine\n{TEXT}")
    assert ours.messages[0].startswith("Patchtrail: The file changed while the patch was shown")


async def test_every_patch_is_shown_where_the_user_wants_it(ours: FixingEditor) -> None:
    """The setting `always` shows re-checked patches, too, with both texts."""
    ours.configure({"fixes_preview": "always"})
    uri = ours.open_text(TEXT)
    ours.choice = True
    await ours.run((await ours.menu(uri, diagnostic(0)))[0])

    (shown,) = ours.asked
    assert (shown["is_rechecked"], shown["files"][0]["before"]) == (True, TEXT)
    assert shown["files"][0]["after"] == ours.texts[uri]
    # Nobody is asked twice.
    assert [one.needs_confirmation for one in ours.applied[0].edit.change_annotations.values()] == [False]


async def test_an_undone_fix_is_told(ours: FixingEditor) -> None:
    """The client tells that a fix was undone, and the attempt's outcome says so."""
    uri = ours.open_text(TEXT)
    done = await ours.run((await ours.menu(uri, diagnostic(0)))[0])
    told = await ours.ask("patchtrail/fix/outcome", fix_id=done["fix_id"], outcome="undone")
    unknown = await ours.ask("patchtrail/fix/outcome", fix_id="another", outcome="undone")

    assert (told, unknown) == ({"is_taken": True}, {"is_taken": False})
    assert [one["outcome"] for one in ours.said("outcome")] == ["accepted", "undone"]


async def test_the_editors_own_model(ours: FixingEditor) -> None:
    """A model of the editor's is asked through the client, and needs no key."""
    uri = ours.open_text(TEXT)
    done = await ours.run((await ours.menu(uri, diagnostic(0, code="MODEL")))[0])

    assert (done["is_applied"], ours.texts[uri]) == (True, TEXT.replace("BAD", "BEST"))
    assert ours.asked[0]["messages"] == [{"role": "user", "content": "Fix it."}]


async def test_a_key_goes_to_its_own_address_only(ours: FixingEditor) -> None:
    """A key is handed on for the origin that it was given for, and not for another one."""
    for url in ("https://models.example/v1", "https://other.example/v1", "https://models.example/v2"):
        ours.configure({"model_url": url})
        await ours.ask("patchtrail/model/configure", url="https://models.example/v1", key="k-1")

    used = [one["key"] for one in ours.said("use")]
    assert [used[at] for at in (-5, -3, -1)] == ["k-1", "", "k-1"]


async def test_an_explanation(editor: FixingEditor) -> None:
    """What a finding means is said, and nothing is changed."""
    uri = editor.open_text(TEXT)
    menu = await editor.menu(uri, diagnostic(0))
    done = await editor.run(menu[-1])

    assert (menu[-1].title, done["explanation"]) == ("Explain: BAD is bad", "X100 means: BAD is bad")
    assert editor.applied == []


OUTPUT = """\
=================================== FAILURES ===================================
___________________________________ test_sum ___________________________________

    def test_sum():
        total = 2
>       assert total == 3
E       assert 2 == 3

test_sum.py:3: AssertionError
=========================== short test summary info ============================
FAILED test_sum.py::test_sum - assert 2 == 3
1 failed in 0.01s
"""


async def test_a_failing_test_of_the_session(ours: FixingEditor) -> None:
    """It is a diagnostic of our own at the line that failed, offers a fix with its traceback, and ends with green."""
    path = ours.folder / "test_sum.py"
    path.write_text("def test_sum():\n    total = 2\n    assert total == 3  # BAD\n")
    await ours.start()
    run = {"command_line": "pytest -q", "confidence": "high", "cwd": str(ours.folder), "duration_ms": 5}
    await ours.ask("patchtrail/command/report", **run, exit_code=1, output=OUTPUT)
    await until(lambda: ours.client.diagnostics.get(path.as_uri()))
    (shown,) = ours.client.diagnostics[path.as_uri()]
    uri = ours.opened(path)
    menu = await ours.menu(uri, shown)
    await ours.run(menu[0])
    await ours.ask("patchtrail/command/report", **run, exit_code=0, output="1 passed in 0.01s\n")
    await until(lambda: not ours.client.diagnostics[path.as_uri()])
    await ours.ask("patchtrail/session/end")

    assert (shown.source, shown.code, shown.range.start.line) == ("patchtrail", "test_sum.py::test_sum", 2)
    assert (shown.message, menu[0].title) == ("assert 2 == 3", "Fix failing test test_sum.py::test_sum")
    assert "assert total == 3" in ours.said("fix")[0]["traceback"]
    assert "GOOD" in ours.texts[uri]
