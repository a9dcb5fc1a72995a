"""Reports of pytest: which is taken, which is left, and when none is asked for."""

from __future__ import annotations

import json
import os
import shlex
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from patchtrail.capture.junit import read_junit
from patchtrail.capture.pytest_project import refuses_junit
from patchtrail.capture.test_reports import REPORTS_VARIABLE, is_refusal
from patchtrail.capture.test_reports import TestReports as Reports

BEGAN_MS = 1_700_000_000_000
ENDED_MS = BEGAN_MS + 60_000
XML = """<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest"{timestamp}>
<testcase classname="tests.test_a.TestB" name="test_c[x::y]" file="tests/test_a.py" line="0" time="0.1"/>
</testsuite></testsuites>"""
FAILED = {"nodeid": "t.py::test_a", "outcome": "failed", "duration_ms": 3, "message": "no", "file_path": "t.py"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Name a reports folder whose parents do not exist either."""
    return tmp_path / "spool of mine" / "w 1"


@pytest.fixture
def reports(folder: Path) -> Reports:
    """Make the folder."""
    return Reports(folder)


def write_junit(folder: Path, *, written_ms: int, began_ms: int | None = None, text: str = XML) -> None:
    """Write a JUnit report as pytest would have at a given time."""
    told = "" if began_ms is None else f' timestamp="{datetime.fromtimestamp(began_ms / 1000, UTC).isoformat()}"'
    path = folder / "junit.xml"
    path.write_text(text.replace("{timestamp}", told))
    os.utime(path, (written_ms / 1000, written_ms / 1000))


def write_run(
    folder: Path, name: str, *, began_ms: int, ended_ms: int, origin: str = "terminal", exit_code: int = 1
) -> None:
    """Write a finished report as the plugin would have at a given time."""
    head = {"v": 1, "pid": 1, "started_ms": began_ms, "rootdir": "/project", "origin": origin}
    lines = [head, {**FAILED, "line": 7}, {"exit_code": exit_code, "ended_ms": ended_ms}]
    path = folder / f"{name}.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    os.utime(path, (ended_ms / 1000, ended_ms / 1000))


def names(folder: Path) -> set[str]:
    """List the folder."""
    return {path.name for path in folder.iterdir()}


def test_the_folder_is_private(reports: Reports, folder: Path) -> None:
    """Nobody else can look into the folder or the parents that were made for it."""
    assert [stat.S_IMODE(one.stat().st_mode) for one in (folder, folder.parent)] == [0o700, 0o700]


def test_variables(reports: Reports, folder: Path, tmp_path: Path) -> None:
    """Terminals get the folder for the plugin, and before the user's options a JUnit option that pytest splits well."""
    variables, withheld = reports.variables([tmp_path], {}, is_junit_wanted=True)
    plugin, addopts = variables

    assert withheld is None
    assert (plugin.name, plugin.value, plugin.mode) == (REPORTS_VARIABLE, str(folder), "replace")
    assert (addopts.name, addopts.mode) == ("PYTEST_ADDOPTS", "prepend")
    assert shlex.split(f"{addopts.value}-q") == [
        *(f"--junitxml={folder}/junit.xml", "-o", "junit_family=xunit1", "-q"),
    ]
    assert reports.variables([tmp_path], {}, is_junit_wanted=False) == ([plugin], None)


def test_a_path_that_pytest_would_expand(tmp_path: Path) -> None:
    """A dollar sign in the path withholds the option, because pytest expands variables in it."""
    variables, withheld = Reports(tmp_path / "a$HOME").variables([tmp_path], {}, is_junit_wanted=True)

    assert [one.name for one in variables] == [REPORTS_VARIABLE]
    assert withheld is not None


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("pytest.ini", "[pytest]\naddopts = -p no:junitxml", "pytest.ini switches pytest's JUnit report off."),
        (".pytest.ini", "[pytest]\naddopts = -pno:junitxml", ".pytest.ini switches pytest's JUnit report off."),
        ("pytest.toml", 'addopts = ["-p", "no:junitxml"]', "pytest.toml switches pytest's JUnit report off."),
        ("pyproject.toml", 'addopts = "--junit-xml=x"', "pyproject.toml has JUnit options of its own."),
        ("tox.ini", "addopts = --junitxml=x", "tox.ini has JUnit options of its own."),
        ("setup.cfg", "junit_family = xunit2", "setup.cfg has JUnit options of its own."),
        ("sub/pytest.ini", "addopts = --junitprefix=x", "sub/pytest.ini has JUnit options of its own."),
        ("../pytest.ini", "addopts = --junitxml=x", "../pytest.ini has JUnit options of its own."),
        ("tox.ini", "x" * 300_000, "tox.ini is too large to be searched for JUnit options."),
        ("pyproject.toml", 'dependencies = ["junitparser", "pytest"]', None),
        ("sub/deep/pytest.ini", "addopts = --junitxml=x", "sub/deep/pytest.ini has JUnit options of its own."),
        ("a/b/c/d/e/f/pytest.ini", "addopts = --junitxml=x", None),
        (".hidden/pytest.ini", "addopts = --junitxml=x", None),
        ("node_modules/pytest.ini", "addopts = --junitxml=x", None),
        ("README.md", "pytest --junitxml=x", None),
        ("Makefile", "test:\n\tpytest --junitxml=x", "Makefile has JUnit options of its own."),
    ],
)
def test_projects(tmp_path: Path, name: str, text: str, reason: str | None) -> None:
    """A project that has JUnit options of its own, wherever pytest would find them, is left alone."""
    folder = tmp_path / "project"
    path = folder / name
    folder.mkdir()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)

    assert refuses_junit(folder, {}) == reason


