"""Commands and their tests in any language, as a client reports them and the trace holds them."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.editor.driven import Editor

BEGAN: dict[Path, int] = {}
REPORTS = Path(__file__).parents[1] / "capture" / "reports"


async def begin(editor: Editor) -> None:
    """Start a session; the commands of these tests began with it."""
    await editor.start()
    BEGAN[editor.folder] = int(time.time() * 1000)


async def ran(editor: Editor, line: str, exit_code: int | None = 1, **fields: object) -> dict[str, Any]:
    """Report a command that ended now."""
    report = {"command_line": line, "confidence": "high", "cwd": str(editor.folder), "exit_code": exit_code}
    report |= {"duration_ms": 2_000_000, "started_ms": BEGAN[editor.folder], "output": ""}
    return await editor.ask("patchtrail/command/report", **{**report, **fields})


async def last(editor: Editor, kind: str) -> dict[str, Any]:
    """Return the data of the last event, which must be of that type."""
    event = (await editor.recorded())[-1]
    assert event["type"] == kind
    data: dict[str, Any] = event["data"]
    return data


@pytest.mark.asyncio
async def test_reports_of_any_tool(editor: Editor) -> None:
    """A report that a command wrote is its test run: per test, with retries, suite and where it was read."""
    await begin(editor)
    (editor.folder / "target/surefire-reports").mkdir(parents=True)
    shutil.copy(REPORTS / "surefire.xml", editor.folder / "target/surefire-reports/TEST-com.example.CalcTest.xml")
    command = await ran(editor, "./mvnw verify")
    maven = await last(editor, "test_run")
    (editor.folder / "ctrf").mkdir()
    shutil.copy(REPORTS / "playwright-ctrf.json", editor.folder / "ctrf/ctrf-report.json")
    await ran(editor, "make e2e-all", origin="task", task_name="e2e")
    ctrf = await last(editor, "test_run")

    assert (maven["evidence"], maven["framework"], maven["command_seq"]) == ("junit", "junit", command["seq"])
    assert maven["report_path"] == "target/surefire-reports/TEST-com.example.CalcTest.xml"
    assert maven["totals"] == {"tests": 5, "passed": 2, "failed": 1, "errors": 1, "skipped": 1}
    assert [(one["test_id"], one["retries"]) for one in maven["cases"] if one["is_flaky"]] == [
        ("com.example.CalcTest::calls", 1)
    ]
    assert (ctrf["evidence"], ctrf["framework"], ctrf["origin"]) == ("ctrf", "playwright", "task")
    assert (editor.folder / "ctrf/ctrf-report.json").read_bytes() == (REPORTS / "playwright-ctrf.json").read_bytes()


@pytest.mark.asyncio
async def test_outputs_of_any_tool(editor: Editor) -> None:
    """Without a report the output tells, and without that the exit code, for what runs tests by its words alone."""
    await begin(editor)
    runs = {}
    for name, line in (("unittest.txt", "python -m unittest"), ("go.txt", "go test ./..."), ("jest.txt", "npm test")):
        await ran(editor, line, output=(REPORTS / name).read_text(), output_coverage="whole")
        runs[line] = await last(editor, "test_run")
    await ran(editor, "swift test", output="who knows\n")
    told_by_exit = await last(editor, "test_run")
    await ran(editor, "npm run build", output=(REPORTS / "jest.txt").read_text())
    no_tests = await last(editor, "cmd_run")

    entries = (await editor.ask("patchtrail/session/entries"))["entries"]
    shown = {entry["summary"]: entry["details"] for entry in entries if entry["type"] == "test_run"}

    assert shown["go test ./...: 3 failed"][2] == "example.com/calc/broken: build failed"
    assert [(run["evidence"], run["framework"]) for run in runs.values()] == [
        *(("output", "unittest"), ("output", "go"), ("output", "jest")),
    ]
    assert [run["totals"] and run["totals"]["failed"] for run in runs.values()] == [3, None, 2]
    assert (told_by_exit["evidence"], told_by_exit["framework"], told_by_exit["exit_code"]) == ("exit", "swift", 1)
    assert no_tests["command_line"] == "npm run build"


@pytest.mark.asyncio
async def test_a_report_that_came_with_a_checkout(editor: Editor) -> None:
    """A report that a checkout, a copy or an editor brought is nobody's test run, and an old one is nobody's either."""
    await begin(editor)
    shutil.copy(REPORTS / "jest-junit.xml", editor.folder / "junit.xml")
    await ran(editor, "git checkout main")
    moved = await last(editor, "cmd_run")
    await ran(editor, "npm test", started_ms=int(time.time() * 1000) + 60_000, duration_ms=5)
    later = await last(editor, "test_run")

    assert moved["command_line"] == "git checkout main"
    assert later["evidence"] == "exit"


@pytest.mark.asyncio
async def test_secrets_in_reports(editor: Editor) -> None:
    """What a report quotes is redacted as everything else is."""
    await begin(editor)
    report = '<testsuite><testcase name="a"><failure message="password = &quot;hunter22&quot;"/></testcase></testsuite>'
    (editor.folder / "junit.xml").write_text(report)
    await ran(editor, "npm test")
    run = await last(editor, "test_run")

    assert "hunter22" not in str(run)
    assert "<<redacted:" in run["cases"][0]["message"]


@pytest.mark.asyncio
async def test_what_is_known_of_a_command(editor: Editor) -> None:
    """The shell, an output's start and end, a command that still runs, and what an inner shell hides are recorded."""
    await begin(editor)
    await ran(
        editor, "make", output_head="first\nsec", output="ond\nlast\n", output_omitted_bytes=5_000_000, shell="fish"
    )
    long = await last(editor, "cmd_run")
    await ran(editor, "npm run dev", exit_code=None, has_ended=False, output="listening\n")
    running = await last(editor, "cmd_run")
    await ran(editor, "ssh build", exit_code=0, output="$ pytest\n1 passed in 0.01s\n")
    gap = await last(editor, "gap")
    await editor.ask("patchtrail/gap/report", reason="test_explorer", detail="ms-python.python")
    explorer = await last(editor, "gap")

    assert (long["shell"], long["output_coverage"], long["output_omitted_bytes"]) == ("fish", "tail", 5_000_008)
    assert long["output_tail"] == "first\n[... 5000008 bytes are left out here ...]\nlast\n"
    assert (running["has_ended"], running["exit_code"]) == (False, None)
    assert (gap["reason"], gap["detail"], gap["from_ms"] <= gap["to_ms"]) == ("other_terminal", "ssh", True)
    assert (explorer["reason"], explorer["detail"]) == ("test_explorer", "ms-python.python")
