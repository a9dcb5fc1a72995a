"""Acts in the real editor of which it is known who did them: keys, paste, undo, formatters, fixes, agents, the disk."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector import Collector
from tests.e2e.conftest import ROOT, git
from tests.e2e.participant import Participant
from tests.e2e.rig import CodeServer, Workbench, until

__all__ = ["CASES", "Case", "Played", "facts_of", "play_all"]

TRUTH_EXTENSION = Path(__file__).parent / "rig/truth_extension"
HOOK = ROOT / "server/patchtrail/cli/hook.py"
PLAIN = "value = 1\nanother_name = 2\nlast_one = 'some text here'\n\n\ndef total(items):\n    return sum(items)\n"
BAD = "first = 1\nsecond = BAD\nthird = 3\n"
UNFORMATTED = "a=1  \nb  =2\ncall(a,b)\n\n\nlonger_name=a+b   \n"
JSON = '{"a":1,\n"b": [1,2],"c":{"d":   null}}\n'
SPEEDS = (0, 15, 60, 120)
PERSON_S = 0.4
"""From the last key to the save; programs save at once."""
TAP = """import os, runpy, sys, threading
if "serve" in sys.argv:
    out, into = os.pipe()
    real = os.dup(0)
    os.dup2(out, 0)
    def pump():
        with open({wire!r}, "ab", buffering=0) as kept:
            while content := os.read(real, 65536):
                kept.write(content)
                os.write(into, content)
        os.close(into)
    threading.Thread(target=pump, daemon=True).start()
runpy.run_path(os.path.join(os.path.dirname(__file__), "launch_untapped.py"), run_name="__main__")
"""


class Stage:
    """What a case acts with: one file, open in the editor."""

    def __init__(self, person: Participant, name: str, log: Path) -> None:
        self.person, self.name, self._log = person, name, log
        self.workbench = person.workbench
        self.keys = person.page.keyboard
        self.path = person.repository / name

    def at(self, line: int, column: int) -> None:
        """Put the cursor somewhere."""
        self.workbench.goto_position(line, column)

    def agent(self, title: str, name: str) -> None:
        """Let an agent of the test's own extension act, and wait until it is done."""
        before = self._done(name)
        self.workbench.command(f"Truth: {title}")
        until(f"the agent is done: {name}", lambda: self._done(name) > before)

    def compose(self, *steps: str) -> None:
        """Compose a text as an input method does."""
        browser = self.person.page.context.new_cdp_session(self.person.page)
        for text in steps[:-1]:
            spot = {"text": text, "selectionStart": len(text), "selectionEnd": len(text)}
            browser.send("Input.imeSetComposition", spot)
            time.sleep(0.06)
        browser.send("Input.insertText", {"text": steps[-1]})

    def shows(self, text: str) -> None:
        """Wait until the editor shows a text."""
        until(f"the editor shows {text!r}", lambda: text in self.workbench.editor_text())

    def hook(self) -> None:
        """Tell of an edit as an agent's hook does."""
        told = {
            "hook_event_name": "PostToolUse",
            "session_id": "s-1",
            "cwd": str(self.person.repository),
            "tool_name": "Edit",
            "tool_input": {"file_path": str(self.path), "old_string": "", "new_string": "never kept"},
        }
        folder = self.person.data / "acts"
        subprocess.run(
            [sys.executable, "-I", "-S", str(HOOK), "--into", str(folder)], input=json.dumps(told).encode(), check=True
        )

    def _done(self, name: str) -> int:
        told = [json.loads(line) for line in self._log.read_text().splitlines()] if self._log.exists() else []
        return len([one for one in told if one["event"] == "done" and one["name"] == name])


@dataclass(frozen=True)
class Case:
    """One act, who did it, and the file that it starts from."""

    name: str
    truth: str
    act: Callable[[Stage], object]
    start: str = PLAIN
    suffix: str = ".py"
    edits_before: int = 0
    """How many edits are recorded before the act that counts."""

    @property
    def file(self) -> str:
        """The file that it acts on."""
        stem = re.sub(r"\W+", "_", self.name)
        return f"formatted_{stem}{self.suffix}" if self.truth == "format_on_save" else f"{stem}{self.suffix}"


@dataclass(frozen=True)
class Played:
    """A case that was played: the facts that the client told, and the edit that was recorded."""

    case: Case
    groups: list[dict[str, Any]]
    event: dict[str, Any]
    acts: list[dict[str, Any]]


def _typed(text: str, delay: int) -> Callable[[Stage], None]:
    def act(stage: Stage) -> None:
        stage.at(2, 17)
        stage.keys.type(text, delay=delay)

    return act


def _pressed(line: int, column: int, *keys: str, text: str = "") -> Callable[[Stage], None]:
    def act(stage: Stage) -> None:
        stage.at(line, column)
        for key in keys:
            stage.keys.press(key, delay=15)
        stage.keys.type(text, delay=20)

    return act


def _completed(stage: Stage) -> None:
    stage.at(2, 17)
    stage.keys.press("Enter")
    stage.keys.type("anot", delay=60)
    stage.keys.press("Control+Space")
    stage.person.page.locator(".suggest-widget.visible .monaco-list-row").first.wait_for()
    stage.keys.press("Tab")
    until("the word is completed", lambda: stage.workbench.editor_text().count("another_name") == 2)