def test_a_virtual_environment_is_no_project(tmp_path: Path) -> None:
    """What a virtual environment holds is not the project's configuration."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "pyvenv.cfg").touch()
    (tmp_path / "mine" / "tox.ini").write_text("--junitxml=x")

    assert refuses_junit(tmp_path, {}) is None
    assert refuses_junit(tmp_path / "nowhere", {}) is None


@pytest.mark.parametrize("addopts", ["-p no:junitxml", "--junitxml=x", "-q --junit-xml x", "-o junit_family=legacy"])
def test_own_addopts(tmp_path: Path, addopts: str) -> None:
    """A PYTEST_ADDOPTS with JUnit options is left alone."""
    assert refuses_junit(tmp_path, {"PYTEST_ADDOPTS": addopts}) is not None
    assert refuses_junit(tmp_path, {"PYTEST_ADDOPTS": "-q"}) is None


def test_a_junit_report_is_read_once(reports: Reports, folder: Path) -> None:
    """A report that a command wrote is read, with node id, file and line, and then gone."""
    write_junit(folder, began_ms=BEGAN_MS + 500, written_ms=ENDED_MS - 100)
    told = reports.take(BEGAN_MS, ENDED_MS)

    assert told is not None
    assert (told.evidence, told.origin, told.exit_code) == ("junit", "terminal", None)
    assert [(case.test_id, case.file_path, case.line) for case in told.cases] == [
        ("tests/test_a.py::TestB::test_c[x::y]", "tests/test_a.py", 1)
    ]
    assert (names(folder), reports.take(BEGAN_MS, ENDED_MS)) == (set(), None)


@pytest.mark.parametrize(
    ("began_ms", "written_ms", "started_ms", "is_taken", "is_left"),
    [
        (None, BEGAN_MS + 5, BEGAN_MS, True, False),
        (None, BEGAN_MS - 1_500, BEGAN_MS, True, False),
        (None, BEGAN_MS - 2_500, BEGAN_MS, False, False),
        (None, ENDED_MS + 2_500, BEGAN_MS, False, True),
        (BEGAN_MS - 9_000, BEGAN_MS + 5, BEGAN_MS, False, True),
        (BEGAN_MS - 9_000, BEGAN_MS + 5, None, True, False),
    ],
    ids=["no time", "slack", "stale", "of a later command", "of another terminal", "start unknown"],
)
def test_whose_junit_report(
    reports: Reports,
    folder: Path,
    began_ms: int | None,
    written_ms: int,
    started_ms: int,
    is_taken: bool,
    is_left: bool,
) -> None:
    """A report counts for the command in whose time it was begun and written; an old one is deleted unread."""
    write_junit(folder, began_ms=began_ms, written_ms=written_ms)

    assert (reports.take(started_ms, ENDED_MS) is not None) == is_taken
    assert (names(folder) == {"junit.xml"}) == is_left


@pytest.mark.parametrize("text", ["", "<testsuite", "<html/>", "<testsuites><testsuite/></testsuites>"])
def test_a_junit_report_that_tells_nothing(reports: Reports, folder: Path, text: str) -> None:
    """A report that cannot be read, or names no test, is deleted."""
    write_junit(folder, written_ms=ENDED_MS, text=text)

    assert (reports.take(BEGAN_MS, ENDED_MS), names(folder)) == (None, set())


def test_the_plugin_comes_first(reports: Reports, folder: Path) -> None:
    """The plugin's run that ended with the command counts; those inside of it and the JUnit report go with it."""
    write_run(folder, "1-1", began_ms=BEGAN_MS, ended_ms=BEGAN_MS + 10)
    write_run(folder, "1-2", began_ms=BEGAN_MS, ended_ms=ENDED_MS - 10, exit_code=2)
    write_run(folder, "1-3", began_ms=BEGAN_MS - 9_000, ended_ms=BEGAN_MS - 8_000)
    write_junit(folder, written_ms=ENDED_MS)
    told = reports.take(BEGAN_MS, ENDED_MS)

    assert told is not None
    assert (told.evidence, told.exit_code, told.duration_ms) == ("plugin", 2, ENDED_MS - 10 - BEGAN_MS)
    assert [case.model_dump(exclude_defaults=True) for case in told.cases] == [
        {"test_id": "t.py::test_a", **{key: FAILED[key] for key in FAILED if key != "nodeid"}, "line": 7}
    ]
    assert names(folder) == set()


