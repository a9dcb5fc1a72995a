"""A real debugger in the real editor: stops, steps, evaluations, the fault episode, notes that come along."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from collector import Collector
from tests.e2e.conftest import git
from tests.e2e.desk import SECRET, at_desk, bytes_below, make_shop
from tests.e2e.participant import FOCUSED, Participant
from tests.e2e.rig import until

DEBUGGER = Path(__file__).with_name("rig") / "debugger"
RUN = f"""from prices import total


def check(items):
    expected = 5
    token = "{SECRET}-of-a-variable"
    found = total(items)
    if found != expected:
        raise ValueError(f"found {{found}}")
    return token


check([("a", 2), ("b", 3)])
"""
PYTHON = {
    "type": "rig-python",
    "request": "launch",
    "name": "Run it",
    "program": "${workspaceFolder}/run.py",
    "python": sys.executable,
    "console": "internalConsole",
}
BROKEN = {"type": "rig-broken", "request": "launch", "name": "Break it"}


def make_debugged_shop(folder: Path) -> Path:
    """Make a repository with a bug and a way to debug it."""
    shop = make_shop(folder)
    (shop / "run.py").write_text(RUN)
    (shop / ".vscode/launch.json").write_text(json.dumps({"version": "0.2.0", "configurations": [PYTHON, BROKEN]}))
    git(shop, "add", "--all")
    git(shop, "commit", "--quiet", "--message", "A way to run it")
    return shop


def begin(person: Participant, collector: Collector) -> None:
    """Connect, agree and start."""
    person.workbench.trust()
    person.connect(collector, collector.invite())
    person.consent()
    person.start("BUG-7: totals are one too large")


def debug(person: Participant, name: str) -> None:
    """Start a debug configuration by its name."""
    person.workbench._choose("Control+P", f"debug {name}", person.workbench.rows.filter(has_text=name).first)


def press(person: Participant, action: str) -> None:
    """Press a button of the debug toolbar, which is there once the workbench knows of the stop."""
    person.page.locator(f'.debug-toolbar .action-label[aria-label^="{action}"]').first.click()


def stands_at(person: Participant, line: int) -> None:
    """Wait until the program stands at a line of the active editor."""
    marked = person.page.locator(".editor-group-container.active .line-numbers.active-line-number").first
    person.page.locator('.debug-toolbar .action-label[aria-label^="Continue"]').first.wait_for()
    until(f"the program stands at {line}", lambda: marked.inner_text() == str(line))


def evaluate(person: Participant, expression: str, answer: str) -> None:
    """Evaluate an expression in the debug console."""
    person.workbench.command("Debug Console: Focus on Debug Console View")
    person.page.locator(".repl-input-wrapper .monaco-editor").click()
    person.page.keyboard.type(f"{expression}\n")
    person.page.locator(".repl .repl-tree .monaco-list-row", has_text=answer).first.wait_for()


def play(person: Participant) -> None:
    """Find the bug with the debugger: red, breakpoint, step, evaluate, exception, notes, edit, green."""
    workbench = person.workbench
    workbench.command("Patchtrail: Focus on Session View")
    person.terminal()
    workbench.terminal("pytest -q")
    person.wait_for("test_run")
    workbench.open_file("run.py")
    workbench.goto_position(7)
    workbench.keyboard("F9")
    person.wait_for("breakpoints")
    debug(person, "Run it")
    stands_at(person, 7)
    # The editor asks for the rest of the stack a moment after its top, and not at all where a step comes sooner.
    person.page.locator(".debug-call-stack .monaco-list-row", has_text="<module>").first.wait_for()
    press(person, "Step Over")
    stands_at(person, 8)
    evaluate(person, "found + 100", "106")
    # The editor asks for variables by itself, and a moment later; asked for or not is what is recorded.
    workbench.command("Run and Debug: Focus on Variables View")
    person.page.locator(".debug-variables .monaco-list-row", has_text="found").first.wait_for()
    press(person, "Continue")
    person.page.locator(".exception-widget").wait_for()
    press(person, "Continue")
    person.wait_for("debug_session", 2)
    workbench.command("Patchtrail: Focus on Session View")
    workbench.input.wait_for(state="hidden")
    person.note("h", "The sum starts at one.")
    person.wait_for("rationale_note")
    workbench.open_file("prices.py")
    workbench.goto_position(2)
    workbench.keyboard("Shift+End", "Control+Alt+r", "s")
    workbench.pick("Observation")
    until("the box has the focus", lambda: person.page.evaluate(FOCUSED))
    person.page.locator(".quick-input-widget .quick-input-title", has_text="Observation").wait_for()
    person.page.locator(".quick-input-widget:visible .codicon-sparkle").click()
    person.page.locator(".quick-input-message", has_text="no language model").wait_for()
    workbench.fill_input("One is added to every sum.")
    workbench.pick("Done")
    person.wait_for("rationale_note", 2)
    workbench.command("Rig: Agent Writes a Note")
    person.wait_for("rationale_note", 3)
    person.edit("prices.py", " + 1", "")
    person.wait_for("file_edit")
    workbench.command("Terminal: Focus Terminal")
    person.terminal_line("pytest -q")
    person.wait_for("test_run", 2)


def test_a_fault_is_followed_with_a_real_debugger(tmp_path: Path, vsix: Path, collector: Collector) -> None:
    """Breakpoint, stop, step, evaluation and exception are recorded without a value, and join to an episode.

    Notes by key, from a selection and by an agent's tool are told apart; without a model the button says so.
    """
    shop = make_debugged_shop(tmp_path / "shop")
    answers = tmp_path / "answers"
    with at_desk(tmp_path, vsix, shop, beside=(DEBUGGER,), env={"RIG_ANSWERS": str(answers)}) as person:
        begin(person, collector)
        play(person)
        rows = until("the episode is green", lambda: green_rows(person))
        person.row("stopped (exception): ValueError").click()
        person.page.locator('.tabs-container .tab.active[data-resource-name="run.py"]').wait_for()
        person.workbench.command("Patchtrail: Pause Recording")
        person.says("paused")
        person.workbench.command("Rig: Agent Writes a Note")
        until("the agent is refused", lambda: len(answers.read_text().splitlines()) == 2)
        events = person.events()
        written = b"".join(content for _, content in bytes_below(person.data))
        logs = b"".join(path.read_bytes() for path in person.server.logs())

    check_debugging(events)
    check_notes(events)
    assert answers.read_text().splitlines()[0].startswith("Recorded as event ")
    assert answers.read_text().splitlines()[1] == "Not recorded. The session is paused by participant."
    assert any("test_sum" in row and "green after" in row for row in rows)
    assert b"of-a-variable" not in written
    assert b"patchtrail/debug/report" in logs
    assert b"of-a-variable" not in b"\n".join(line for line in logs.split(b"\n") if b"patchtrail" in line)


def green_rows(person: Participant) -> list[str]:
    """Return the rows of the session view once an episode is green."""
    rows = person.workbench.tree_rows("Session")
    return rows if any("green after" in row for row in rows) else []


def check_debugging(events: list[dict[str, Any]]) -> None:
    """Compare every event of the debugger."""
    by_type = {kind: [one["data"] for one in events if one["type"] == kind] for kind in {one["type"] for one in events}}
    (added,) = by_type["breakpoints"]
    started, ended = by_type["debug_session"]
    stops = by_type["debug_stop"]
    point = added["added"][0]
    assert (point["kind"], point["file_path"], point["line"]) == ("source", "run.py", 7)
    assert (started["phase"], started["debug_type"], started["request"]) == ("started", "rig-python", "launch")
    assert {one["kind"] for one in started["breakpoints"]} == {"source", "exception"}
    assert (ended["phase"], ended["exit_code"], ended["stops"]) == ("ended", 1, 3)
    assert (ended["steps"]["next"], ended["steps"]["continues"]) == (1, 2)
    assert [stop["reason"] for stop in stops] == ["breakpoint", "step", "exception"]
    assert {stop["debug_id"] for stop in stops} == {started["debug_id"]}
    assert [(one["file_path"], one["line"], one["name"]) for one in stops[0]["frames"][:2]] == [
        *(("run.py", 7, "check"), ("run.py", 13, "<module>")),
    ]
    names = {one["name"]: one["type_name"] for one in stops[1]["variables"]}
    assert (names["expected"], names["token"], names["found"]) == ("int", "str", "int")
    assert all(one["value"] is None for stop in stops for one in [*stop["variables"], *stop["evaluations"]])
    assert [(one["expression"], one["context"], one["type_name"]) for one in stops[1]["evaluations"]] == [
        *(("found + 100", "repl", "int"),),
    ]
    assert stops[1]["steps_before"]["next"] == 1
    assert stops[2]["exception"]["type_name"] == "ValueError"
    assert stops[2]["exception"]["message"] == "found 6"
    assert [one for one in by_type.get("gap", []) if one["reason"] == "debugger"] == []


def check_notes(events: list[dict[str, Any]]) -> None:
    """Compare the three notes: who wrote them, how, and about which lines."""
    notes = [one["data"] for one in events if one["type"] == "rationale_note"]
    assert [(one["author"], one["source"], one["kind"]) for one in notes] == [
        *(("participant", "keyboard", "hypothesis"), ("participant", "selection", "observation")),
        ("agent", "tool", "hypothesis"),
    ]
    assert notes[1]["location"] == {"file_path": "prices.py", "start_line": 2, "end_line": 2, "root": ""}
    assert notes[1]["draft_text"] is None


def test_an_adapter_that_floods_hurts_nobody(tmp_path: Path, vsix: Path, collector: Collector) -> None:
    """Thousands of messages, some of them nonsense, leave the editor quick, and the session as it is."""
    shop = make_debugged_shop(tmp_path / "shop")
    with at_desk(tmp_path, vsix, shop, beside=(DEBUGGER,)) as person:
        begin(person, collector)
        debug(person, "Break it")
        person.wait_for("debug_session", 2)
        person.edit("prices.py", " + 1", "")
        person.wait_for("file_edit")
        events = person.events()
        person.end()

    assert [one["data"]["phase"] for one in events if one["type"] == "debug_session"] == ["started", "ended"]
    assert [one["data"]["reason"] for one in events if one["type"] == "debug_stop"] in (
        [],
        ["unknown"],
        ["unknown"] * 2,
    )


def test_a_pause_a_model_and_a_killed_host(tmp_path: Path, vsix: Path, collector: Collector) -> None:
    """A third red run suggests a note, a model drafts it on a click, and a stop outlives the window that saw it.

    The model is asked once, and gets no secret; what it drafted and what became of it are both recorded.
    """
    shop = make_debugged_shop(tmp_path / "shop")
    asked = tmp_path / "asked"
    models = {"chat.disableAIFeatures": False}
    with at_desk(tmp_path, vsix, shop, beside=(DEBUGGER,), env={"RIG_MODEL": str(asked)}, **models) as person:
        begin(person, collector)
        person.workbench.command("Patchtrail: Focus on Session View")
        person.terminal()
        person.terminal_line("echo $SERVICE_PASSWORD")
        person.wait_for("cmd_run")
        for count in range(1, 4):
            person.terminal_line("pytest -q")
            person.wait_for("test_run", count)
        person.says("Say why?")
        draft_a_note(person)
        assert "Say why?" not in person.status
        person.workbench.open_file("run.py")
        person.workbench.goto_position(7)
        person.workbench.keyboard("F9")
        person.wait_for("breakpoints")
        debug(person, "Run it")
        stands_at(person, 7)
        # Breakpoints, the start of the session, and, some seconds later, that it stands.
        until("it is told that it stands", lambda: reports_in(person) >= 3, 40)
        person.server.kill_extension_host()
        (stop,) = person.wait_for("debug_stop")
        (note,) = person.events("rationale_note")
        # A host that is just starting when its window closes would wait for it for hours.
        until("the next host is there", person.server.extension_host_pids, 40)
        person.says("Recording")

    assert (note["data"]["source"], note["data"]["hint"]) == ("editor_model", "third_red_run")
    assert (note["data"]["draft_text"], note["data"]["text"]) == (
        "The sum is too large.",
        "The sum is too large. By one.",
    )
    assert asked.read_text().count("Somebody is debugging") == 1
    assert SECRET not in asked.read_text()
    assert (stop["data"]["reason"], stop["data"]["frames"][0]["line"]) == ("breakpoint", 7)


def draft_a_note(person: Participant) -> None:
    """Write the note that is suggested, with the help of the editor's model."""
    person.row("Red for the third time").click()
    until("the box has the focus", lambda: person.page.evaluate(FOCUSED))
    person.page.locator(".quick-input-widget .quick-input-title", has_text="Hypothesis").wait_for()
    person.page.locator(".quick-input-widget:visible .codicon-sparkle").click()
    until("the draft is there", lambda: person.workbench.input.input_value() == "The sum is too large.")
    person.workbench.fill_input("The sum is too large. By one.")
    person.workbench.pick("Done")
    person.wait_for("rationale_note")


def reports_in(person: Participant) -> int:
    """Count the reports of a debugger in the log of messages."""
    logs = b"".join(path.read_bytes() for path in person.server.logs())
    return logs.count(b"Sending request 'patchtrail/debug/report")
