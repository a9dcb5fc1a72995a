"""The sidecar, driven over standard input and output with the capabilities of two editors."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pytest_lsp import ClientServerConfig, client_capabilities

from patchtrail.contract.lsp import METHODS
from patchtrail.editor import connection
from patchtrail.integrity.opening import local_genesis
from patchtrail.study import current_consent
from patchtrail.trace import replay
from patchtrail.trace.base_snapshot import read_base
from tests.editor.driven import FACTS, Editor, plain
from tests.editor.spooled import events_of


@pytest.mark.asyncio
async def test_a_session(editor: Editor) -> None:
    """A session is recorded as it happened: saves, commands, tests, commits, notes, start and end."""
    state = await editor.start()
    assert (state["state"], state["is_signed"]) == ("recording", False)
    editor.open("shop.py")
    where = lsp.Range(lsp.Position(1, 11), lsp.Position(1, 12))
    editor.change("shop.py", [lsp.TextDocumentContentChangePartial(where, "x * 2")])
    editor.save("shop.py", "def total(x):\n    return x * 2\n")
    report = {"command_line": "make", "confidence": "high", "cwd": str(editor.folder), "exit_code": 2}
    command = await editor.ask("patchtrail/command/report", **report, duration_ms=5, output="\x1b[31mno\x1b[0m\n")
    note = await editor.ask("patchtrail/note/add", kind="plan", text="Double it.", links=[command["seq"]])
    ended = await editor.ask("patchtrail/session/end")

    events = events_of(editor.spool)
    assert [event["type"] for event in events] == [
        *("session_start", "redactor", "file_edit", "cmd_run", "rationale_note", "session_end"),
    ]
    assert (note["is_recorded"], note["seq"], ended["state"]) == (True, 4, "idle")
    assert events[2]["data"]["diff_unified"].endswith("-    return x\n+    return x * 2\n")
    assert events[3]["data"]["output_tail"] == "no\n"
    assert events[0]["prev"] == local_genesis(events[0]["trace_id"])


@pytest.mark.asyncio
async def test_a_base_snapshot_in_any_client(editor: Editor) -> None:
    """A client that reports the agreement gets the snapshot told, and named by the end; any other gets neither."""
    state = await editor.start(is_base_agreed=True)
    while not (state["base_snapshot"]["is_ready"] or state["base_snapshot"]["problem"]):
        state = await editor.ask("patchtrail/session/status")
    told = state["base_snapshot"]
    await editor.ask("patchtrail/session/end")
    named = events_of(editor.spool)[-1]["data"]["base_snapshot"]

    assert (told["is_ready"], told["problem"], told["size_bytes"]) == (True, "", named["size_bytes"])
    blob = next(editor.spool.glob(f"trace-*/artifacts/{named['sha256']}"))
    assert set(read_base(blob.read_bytes()).files) == {"shop.py"}
    assert (await editor.start())["base_snapshot"] is None


@pytest.mark.asyncio
async def test_replay_of_difficult_files(editor: Editor) -> None:
    """CRLF, a byte order mark, a missing last newline and form feeds replay to the saved bytes."""
    texts = {"crlf.py": "a\r\nb\r\n", "bom.py": "\ufeffa\nb\n", "open.py": "a\nb", "feed.py": "a\x0cb\u2028c\nd\n"}
    for name, text in texts.items():
        (editor.folder / name).write_bytes(text.encode())
    await editor.start()
    for name, text in texts.items():
        editor.open(name)
        editor.change(name, [lsp.TextDocumentContentChangeWholeDocument(text.removeprefix("\ufeff") + "more")])
        editor.save(name, text + "more")
    await editor.recorded()
    result = replay(
        events_of(editor.spool, parsed=True), start_text=lambda _path: None, artifacts=artifacts_of(editor.spool)
    )

    assert result.findings == []
    assert {name: text.encode() for name, text in result.texts.items()} == {
        name: (editor.folder / name).read_bytes() for name in texts
    }


def artifacts_of(spool: Path) -> dict[str, bytes]:
    """Read the blobs of a spool."""
    return {path.name: path.read_bytes() for path in spool.glob("trace-*/artifacts/*")}


@pytest.mark.asyncio
async def test_a_redacted_file_starts_from_its_base(editor: Editor) -> None:
    """A file that redaction changes brings its redacted base along; the secret is nowhere."""
    (editor.folder / "conf.py").write_text('password = "hunter22"\nport = 1\n')
    await editor.start()
    editor.open("conf.py")
    editor.edit("conf.py", 'password = "hunter22"\nport = 2\n')
    edit = (await editor.recorded())[2]["data"]

    base = artifacts_of(editor.spool)[edit["base_artifact"]["sha256"]].decode()
    assert base.startswith('password = "<<redacted:assignment:')
    assert "hunter22" not in json.dumps(edit) + base
    assert "+port = 2" in edit["diff_unified"]


@pytest.mark.asyncio
async def test_a_denied_file_is_only_named(editor: Editor) -> None:
    """Of a file that usually holds secrets only its name and length are recorded; its values are literals at once."""
    (editor.folder / ".env").write_text("")
    await editor.start()
    editor.open(".env")
    editor.edit(".env", "PEPPER=cayenne-and-chili\n")
    await editor.ask("patchtrail/note/add", kind="plan", text="Add cayenne-and-chili.")
    events = await editor.recorded()

    assert [event["type"] for event in events[2:]] == ["redactor", "file_edit", "rationale_note"]
    assert (events[3]["data"]["withheld"], events[3]["data"]["size_bytes"]) == ("denied_path", 25)
    assert "cayenne" not in json.dumps(events)


@pytest.mark.asyncio
async def test_a_pause_captures_nothing(editor: Editor) -> None:
    """While paused nothing is recorded; afterwards a file starts from what was saved last."""
    await editor.start()
    editor.open("shop.py")
    assert (await editor.ask("patchtrail/session/pause"))["state"] == "paused"
    editor.edit("shop.py", "secret work\n")
    refused = await editor.ask("patchtrail/note/add", kind="plan", text="Not now.")
    assert (await editor.ask("patchtrail/session/resume"))["state"] == "recording"
    editor.edit("shop.py", "secret work\nopen work\n")
    events = await editor.recorded()

    assert refused["is_recorded"] is False
    assert [event["type"] for event in events[2:]] == ["pause", "resume", "file_edit"]
    assert "+open work" in events[4]["data"]["diff_unified"]
    assert "+secret work" not in events[4]["data"]["diff_unified"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "change", [{"is_telemetry_enabled": False}, {"is_workspace_trusted": False}, {"consent": None}], ids=str
)
async def test_the_gate_closes_and_opens_again(editor: Editor, change: dict[str, Any]) -> None:
    """When a fact turns to no, capturing stops at once, with the reason; when it turns back, it goes on."""
    await editor.start()
    editor.open("shop.py")
    decision = await editor.ask("patchtrail/facts/report", **{**FACTS, **change})
    editor.edit("shop.py", "not recorded\n")
    state = await editor.ask("patchtrail/session/status")
    assert (decision["is_allowed"], state["state"], state["reasons"]) == (False, "paused", decision["reasons"])
    await editor.ask("patchtrail/facts/report", **FACTS)
    events = await editor.recorded()

    assert [event["type"] for event in events[2:]] == ["pause", "resume"]
    assert events[2]["data"] == {"reason": "gate", "gate_reasons": decision["reasons"]}


@pytest.mark.asyncio
async def test_nothing_starts_behind_a_closed_gate(editor: Editor) -> None:
    """Without consent nothing starts, nothing is written, and the answer says why."""
    with pytest.raises(JsonRpcException) as caught:
        await editor.start(consent=None)

    assert plain(caught.value.data)["code"] == "not_allowed"
    assert plain(caught.value.data)["detail"]["reasons"] == ["Consent has not been given."]
    assert list(editor.spool.glob("*")) == []


@pytest.mark.asyncio
async def test_tests_are_reported_by_their_report(editor: Editor) -> None:
    """A JUnit report is read once, then deleted; without one the exit code has to do."""
    await editor.start()
    path = Path((await editor.ask("patchtrail/tests/prepare"))["junit_path"])
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.write_text('<testsuite><testcase classname="t" name="a"><failure message="no"/></testcase></testsuite>')
    run = {"command_line": "pytest", "exit_code": 1, "duration_ms": 5}
    await editor.ask("patchtrail/tests/report", **run, junit_path=str(path))
    await editor.ask("patchtrail/tests/report", **run, junit_path=None)
    events = await editor.recorded()

    assert not path.parent.exists()
    assert [(event["data"]["evidence"], len(event["data"]["cases"])) for event in events[2:]] == [
        ("junit", 1),
        ("exit", 0),
    ]


@pytest.mark.asyncio
async def test_bad_requests_are_said(editor: Editor) -> None:
    """A wrong parameter, a link to nowhere and a request out of turn are answered, and break nothing."""
    wrong = [
        ("patchtrail/session/end", {}, "no_session"),
        ("patchtrail/note/add", {"kind": "feeling", "text": "x"}, "invalid_params"),
        ("patchtrail/session/start", {"root_uri": "untitled:x", "task_id": "T"}, "invalid_params"),
        ("patchtrail/session/start", {"root_uri": editor.folder.as_uri()}, "invalid_params"),
    ]
    for method, params, code in wrong:
        with pytest.raises(JsonRpcException) as caught:
            await editor.ask(method, **params)
        assert plain(caught.value.data)["code"] == code
    await editor.start()
    with pytest.raises(JsonRpcException) as caught:
        await editor.ask("patchtrail/note/add", kind="plan", text="x", links=[99])
    assert plain(caught.value.data)["code"] == "unknown_link"
    assert (await editor.ask("patchtrail/session/status"))["state"] == "recording"


@pytest.mark.asyncio
async def test_commits_of_anybody_are_seen(editor: Editor) -> None:
    """Commits made outside the editor are recorded within seconds, several at once in order."""
    await editor.start()
    for number in range(3):
        (editor.folder / "shop.py").write_text(f"x = {number}\n")
        author = ["-c", "user.name=T", "-c", "user.email=t@t"]
        subprocess.run(["git", *author, "commit", "-qam", f"step {number}"], cwd=editor.folder, check=True)
    events: list[dict[str, Any]] = []
    for _ in range(100):
        events = await editor.recorded()
        if len(events) == 5:
            break
        await asyncio.sleep(0.1)

    assert [event["data"].get("message") for event in events[2:]] == ["step 0\n", "step 1\n", "step 2\n"]


@pytest.mark.asyncio
async def test_consent_is_shown_as_it_is(editor: Editor) -> None:
    """The client gets the very text that its reference names."""
    answer = await editor.ask("patchtrail/consent/read")

    assert answer["consent"] == current_consent().model_dump()


def test_every_custom_method_is_registered() -> None:
    """No request of the contract is without a handler."""
    source = Path(connection.__file__).read_text()
    names = {name for name in dir(__import__("patchtrail.contract.lsp", fromlist=["x"])) if name.isupper()}

    assert sum(f"ours.{name}:" in source or f"server.feature({name})" in source for name in names) == len(METHODS)


def test_a_malformed_key_line_ends_the_sidecar_with_a_sentence(tmp_path: Path) -> None:
    """A key line that is none is said without being shown, and the exit code is 2."""
    command = [sys.executable, "-m", "patchtrail", "serve", "--key-stdin", "--spool", str(tmp_path)]
    messages = [
        {"id": 1, "method": "initialize", "params": {"processId": None, "rootUri": None, "capabilities": {}}},
        {"method": "initialized", "params": {}},
    ]
    bodies = [json.dumps({"jsonrpc": "2.0", **message}) for message in messages]
    sent = '{"d": "s3cr3t-key"}\n' + "".join(f"Content-Length: {len(body)}\r\n\r\n{body}" for body in bodies)
    done = subprocess.run(command, input=sent, capture_output=True, text=True, timeout=30)

    assert done.returncode == 2
    assert "The device key on standard input is malformed" in done.stderr
    assert "s3cr3t" not in done.stderr + done.stdout


@pytest.mark.asyncio
async def test_malformed_options_allow_nothing(tmp_path: Path) -> None:
    """Options that are wrong are ignored, which allows nothing; the sidecar goes on."""
    command = [sys.executable, "-m", "patchtrail", "serve", "--spool", str(tmp_path / "spool")]
    client = await ClientServerConfig(server_command=command).start()
    params = lsp.InitializeParams(
        capabilities=client_capabilities("neovim"), initialization_options={"settings": {"folders_allowed": "all"}}
    )
    await client.initialize_session(params)
    editor = Editor(client, tmp_path, tmp_path / "spool")
    with pytest.raises(JsonRpcException) as caught:
        await editor.start()
    await client.shutdown_session()
    await client.stop()

    assert "folders.allowed" in plain(caught.value.data)["detail"]["reasons"][0]


@pytest.mark.asyncio
async def test_lone_surrogates_lose_nothing(editor: Editor) -> None:
    """Half a character, as clients that cut by UTF-16 units send it, is replaced; every save and report is recorded."""
    await editor.start()
    editor.open("shop.py")
    for text in ("x = 1\n", "x = 2 \ud83d\n", "x = 3\n"):
        editor.change("shop.py", [lsp.TextDocumentContentChangeWholeDocument(text)])
        document = lsp.TextDocumentIdentifier((editor.folder / "shop.py").as_uri())
        editor.client.text_document_did_save(lsp.DidSaveTextDocumentParams(document))
    report = {"command_line": "echo", "confidence": "high", "cwd": str(editor.folder), "exit_code": 0, "duration_ms": 1}
    await editor.ask("patchtrail/command/report", **report, output="ok \ud83d")
    await editor.recorded()
    events = events_of(editor.spool, parsed=True)
    result = replay(events, start_text=lambda _path: "def total(x):\n    return x\n", artifacts={})

    assert [event.type for event in events[2:]] == ["file_edit"] * 3 + ["cmd_run"]
    assert (result.findings, result.texts) == ([], {"shop.py": "x = 3\n"})


@pytest.mark.asyncio
async def test_a_start_that_cannot_be_recorded_leaves_nothing(editor: Editor) -> None:
    """A task that is too long is refused with its field; the next start is a clean one."""
    await editor.ask("patchtrail/facts/report", **FACTS)
    for wrong in ({"task_id": ""}, {"task_id": "T", "task_title": "x" * 1001}):
        with pytest.raises(JsonRpcException) as caught:
            await editor.ask("patchtrail/session/start", root_uri=editor.folder.as_uri(), **wrong)
        assert plain(caught.value.data)["code"] == "invalid_params"
    await editor.start()

    assert len(list(editor.spool.glob("trace-*"))) == 1


@pytest.mark.asyncio
async def test_a_broken_git_configuration_is_no_reason_not_to_record(editor: Editor) -> None:
    """Where git itself cannot read the repository, the session is recorded as in a plain folder."""
    (editor.folder / ".git" / "config").write_text("[core\nfoo")
    state = await editor.start()
    editor.open("shop.py")
    editor.edit("shop.py", "x = 1\n")

    assert state["state"] == "recording"
    assert (await editor.recorded())[2]["type"] == "file_edit"


@pytest.mark.asyncio
async def test_values_of_env_files_are_learned_wherever_they_change(editor: Editor) -> None:
    """A nested `.env` is known from the start, and its new values from the next report on, whoever wrote them."""
    nested = editor.folder / "deploy" / ".env"
    nested.parent.mkdir()
    nested.write_text("PEPPER=cayenne-and-chili\n")
    await editor.start()
    await editor.ask("patchtrail/note/add", kind="plan", text="Add cayenne-and-chili.")
    nested.write_text("PEPPER=szechuan-and-cumin # hotter\n")
    await editor.ask("patchtrail/note/add", kind="plan", text="Add szechuan-and-cumin.")
    text = json.dumps(await editor.recorded())

    assert "cayenne" not in text
    assert "szechuan" not in text
    assert text.count("<<redacted:dotenv:") == 2
