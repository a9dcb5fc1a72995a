"""Who wrote it, in the real editor: scripted acts whose author is known, through the packaged extension."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from collector import Collector
from tests.authors.recorded import store
from tests.e2e.participant import Participant
from tests.e2e.rig import until
from tests.e2e.truth import CASES, facts_of, play_all


def test_who_wrote_it(tmp_path: Path, vsix: Path, collector: Collector, request: pytest.FixtureRequest) -> None:
    """No program is taken for a person; nine of ten of each kind are called what they are; little stays unknown."""
    played = play_all(tmp_path, vsix, collector, connect_an_agent)
    if request.config.getoption("--update"):
        store([facts_of(one) for one in played])

    sources = {one.case.name: {share["source"] for share in one.event["authorship"]} for one in played}
    assert [one.case.name for one in played] == [case.name for case in CASES]
    assert {name for name in sources if "typing" in sources[name]} <= {
        case.name for case in CASES if case.truth in ("typing", "undo")
    }
    for truth in ("typing", "paste", "format_on_save", "quick_fix", "external"):
        cases = [one.case for one in played if one.case.truth == truth]
        wrong = {case.name: sources[case.name] for case in cases if sources[case.name] != {truth}}
        assert len(wrong) <= 0.1 * len(cases), wrong
    assert len([one for one in played if "unknown" in sources[one.case.name]]) <= 0.1 * len(played)
    told = [one for one in played if "tells" in one.case.name or one.case.name == "an agent on disk"]
    assert [[share["agent"] for share in one.event["authorship"]] for one in told] == [["claude-code"]] * len(told)
    assert [[act["tool"] for act in one.acts] for one in told] == [["Edit"]] * len(told)
    undo = next(one for one in played if one.case.truth == "undo")
    assert undo.event["undos"] > 0
    assert "never kept" not in "".join(str(one.event) for one in played)


def connect_an_agent(person: Participant) -> None:
    """An agent is connected only after the exact change was shown; what it runs tells; taken out, nothing is left."""
    path = person.repository / ".claude/settings.local.json"
    path.parent.mkdir()
    path.write_text('{\n    "model": "some"\n}')
    before = path.read_bytes()
    workbench = person.workbench
    workbench.command("Patchtrail: Connect a Coding Agent…")
    workbench.pick("Claude Code, in work")
    shown = workbench.dialog_text()
    untouched = path.read_bytes()
    workbench.dialog_button("Write It")
    until("the hooks are there", lambda: "PATCHTRAIL_HOOK" in path.read_text())
    written = json.loads(path.read_text())
    command = written["hooks"]["PostToolUse"][0]["hooks"][0]["command"]
    told = {"hook_event_name": "PostToolUse", "tool_name": "Write", "cwd": str(person.repository)}
    told["tool_input"] = {"file_path": str(person.repository / "second.py"), "content": "never kept"}
    environment = {**os.environ, "HOME": str(person.server.home)}
    environment.pop("XDG_DATA_HOME", None)
    done = subprocess.run(["sh", "-c", command], input=json.dumps(told).encode(), env=environment, capture_output=True)
    until("the act is recorded", lambda: [one for one in person.events("agent_act") if one["data"]["tool"] == "Write"])
    workbench.command("Patchtrail: Disconnect a Coding Agent…")
    workbench.pick("Claude Code, in work")
    workbench.dialog_button("Take Them Out")
    until("the file is what it was", lambda: path.read_bytes() == before)

    assert untouched == before
    assert str(path) in shown
    assert "PATCHTRAIL_HOOK" in shown
    assert written["model"] == "some"
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