@pytest.mark.parametrize(
    "text", ["", "{}", "[]\n", '{"v": 1, "started_ms": 1700000000000, "origin": "terminal"}\n', '{"v": 2}\n']
)
def test_a_run_that_cannot_be_read(reports: Reports, folder: Path, text: str) -> None:
    """A damaged report of the plugin is deleted, and the JUnit report has to do."""
    path = folder / "1-1.jsonl"
    path.write_text(text)
    os.utime(path, (ENDED_MS / 1000, ENDED_MS / 1000))

    assert (reports.take(BEGAN_MS, ENDED_MS), names(folder)) == (None, set())


def test_runs_that_are_still_written(reports: Reports, folder: Path) -> None:
    """Another terminal's unfinished run is left alone; one whose process is gone is deleted."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    alive = f"{os.getpid()}-1.jsonl.part"
    for name in (alive, f"{gone.pid}-1.jsonl.part", "taken-1234"):
        (folder / name).touch()

    assert reports.take(BEGAN_MS, ENDED_MS) is None
    assert names(folder) == {alive}


def test_the_test_explorer(reports: Reports, folder: Path) -> None:
    """Runs of the Test Explorer belong to no command, and are given in order."""
    write_run(folder, "1-2", began_ms=BEGAN_MS, ended_ms=BEGAN_MS + 9, origin="test_explorer", exit_code=2)
    write_run(folder, "1-1", began_ms=BEGAN_MS, ended_ms=BEGAN_MS + 5, origin="test_explorer", exit_code=1)

    assert reports.take(BEGAN_MS, ENDED_MS) is None
    assert [(told.origin, told.exit_code) for told in reports.take_unasked(BEGAN_MS, Path("/project"))] == [
        ("test_explorer", 1),
        ("test_explorer", 2),
    ]
    assert names(folder) == set()


def test_discard(reports: Reports, folder: Path) -> None:
    """What was written while nothing may be captured is deleted unread, and a missing folder is no error."""
    reports.withdraw("It was refused.")
    write_junit(folder, written_ms=ENDED_MS)
    write_run(folder, "1-2", began_ms=BEGAN_MS, ended_ms=ENDED_MS, origin="test_explorer")
    (folder / f"{os.getpid()}-1.jsonl.part").touch()
    reports.discard()

    assert names(folder) == {"junit-withdrawn"}
    (folder / "junit-withdrawn").unlink()
    folder.rmdir()
    reports.discard()
    assert reports.take(BEGAN_MS, ENDED_MS) is None


def test_withdraw(reports: Reports, folder: Path, tmp_path: Path) -> None:
    """Once withdrawn, the option is never offered again, after a restart neither."""
    reports.withdraw("It was refused.")

    for one in (reports, Reports(folder)):
        variables, withheld = one.variables([tmp_path], {}, is_junit_wanted=True)
        assert ([variable.name for variable in variables], withheld) == ([REPORTS_VARIABLE], "It was refused.")


@pytest.mark.parametrize(
    ("command_line", "exit_code", "output", "is_ours"),
    [
        ("pytest -p no:junitxml", 4, "", True),
        ("make test", 4, "pytest: error: unrecognized arguments: --junitxml=x", True),
        ("make test", 4, "ERROR: file or directory not found: --junitxml=x y", True),
        ("pytest", 1, 'File "x/_pytest/junitxml.py", line 708, in pytest_sessionfinish\n', True),
        ("pytest -p no:junitxml", 1, "", False),
        ("pytest --nonsense", 4, "pytest: error: unrecognized arguments: --nonsense", False),
        ("pytest", None, "", False),
        ("pytest", 0, "", False),
    ],
)
def test_refusals(command_line: str, exit_code: int | None, output: str, is_ours: bool) -> None:
    """A run that failed because of our option is told from one that failed for its own reasons."""
    assert is_refusal(command_line, exit_code, output) == is_ours


@pytest.mark.parametrize(
    ("attributes", "test_id"),
    [
        ('classname="tests.test_a" name="test_b[x::y.z]" file="tests/test_a.py"', "tests/test_a.py::test_b[x::y.z]"),
        ('classname="tests.test_a.A.B" name="test_b" file="tests/test_a.py"', "tests/test_a.py::A::B::test_b"),
        ('classname="" name="tests.test_a" file="tests/test_a.py"', "tests/test_a.py"),
        ('classname="README.rst" name="README.rst" file="README.rst"', "README.rst::README.rst"),
        ('classname="tests.test_b.A" name="test_b" file="tests/test_a.py"', "tests.test_b.A::test_b"),
        ('classname="prefix.tests.test_a" name="test_b" file="tests/test_a.py"', "prefix.tests.test_a::test_b"),
        ('classname="a.yaml.one two" name="x" file="a.yaml"', "a.yaml.one two::x"),
        ('classname="tests.test_a.A" name="test_b"', "tests.test_a.A::test_b"),
    ],
)
def test_node_ids(tmp_path: Path, attributes: str, test_id: str) -> None:
    """A case has pytest's node id where the report determines it, and never a guessed one."""
    (tmp_path / "r.xml").write_text(f"<testsuite><testcase {attributes}/></testsuite>")

    assert [case.test_id for case in read_junit(tmp_path / "r.xml")] == [test_id]


