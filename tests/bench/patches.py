"""Patches: a menu over 500 diagnostics, an answer located in a long file, and what is done before a model is asked."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from patchtrail.cli.evaluating import evaluated_fixer
from patchtrail.contract.lsp import FACTS_REPORT
from patchtrail.llm import Cancellation, Endpoint, model_of
from patchtrail.patching import Finding, FixRequest, Patch
from patchtrail.patching.answer import Focus, patch_from_answer
from patchtrail.patching.disk_workspace import DiskWorkspace
from patchtrail.qa import PytestRunner
from patchtrail.sandbox.bubblewrap import Bubblewrap
from patchtrail.study import current_consent
from patchtrail.text import diff
from tests.bench.table import Goal, Row, Section
from tests.damage import Truth, damaged
from tests.model.reply import Asked, Reply
from tests.model.server import ModelServer

__all__ = ["measure"]

ROOT = Path(__file__).parents[2]
DIAGNOSTICS = 500
MENUS = 60
LINES = (2_000, 20_000)
HUNKS = 10
APPLIES = 30
CALLS = 30
NAME = "long.py"
PLAIN = "long.txt"


def measure(folder: Path) -> Iterator[Section]:
    """Yield the three measurements."""
    yield Section(f"11a. textDocument/codeAction, {DIAGNOSTICS} diagnostics, over pipes", list(_menus(folder / "menu")))
    rows = [row for lines in LINES for row in _located(folder / f"located-{lines}", lines)]
    yield Section(f"11b. Locate and apply an answer of {HUNKS} hunks; floor: git apply --check, a process", rows)
    row = _first_byte(folder / "first")
    notes = ["Ours reads the file, builds the prompt and redacts it; both open a connection of their own."]
    yield Section("11c. From the command to the request at the model; floor: the same request, posted", [row], notes)


def _located(folder: Path, count: int) -> Iterator[Row]:
    """Yield a right answer beside git, which parses nothing; a damaged one; and one whose result is parsed too."""
    folder.mkdir()
    before = "".join(_module(count))
    (folder / PLAIN).write_text(before)
    clean, spoilt, parsed, peer = list[float](), list[float](), list[float](), list[float]()
    for seed in range(APPLIES):
        after = _changed(before, seed)
        good, code = diff(before, after, PLAIN), diff(before, after, NAME)
        bad = damaged(Truth(PLAIN, before, after, ""), form="unified", seed=seed, defects=("wrong_counts",)).text
        clean.append(_applied(good, PLAIN, before, after))
        peer.append(_checked_by_git(good, folder))
        spoilt.append(_applied(bad, PLAIN, before, after))
        parsed.append(_applied(code, NAME, before, after))
    yield Row(f"{count:,} lines, a right diff", "ms", clean, peer, Goal("<= 0.3x", "<= 0.1x"))
    yield Row(f"{count:,} lines, wrong counts", "ms", spoilt, peer, Goal("p99 < 50"))
    yield Row(f"{count:,} lines, and the result parsed", "ms", parsed)


def _applied(answer: str, name: str, before: str, after: str) -> float:
    begun = time.perf_counter()
    found = patch_from_answer(answer, {name: before}.get, known_paths=[name], focus=Focus(name, 1, 1))
    took = (time.perf_counter() - begun) * 1_000
    assert isinstance(found, Patch), found
    assert found.files[0].after == after, "only a right patch counts"
    return took


def _checked_by_git(answer: str, folder: Path) -> float:
    begun = time.perf_counter()
    subprocess.run(["git", "apply", "--check", "-"], cwd=folder, input=answer.encode(), check=True)
    return (time.perf_counter() - begun) * 1_000


def _module(lines: int) -> Iterator[str]:
    """Yield a module of so many lines that parses; functions look alike, as generated code does."""
    for number in range(lines // 4):
        yield f'def step_{number}(value):\n    """Take step {number}."""\n    return value * {number} + 1\n\n'


def _changed(text: str, seed: int) -> str:
    """Return the text with some functions changed."""
    for number in random.Random(seed).sample(range(text.count("def ")), HUNKS):
        text = text.replace(f"    return value * {number} + 1\n", f"    return (value + {seed}) * {number}\n")
    return text


def _took(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1_000


def _first_byte(folder: Path) -> Row:
    """Return the time from the command until the model has the whole request, ours and posted bare."""
    folder.mkdir()
    (folder / NAME).write_text("".join(_module(LINES[0])))
    finding = Finding("bench", "X100", "Something is wrong here.", NAME, LINES[0] // 2)
    arrived = list[float]()

    def answer(_: Asked) -> Reply:
        arrived.append(time.perf_counter())
        return Reply("NO CHANGE: nothing to do")

    ours, bare = list[float](), list[float]()
    with ModelServer(answer) as server:
        model = model_of(Endpoint("openai", server.url, "test-model", server.api_key))
        runner = PytestRunner(Bubblewrap(), python=Path(sys.executable))
        fixer = evaluated_fixer(folder, model, runner, folder.with_name("cache"))
        for _ in range(CALLS):
            at, begun = len(arrived), time.perf_counter()
            fixer.fix(FixRequest((finding,)), DiskWorkspace(folder), Cancellation(), lambda _: None)
            ours.append((arrived[at] - begun) * 1_000)
            at, begun = len(arrived), time.perf_counter()
            headers = {"Authorization": f"Bearer {server.api_key}"}
            httpx.post(f"{server.url}/chat/completions", json=dict(server.asked[0].body), headers=headers, timeout=60)
            bare.append((arrived[at] - begun) * 1_000)
    return Row("until the model has the request", "ms", ours, bare, Goal("- floor < 100", "- floor < 30"))


def _menus(folder: Path) -> Iterator[Row]:
    """Yield how long a sidecar takes to answer at one of many diagnostics, and with all of them selected."""
    folder.mkdir()
    (folder / NAME).write_text("".join(f"import unused_{number}\n" for number in range(DIAGNOSTICS)))
    uri = (folder / NAME).as_uri()
    sidecar = _Sidecar(folder)
    try:
        document = {"uri": uri, "languageId": "python", "version": 1, "text": (folder / NAME).read_text()}
        sidecar.notify("textDocument/didOpen", {"textDocument": document})
        facts = {"is_telemetry_enabled": True, "is_workspace_trusted": True, "consent": current_consent().model_dump()}
        sidecar.ask(FACTS_REPORT, facts)
        whole = {"start": {"line": 0, "character": 0}, "end": {"line": DIAGNOSTICS, "character": 0}}
        context = {"diagnostics": [_diagnostic(number) for number in range(DIAGNOSTICS)]}
        params = {"textDocument": {"uri": uri}, "range": whole, "context": context}
        offered = sidecar.ask("textDocument/codeAction", params)
        assert len(offered) > DIAGNOSTICS, f"{len(offered)} actions were offered"
        every = [_took(lambda: sidecar.ask("textDocument/codeAction", params)) for _ in range(MENUS)]
        one = {**params, "context": {"diagnostics": [_diagnostic(7)]}}
        at_one = [_took(lambda: sidecar.ask("textDocument/codeAction", one)) for _ in range(MENUS)]
    finally:
        sidecar.stop()
    yield Row("at one of them", "ms", at_one, goal=Goal("p99 < 10", "p99 < 3"))
    yield Row(f"all selected: {len(offered)} actions", "ms", every)


def _diagnostic(number: int) -> dict[str, Any]:
    where = {"start": {"line": number, "character": 7}, "end": {"line": number, "character": 17}}
    message = f"`unused_{number}` imported but unused"
    return {"range": where, "message": message, "code": "F401", "source": "Ruff", "severity": 2}


class _Sidecar:
    """A sidecar process, and a client that asks one thing after the other."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "patchtrail", "serve", "--spool", str(folder.with_name("spool"))]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._number = 0
        action = {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}}, "dataSupport": True}
        capabilities = {"textDocument": {"codeAction": action}}
        folders = [{"uri": folder.as_uri(), "name": "bench"}]
        self.ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": capabilities,
                                "workspaceFolders": folders})  # fmt: skip
        self.notify("initialized", {})

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        """Send a request, and return the result; what the server sends meanwhile is let pass."""
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        while True:
            told = self._read()
            if told.get("id") == self._number and "method" not in told:
                assert "error" not in told, told
                return told["result"]

    def notify(self, method: str, params: dict[str, Any]) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    def stop(self) -> None:
        """End the conversation and the process."""
        self.ask("shutdown", {})
        self.notify("exit", {})
        try:
            self._process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        size = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                size = int(value)
        assert size, "the sidecar went away"
        told: dict[str, Any] = json.loads(self._process.stdout.read(size))
        return told