def _composed(stage: Stage) -> None:
    stage.at(1, 10)
    stage.keys.type("  # ", delay=40)
    stage.compose("k", "か", "かn", "かな", "仮名")
    stage.compose("m", "も", "もj", "もじ", "文字")


def _clicked(stage: Stage) -> None:
    stage.workbench.editor.locator(".view-line", has_text="last_one").click()
    stage.keys.press("End")
    stage.keys.type(" + 'x'", delay=30)


def _pasted(line: int, *keys: str) -> Callable[[Stage], None]:
    def act(stage: Stage) -> None:
        stage.at(1, 1)
        for key in ("Shift+ArrowDown", "Shift+ArrowDown", "Shift+End", "Control+C"):
            stage.keys.press(key)
        stage.at(line, 1)
        for key in (*keys, "Control+V"):
            stage.keys.press(key)

    return act


def _undone(stage: Stage) -> None:
    stage.at(2, 17)
    stage.keys.type(" + 41", delay=20)
    stage.workbench.save()
    until("the edit is recorded", lambda: _edits_of(stage.person, stage.name), 40)
    stage.keys.press("Control+Z")


def _nothing(stage: Stage) -> None:
    stage.at(1, 1)


def _fixed(stage: Stage) -> None:
    stage.at(2, 11)
    stage.workbench.quick_fix("Replace with GOOD")
    stage.shows("GOOD_VALUE")


def _agent(title: str, name: str, *, line: int = 4, column: int = 1) -> Callable[[Stage], None]:
    def act(stage: Stage) -> None:
        stage.at(line, column)
        stage.agent(title, name)

    return act


def _hooked(title: str, name: str, *, line: int = 4, column: int = 1) -> Callable[[Stage], None]:
    def act(stage: Stage) -> None:
        stage.at(line, column)
        stage.agent(title, name)
        stage.hook()

    return act


def _hooked_on_disk(stage: Stage) -> None:
    stage.path.write_text(PLAIN + "\n\ndef written_by_agent():\n    return 7\n")
    stage.hook()
    stage.shows("written_by_agent")


def _on_disk(stage: Stage) -> None:
    stage.path.write_text(PLAIN.replace("value = 1", "value = 12345") + "outside = 1\n")
    stage.shows("outside = 1")


def _formatted_outside(stage: Stage) -> None:
    script = "import sys; p = sys.argv[1]; s = open(p).read(); open(p, 'w').write(s.replace(' = ', ' =  '))"
    subprocess.run([sys.executable, "-c", script, str(stage.path)], check=True)
    stage.shows("value =  1")


def _checked_out(stage: Stage) -> None:
    git(stage.person.repository, "checkout", "--quiet", "elsewhere", "--", stage.name)
    stage.shows("elsewhere = True")


CASES: tuple[Case, ...] = (
    *(Case(f"typing at {delay} ms", "typing", _typed(" + len('abc') * other", delay)) for delay in SPEEDS),
    *(
        Case(f"a block at {delay} ms", "typing", _typed("\nif value:\nprint([value, 'x'])\n", delay))
        for delay in SPEEDS
    ),
    Case(
        "a burst with corrections", "typing", _pressed(2, 17, "Space", "Backspace", *["Digit1"] * 6, *["Backspace"] * 4)
    ),
    Case("backspaces alone", "typing", _pressed(3, 20, *["Backspace"] * 6)),
    Case("delete keys alone", "typing", _pressed(3, 13, *["Delete"] * 5)),
    Case("a selection deleted", "typing", _pressed(3, 1, "Shift+End", "Delete")),
    Case("a word deleted", "typing", _pressed(3, 25, "Control+Backspace")),
    Case("a selection replaced", "typing", _pressed(1, 9, "Shift+End", text="31 * 7")),
    Case("an empty line", "typing", _pressed(2, 17, "Enter")),
    Case("an indented line", "typing", _pressed(7, 1, "Tab")),
    Case("a completion", "typing", _completed),
    Case("three cursors", "typing", _pressed(1, 1, "Control+Alt+ArrowDown", "Control+Alt+ArrowDown", text="new_")),
    Case("an input method", "typing", _composed),
    Case("a clicked place", "typing", _clicked),
    Case("a pasted block", "paste", _pasted(4)),
    Case("a paste over a selection", "paste", _pasted(7, "Shift+End")),
    Case("a paste at the end", "paste", _pasted(5, "Control+End")),
    Case("an undo", "undo", _undone, edits_before=1),
    Case("a formatter", "format_on_save", _nothing, UNFORMATTED),
    Case("a formatter on a long file", "format_on_save", _nothing, UNFORMATTED * 40),
    Case("a formatter of one line", "format_on_save", _nothing, "a = 1\nb = 2\nc=3\n"),
    Case("the built-in formatter", "format_on_save", _nothing, JSON, ".json"),
    Case("a quick fix", "quick_fix", _fixed, BAD),
    Case("a quick fix of many", "quick_fix", _fixed, BAD + "fourth = BAD\n"),
    Case("a quick fix in a function", "quick_fix", _fixed, BAD + PLAIN),
    Case("an agent in one go", "ai", _agent("Agent in One Go", "agentOnce")),
    Case("an agent word by word", "ai", _agent("Agent Word by Word", "agentWords")),
    Case("an agent letter by letter", "ai", _agent("Agent Letter by Letter", "agentLetters")),
    Case("an agent at the cursor", "ai", _agent("Agent Letter by Letter", "agentLetters", line=2, column=17)),
    Case("an agent replaces a line", "ai", _agent("Agent Replaces a Line", "agentReplace", line=3)),
    Case("an agent deletes", "ai", _agent("Agent Deletes at the Cursor", "agentDeletes", line=3, column=20)),
    Case("an agent that tells", "ai", _hooked("Agent in One Go", "agentOnce")),
    Case("an agent that tells and streams", "ai", _hooked("Agent Word by Word", "agentWords")),
    Case(
        "an agent that tells and deletes",
        "ai",
        _hooked("Agent Deletes at the Cursor", "agentDeletes", line=3, column=20),
    ),
    Case("an agent on disk", "ai", _hooked_on_disk),
    Case("another process", "external", _on_disk),
    Case("a formatter outside", "external", _formatted_outside),
    Case("a checkout", "external", _checked_out),
)