def test_reruns_and_lines(tmp_path: Path) -> None:
    """An attempt that was repeated does not count, a failed subtest outweighs a skipped one, odd lines are left out."""
    cases = (
        '<testcase name="a" line="x"/><testcase name="a" line="4"><skipped/><failure message="m"/></testcase>'
        '<testcase name="b"><failure/></testcase><testcase name="b"><error/></testcase>'
    )
    (tmp_path / "r.xml").write_text(f"<testsuite>{cases}</testsuite>")

    assert [(case.test_id, case.outcome, case.line) for case in read_junit(tmp_path / "r.xml")] == [
        ("a", "failed", 5),
        ("b", "failed", None),
        ("b", "error", None),
    ]


def test_the_test_explorer_of_another_folder_or_time(reports: Reports, folder: Path) -> None:
    """A run that began while nothing was captured, or in another folder, is deleted unread."""
    write_run(folder, "1-1", began_ms=BEGAN_MS, ended_ms=ENDED_MS, origin="test_explorer")

    assert list(reports.take_unasked(BEGAN_MS + 1, Path("/project"))) == []
    assert names(folder) == set()
    write_run(folder, "1-2", began_ms=BEGAN_MS, ended_ms=ENDED_MS, origin="test_explorer")
    assert list(reports.take_unasked(BEGAN_MS, Path("/elsewhere"))) == []
    assert names(folder) == set()


def test_another_command_takes_no_report(reports: Reports, folder: Path) -> None:
    """A quick command that does not name pytest is not given the report of a run that began before it."""
    write_run(folder, "1-1", began_ms=BEGAN_MS - 1_500, ended_ms=BEGAN_MS - 700)

    assert reports.take(BEGAN_MS, BEGAN_MS + 50, is_named=False) is None


def test_two_quick_commands(reports: Reports, folder: Path) -> None:
    """Of two runs in a row each command is given the one that ended with it."""
    write_run(folder, "1-1", began_ms=BEGAN_MS, ended_ms=BEGAN_MS + 400, exit_code=1)
    write_run(folder, "1-2", began_ms=BEGAN_MS + 500, ended_ms=BEGAN_MS + 900, exit_code=0)
    first = reports.take(BEGAN_MS, BEGAN_MS + 410)
    second = reports.take(BEGAN_MS + 450, BEGAN_MS + 910)

    assert [told and told.exit_code for told in (first, second)] == [1, 0]
