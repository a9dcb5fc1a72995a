"""Tasks, terminals that cannot be seen, and drafts, in the real editor."""

from __future__ import annotations

from pathlib import Path

from collector import Collector
from tests.e2e.desk import at_desk, make_shop
from tests.e2e.rig import until


def test_a_task_a_draft_and_a_blind_terminal(tmp_path: Path, vsix: Path, collector: Collector) -> None:
    """A task counts once and as a task, a draft is recorded by itself, a terminal without integration is declared."""
    shop = make_shop(tmp_path / "shop")
    shells = {
        "terminal.integrated.profiles.linux": {"plain": {"path": "/bin/sh"}},
        "terminal.integrated.defaultProfile.linux": "plain",
        "terminal.integrated.automationProfile.linux": {"path": "/bin/bash"},
    }
    with at_desk(tmp_path, vsix, shop, **shells) as person:
        person.workbench.trust()
        person.connect(collector, collector.invite())
        person.consent()
        person.start("BUG-7: totals are one too large")
        person.workbench.command("Patchtrail: Focus on Session View")
        person.workbench.run_task("tests")
        person.wait_for("test_run")
        person.note("p", "Look at the sum first.", is_confirmed=False)
        until("the draft is shown", lambda: any("draft: plan" in row for row in person.workbench.tree_rows("Session")))
        before = person.events("rationale_note")
        person.workbench.open_terminal()
        person.wait_for("gap")
        person.wait_for("rationale_note")
        person.workbench.run_task("tests")
        person.wait_for("test_run", 2)
        commands, runs = person.events("cmd_run"), person.events("test_run")
        notes, gaps = person.events("rationale_note"), person.events("gap")
        person.end()

    assert before == []
    assert [(one["data"]["origin"], one["data"]["task_name"]) for one in commands] == [("task", "tests")] * 2
    assert [one["data"]["command_line"] for one in commands] == ["../bin/pytest -q"] * 2
    assert [(run["data"]["evidence"], run["data"]["origin"], run["data"]["exit_code"]) for run in runs] == [
        *(("junit", "task", 1), ("junit", "task", 1)),
    ]
    assert "2 failed" in commands[0]["data"]["output_tail"]
    assert [note["data"]["text"] for note in notes] == ["Look at the sum first."]
    assert notes[0]["mono_ms"] - notes[0]["data"]["drafted_ms"] >= 30_000
    assert [gap["data"]["reason"] for gap in gaps] == ["no_shell_integration"]