def make_repository(folder: Path) -> Path:
    """Make a repository with a file for each case, and another branch."""
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    for text, branch in ((None, "main"), ("elsewhere = True\n", "elsewhere")):
        if branch != "main":
            git(folder, "checkout", "--quiet", "-b", branch)
        for case in CASES:
            (folder / case.file).write_text(text or case.start)
        (folder / "second.py").write_text(PLAIN)
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", branch)
    git(folder, "checkout", "--quiet", "main")
    return folder


@contextmanager
def watched(folder: Path, vsix: Path) -> Iterator[tuple[Participant, Path, Path]]:
    """Sit down at an editor whose sidecar's input is kept, and give the file of it, and the agents' log."""
    wire, log = folder / "wire.bin", folder / "truth.jsonl"
    settings = {"patchtrail.upload.holdSeconds": 240, "editor.formatOnSave": True}
    work = make_repository(folder / "work")
    server = CodeServer(
        folder / "run", extensions=[TRUTH_EXTENSION, vsix], settings=settings, env={"TRUTH_LOG": str(log)}
    )
    _tap(folder / "run/extensions", wire)
    with server, Workbench(server, work) as workbench:
        yield Participant(server, workbench, work), wire, log


def _tap(extensions: Path, wire: Path) -> None:
    """Keep what the installed extension sends to its sidecar."""
    (launch,) = extensions.glob("patchtrail.patchtrail-*/**/launch.py")
    launch.rename(launch.with_name("launch_untapped.py"))
    launch.write_text(TAP.format(wire=str(wire)))


def play_all(
    folder: Path, vsix: Path, collector: Collector, then: Callable[[Participant], object] = lambda _person: None
) -> list[Played]:
    """Play every case in one session, and whatever comes then."""
    with watched(folder, vsix) as (person, wire, log):
        person.workbench.trust()
        person.connect(collector, collector.invite())
        person.consent()
        person.start("BUG-1: who wrote it")
        played = [play(person, case, wire, log) for case in CASES]
        then(person)
        person.end()
    shutil.rmtree(folder / "run", ignore_errors=True)
    return played


def play(person: Participant, case: Case, wire: Path, log: Path) -> Played:
    """Play one case: open its file, act, save, and wait for what is recorded of it."""
    person.workbench.open_file(case.file)
    case.act(Stage(person, case.file, log))
    if case.truth in ("typing", "paste", "quick_fix"):
        time.sleep(PERSON_S)
    person.workbench.save()
    edits = until(f"{case.name} is recorded", lambda: _edits_of(person, case.file)[case.edits_before :], 40)
    person.workbench.keyboard("Control+F4")
    acts = [one["data"] for one in person.events("agent_act") if one["data"]["file_path"] == case.file]
    return Played(case, _groups_on(wire, case.file)[-1] if _groups_on(wire, case.file) else [], edits[-1]["data"], acts)


def facts_of(played: Played) -> dict[str, Any]:
    """Return what the client and agents told of a case, as data."""
    case = played.case
    return {"name": case.name, "truth": case.truth, "groups": played.groups, "acts": played.acts}


def _edits_of(person: Participant, name: str) -> list[dict[str, Any]]:
    return [one for one in person.events("file_edit") if one["data"]["file_path"] == name]


def _groups_on(wire: Path, name: str) -> list[list[dict[str, Any]]]:
    """Read what the client told of a file off the wire."""
    found = re.findall(
        rb'\{"jsonrpc":"2\.0","id":\d+,"method":"patchtrail/changes/report","params":(\{.*?\]\s*,[^{}]*\})\}',
        wire.read_bytes(),
    )
    told = [json.loads(one) for one in found]
    return [one["groups"] for one in told if one["uri"].endswith(f"/{name}")]
