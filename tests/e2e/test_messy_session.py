"""One messy session in the real editor, told by a ground-truth script, against the trace that came of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from collector import Collector
from patchtrail.trace import read_bundle
from tests.e2e.conftest import PATCHTRAIL, git
from tests.e2e.desk import at_desk, fingerprint, make_shop
from tests.e2e.participant import Participant, complete_traces
from tests.e2e.rig import until
from tests.e2e.test_editor_debugging import DEBUGGER, debug

OFFLINE_S = 20
LATE_MS = 5_000
TEST_EXPLORER = DEBUGGER.parent / "test_explorer"
OUTPUT = b"6 characters"
"""What the rig's kernel says of the cell."""
RUN = "from prices import total\n\nif total([('a', 2)]) != 2:\n    raise ValueError('too much')\n"
LAUNCH = {
    "type": "rig-python",
    "request": "launch",
    "name": "Run it",
    "program": "${workspaceFolder}/run.py",
    "python": sys.executable,
    "console": "internalConsole",
}
CELL = {"cell_type": "code", "id": "first", "metadata": {}, "source": ["x = 1"], "outputs": [], "execution_count": None}
NOTEBOOK = {"cells": [CELL], "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}
CART = "export const sum = (a,b) => a+b\n"
FORMATTED = "export const sum = (a, b) => a + b;\n"
# What jest-junit writes: one suite a file, names with spaces, and a failure with its stack.
JEST = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="jest tests" tests="2" failures="1" errors="0" time="0.8">
  <testsuite name="cart" errors="0" failures="1" skipped="0" tests="2" time="0.1">
    <testcase classname="cart adds" name="cart adds" time="0.002"/>
    <testcase classname="cart is empty" name="cart is empty" time="0.001"><failure>not 0</failure></testcase>
  </testsuite>
</testsuites>
"""
RUN_JEST = f"require('fs').writeFileSync('junit.xml', {json.dumps(JEST)}); process.exit(1);\n"
FORMAT = f"open('cart.js', 'w').write({FORMATTED!r})\n"


def make_workspace(folder: Path) -> tuple[Path, Path, Path]:
    """Make two repositories and the workspace file that opens both."""
    shop = make_shop(folder / "shop")
    (shop / "run.py").write_text(RUN)
    (shop / "n.ipynb").write_text(json.dumps(NOTEBOOK))
    (shop / ".vscode/launch.json").write_text(json.dumps({"version": "0.2.0", "configurations": [LAUNCH]}))
    git(shop, "add", "--all")
    git(shop, "commit", "--quiet", "--message", "More to run")
    web = folder / "web"
    web.mkdir()
    files = {"cart.js": CART, "jest.cjs": RUN_JEST, "format.py": FORMAT, ".gitignore": "junit.xml\n"}
    for name, text in files.items():
        (web / name).write_text(text)
    git(web, "init", "--quiet", "--initial-branch=main")
    git(web, "add", "--all")
    git(web, "commit", "--quiet", "--message", "A small front")
    workspace = folder / "both.code-workspace"
    workspace.write_text(json.dumps({"folders": [{"path": "shop"}, {"path": "web"}]}))
    return workspace, shop, web


class Watched:
    """All events so far: those that the collector has, and those that still wait in the spool."""

    def __init__(self, person: Participant, collector: Collector) -> None:
        self._person = person
        self._collector = collector
        self._known: dict[int, dict[str, Any]] = {}

    def follow(self, collector: Collector) -> None:
        """Ask another collector from now on."""
        self._collector = collector

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Return the data of the events of a type, in order; what was seen once counts, wherever it is now."""
        self._known |= {event["seq"]: {**event["data"], **event} for event in self._person.events()}
        self._known |= {event["seq"]: event for event in self._fetch()}
        return [event for _, event in sorted(self._known.items()) if event["type"] == kind]

    def wait_for(self, kind: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until so many events of a type are recorded."""
        return until(f"{count} {kind}", lambda: found if len(found := self.events(kind)) >= count else [], 60)

    def _fetch(self) -> list[dict[str, Any]]:
        try:
            (listed,) = self._collector.get("/v1/traces")["traces"]
            return list(self._collector.get(f"/v1/traces/{listed['trace_id']}")["events"])
        except (httpx.HTTPError, ValueError):
            return []  # Nothing has arrived yet, or it is down just now.


@pytest.fixture
def lasting(tmp_path: Path) -> Iterator[list[Collector]]:
    """Run a collector that can be taken away and brought back at the same address: the last of the list runs."""
    running = [Collector(PATCHTRAIL, tmp_path / "collector")]
    yield running
    running[-1].stop()


def open_terminal(person: Participant, folder: str) -> None:
    """Open a terminal in one of the workspace's folders, and wait until its shell is integrated."""
    every = person.page.locator(".terminal-wrapper")
    before = every.count()
    person.workbench.keyboard("Control+Shift+Backquote")
    person.workbench.pick(folder)
    every.nth(before).wait_for(state="attached")
    person.page.locator(".terminal-wrapper.active .terminal-command-decoration").first.wait_for(timeout=30_000)


def rename(person: Participant, name: str, new_name: str) -> None:
    """Rename a file in the explorer."""
    person.workbench.open_file(name)
    person.workbench.command("File: Reveal Active File in Explorer View")
    person.page.locator(".explorer-folders-view .monaco-list-row.focused", has_text=name).wait_for()
    person.workbench.keyboard("F2")
    box = person.page.locator(".explorer-item-edited input")
    box.fill(new_name)
    box.press("Enter")
    person.page.locator(".explorer-folders-view .monaco-list-row", has_text=new_name).first.wait_for()


def edit_cell(person: Participant) -> None:
    """Type into the notebook's first cell, and save."""
    workbench = person.workbench
    workbench._choose("Control+P", "n.ipynb", workbench.rows.filter(has_text="n.ipynb").first)
    person.page.locator(".notebookOverlay .cell .monaco-editor").first.click()
    workbench.keyboard("Control+End")
    workbench.type("2")
    workbench.keyboard("Control+S")


def run_cell(person: Participant, seen: Watched) -> None:
    """Run the notebook's first cell, and save its output with it."""
    person.workbench.command("Rig: Run the First Cell")
    seen.wait_for("cell_run")
    person.workbench.save()


def type_elsewhere(person: Participant) -> None:
    """Type into a document that is no file."""
    person.workbench.command("File: New Untitled Text File")
    person.page.locator('.editor-instance .monaco-editor.focused[data-uri^="untitled:"]').wait_for()
    person.workbench.type("Remember the milk.")


def play(person: Participant, lasting: list[Collector]) -> bytes:
    """Do everything that makes a session messy; return the session's key, which never leaves the machine."""
    workbench, seen = person.workbench, Watched(person, lasting[0])
    workbench.trust()
    person.connect(lasting[0], lasting[0].invite())
    person.consent()
    workbench.command("Patchtrail: Start Recording")
    workbench.pick("shop")
    person.answer("Start Recording (1/2)", "BUG-7: totals are one too large")
    person.answer("Start Recording (2/2)", "")
    person.says("Recording")
    seen.wait_for("gap")
    open_terminal(person, "shop")
    workbench.terminal("pytest -q")
    seen.wait_for("test_run")
    debug(person, "Run it")
    person.page.locator(".exception-widget").wait_for()
    person.page.locator('.debug-toolbar .action-label[aria-label^="Continue"]').first.click()
    seen.wait_for("debug_session", 2)
    workbench.command("Patchtrail: Focus on Session View")
    person.note("h", "The sum starts at one.")
    seen.wait_for("rationale_note")
    person.edit("prices.py", " + 1", "")
    seen.wait_for("file_edit")
    # The debugger has put its console in front.
    workbench.command("Terminal: Focus Terminal")
    # The editor takes what is typed before the prompt is back for a part of the line before.
    workbench.terminal("cd ../web")
    seen.wait_for("cmd_run", 2)
    workbench.terminal("node jest.cjs")
    seen.wait_for("test_run", 2)
    workbench.terminal("python3 format.py")
    seen.wait_for("file_edit", 2)
    rename(person, "conf.py", "settings.py")
    seen.wait_for("file_rename")
    edit_cell(person)
    seen.wait_for("file_edit", 3)
    run_cell(person, seen)
    type_elsewhere(person)
    seen.wait_for("gap", 2)
    workbench.command("Rig: Open a Plain Terminal")
    seen.wait_for("gap", 3)
    (key,) = [path.read_bytes() for path in person.spool.glob("trace-*/redact.key")]
    workbench.reload()
    person.says("Recording")
    seen.wait_for("recovered")
    seen.wait_for("gap", 5)
    go_offline(person, lasting, seen)
    open_terminal(person, "shop")
    workbench.terminal("pytest -q")
    seen.wait_for("test_run", 3)
    workbench.terminal("git commit -qam 'Sum from zero'")
    seen.wait_for("commit")
    person.end()
    return key


def go_offline(person: Participant, lasting: list[Collector], seen: Watched) -> None:
    """Take the collector away for a while, in which work goes on; a note seals its chunk in the middle of it."""
    port = urlsplit(lasting[0].url).port
    lasting[0].stop()
    gone_s = time.monotonic()
    person.append("prices.py", "# done\n")
    seen.wait_for("file_edit", 4)
    person.note("o", "Nobody is there.")
    person.page.keyboard.press("Control+Alt+r")
    person.page.keyboard.press("Enter")
    seen.wait_for("rationale_note", 2)
    sealed_s = time.monotonic()
    person.says("offline", 60)
    left_s = max(gone_s + OFFLINE_S, sealed_s + LATE_MS / 1000) - time.monotonic()
    person.page.wait_for_timeout(max(left_s, 0) * 1000)
    lasting.append(Collector(PATCHTRAIL, lasting[0].data_dir, "--port", str(port)))
    seen.follow(lasting[-1])


TRUTH: list[tuple[str, dict[str, Any]]] = [
    ("session_start", {"task_id": "BUG-7", "kind": "online"}),
    ("gap", {"reason": "test_explorer", "detail": "connor4312.nodejs-testing"}),
    ("cmd_run", {"command_line": "pytest -q", "exit_code": 1, "origin": "terminal"}),
    ("test_run", {"evidence": "junit", "exit_code": 1, "framework": "pytest"}),
    ("debug_session", {"phase": "started", "debug_type": "rig-python"}),
    ("debug_stop", {"reason": "exception"}),
    ("debug_session", {"phase": "ended"}),
    ("rationale_note", {"kind": "hypothesis", "text": "The sum starts at one.", "author": "participant"}),
    ("file_edit", {"file_path": "prices.py", "root": "", "evidence": "manual", "save_reason": "manual"}),
    ("cmd_run", {"command_line": "cd ../web", "exit_code": 0}),
    ("cmd_run", {"command_line": "node jest.cjs", "exit_code": 1}),
    ("test_run", {"evidence": "junit", "report_path": "junit.xml", "exit_code": 1}),
    ("cmd_run", {"command_line": "python3 format.py", "exit_code": 0}),
    ("file_edit", {"file_path": "cart.js", "root": "web", "evidence": "external", "seen_by": "disk"}),
    ("file_rename", {"file_path": "conf.py", "new_path": "settings.py", "seen_by": "editor"}),
    ("file_edit", {"file_path": "n.ipynb", "root": ""}),
    ("cell_run", {"file_path": "n.ipynb", "is_success": True, "execution_order": 1, "output_types": ["text/plain"]}),
    ("gap", {"reason": "not_a_file", "detail": "untitled"}),
    ("gap", {"reason": "no_shell_integration"}),
    ("gap", {"reason": "restart"}),
    ("recovered", {"lost_events": 0}),
    ("gap", {"reason": "test_explorer"}),
    ("file_edit", {"file_path": "prices.py", "evidence": "manual"}),
    ("rationale_note", {"kind": "observation", "text": "Nobody is there."}),
    ("cmd_run", {"command_line": "pytest -q", "exit_code": 0}),
    ("test_run", {"evidence": "junit", "exit_code": 0}),
    ("commit", {"message": "Sum from zero\n", "root": ""}),
    ("cmd_run", {"command_line": "git commit -qam 'Sum from zero'", "exit_code": 0}),
    ("session_end", {"reason": "participant"}),
]
"""What was done, in order: the type of each event, and what it must tell."""


@pytest.mark.timeout(900)
def test_a_messy_session(tmp_path: Path, vsix: Path, lasting: list[Collector]) -> None:
    """Two roots, rename, external formatter, debugger, Jest, notebook, blind terminal, reload, offline: all is told.

    The trace matches the script event by event, declares every gap (an untitled document and a Test Explorer among
    them), is L3 or better, and replays byte for byte. A notebook replays by its cells: their sources, ids and order,
    without outputs, of which the trace has a keyed hash alone. What was recorded offline was receipted late.
    """
    workspace, shop, web = make_workspace(tmp_path)
    machine = {"patchtrail.folders.allowed": [str(shop), str(web)], "patchtrail.upload.holdSeconds": 0}
    settings = {
        "terminal.integrated.profiles.linux": {"bash": {"path": "/bin/bash"}},
        "terminal.integrated.defaultProfile.linux": "bash",
    }
    with at_desk(tmp_path, vsix, workspace, beside=(DEBUGGER, TEST_EXPLORER), machine=machine, **settings) as person:
        person.repository = shop
        key = play(person, lasting)
        (listed,) = until("the trace is complete", lambda: complete_traces(lasting[-1]), 90)
    document = lasting[-1].get(f"/v1/traces/{listed['trace_id']}")

    check_truth(document["events"], key)
    check_ledger(document)
    check_replay(lasting[-1], listed["trace_id"], shop, web, tmp_path)
    check_delays(tmp_path / "trace.zip", document["events"])


def check_truth(events: list[dict[str, Any]], key: bytes) -> None:
    """Compare the trace with the script, event by event."""
    told = in_script_order([event for event in events if event["type"] not in ("heartbeat", "redactor")])
    assert [event["type"] for event in told] == [kind for kind, _ in TRUTH]
    for event, (_, wanted) in zip(told, TRUTH, strict=True):
        assert {name: event[name] for name in wanted} == wanted
    by_type = {kind: [event for event in told if event["type"] == kind] for kind, _ in TRUTH}
    assert [root["name"] for root in told[0]["roots"]] == ["web"]
    red, jest, green = by_type["test_run"]
    outcomes = [sorted(case["outcome"] for case in run["cases"]) for run in (red, jest, green)]
    assert outcomes == [["failed", "failed"], ["failed", "passed"], ["passed", "passed"]]
    (stop,) = by_type["debug_stop"]
    assert (stop["exception"]["type_name"], stop["frames"][0]["file_path"]) == ("ValueError", "run.py")
    (ran,) = by_type["cell_run"]
    assert by_type["file_edit"][2]["cell"]["cell_id"] == ran["cell"]["cell_id"] == "first"
    assert (ran["error_name"], ran["outputs_hash"]) == (None, hash_of_output(key))


def hash_of_output(key: bytes) -> str:
    """Return what the trace must hold of the cell's one output, by the session's own key."""
    digest = hashlib.sha256(b"text/plain\n%d\n%b" % (len(OUTPUT), OUTPUT)).hexdigest()
    told = [{"media_types": ["text/plain"], "sha256": digest, "size_bytes": len(OUTPUT)}]
    return hmac.new(key, json.dumps(told, sort_keys=True).encode(), hashlib.sha256).hexdigest()


def check_delays(bundle: Path, events: list[dict[str, Any]]) -> None:
    """What was sealed offline waited until the collector was back; online nothing has to wait."""
    evidence = read_bundle(bundle.read_bytes())
    (alone,) = [event["seq"] for event in events if event.get("text") == "Nobody is there."]
    waited = dict[bool, list[int]]()
    for body, receipt in zip(evidence.chunks, evidence.receipts, strict=True):
        sealed, received = payload(body.split(b"\n")[0]), payload(receipt)
        is_offline = sealed["first"] <= alone <= sealed["last"]
        waited.setdefault(is_offline, []).append(received["received_ms"] - sealed["made_ms"])
    assert len(waited[True]) == 1
    assert min(waited[False]) < LATE_MS <= waited[True][0]


def payload(envelope: bytes) -> dict[str, Any]:
    """Return what an envelope holds."""
    found: dict[str, Any] = json.loads(base64.b64decode(json.loads(envelope)["payload"]))
    return found


def in_script_order(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put a change on disk behind the command that made it: the disk may tell of it before the shell does."""
    for at, (one, other) in enumerate(list(pairwise(told))):
        if one.get("seen_by") == "disk" and other["type"] == "cmd_run":
            told[at : at + 2] = [other, one]
    return told


def check_ledger(document: dict[str, Any]) -> None:
    """The ledger of the trace and that of the document are the same, and name every gap."""
    coverage = document["coverage"]
    assert document["events"][-1]["coverage"] == coverage
    found = sorted((gap["channel"], gap["reason"]) for gap in coverage["gaps"])
    assert found == [
        ("all", "restart"),
        ("commands", "no_shell_integration"),
        ("edits", "not_a_file"),
        ("tests", "test_explorer"),
    ]


def check_replay(collector: Collector, trace_id: str, shop: Path, web: Path, folder: Path) -> None:
    """The bundle verifies at L3 or better, and the files that it replays to are those on disk."""
    reading = {"PATCHTRAIL_COLLECTOR_URL": collector.url, "PATCHTRAIL_TOKEN": collector.token}
    bundle, replayed = folder / "trace.zip", folder / "replayed"
    grounds = ["--server-key", fingerprint(collector), "--repo", str(shop), "--root", f"web={web}"]
    said = ""
    for words in (
        ["export", trace_id, "--output", str(bundle)],
        ["replay", str(bundle), *grounds, "--output", str(replayed)],
        ["verify", str(bundle), *grounds],
    ):
        done = subprocess.run([*PATCHTRAIL, "trace", *words], env=reading, capture_output=True, text=True)
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
    assert "Assurance level L3" in said or "Assurance level L4" in said, said
    for name in ("prices.py", "settings.py", "run.py", "test_shop.py"):
        assert (replayed / name).read_bytes() == (shop / name).read_bytes(), name
    assert (replayed / "web" / "cart.js").read_bytes() == (web / "cart.js").read_bytes()
    assert not (replayed / "conf.py").exists()
    (cell,) = json.loads((replayed / "n.ipynb").read_text())["cells"]
    assert "".join(cell["source"]) == "x = 12"
