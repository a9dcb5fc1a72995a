"""Which reports in a project are taken for a command's own, which are left, and what hostile ones can do: nothing."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from patchtrail.capture.report_files import FoundReport, ReportFiles, RunWindow

BEGAN_MS = 1_700_000_000_000
ENDED_MS = BEGAN_MS + 60_000
SUITE = '<testsuite name="{suite}"><testcase classname="{suite}" name="{name}" time="{time}"/></testsuite>'
XML = f"<testsuites>{SUITE}</testsuites>"
CTRF = {
    "results": {
        "tool": {"name": "jest"},
        "summary": {"tests": 1, "passed": 1, "failed": 0, "skipped": 0, "pending": 0, "other": 0},
        "tests": [{"name": "adds", "status": "passed", "duration": 5}],
    }
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a folder to record in."""
    folder = tmp_path / "shop"
    folder.mkdir()
    return folder


def write(path: Path, *, written_ms: int = ENDED_MS, text: str | None = None, name: str = "a", time: str = "1") -> Path:
    """Write a report as a tool would have at a given time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(XML.format(suite=path.stem, name=name, time=time) if text is None else text)
    os.utime(path, (written_ms / 1000, written_ms / 1000))
    return path


def take(
    project: Path, command: str = "npm test", *, is_named: bool = True, folder: Path | None = None
) -> FoundReport | None:
    """Look for the reports of a command that has just ended."""
    window = RunWindow(BEGAN_MS, ENDED_MS, folder or project)
    return ReportFiles(project).take(command, window, is_named=is_named)


PLACES = [
    "junit.xml",
    "test-results.xml",
    "reports/junit.xml",
    "test-results/e2e.xml",
    "target/surefire-reports/TEST-com.example.CalcTest.xml",
    "build/test-results/test/TEST-com.example.ShopTest.xml",
    "target/nextest/default/junit.xml",
    "ctrf-report.json",
    "ctrf/anything.json",
]
DEEPER = ["packages/shop/junit.xml", "app/build/test-results/testDebug/TEST-a.xml", "a/b/c/ctrf/report.json"]
NEVER = [
    "node_modules/x/junit.xml",
    ".git/junit.xml",
    "venv/lib/junit.xml",
    "pom.xml",
    "src/layout.xml",
    "package.json",
    "1/2/3/4/5/6/7/8/junit.xml",
]


@pytest.mark.parametrize("name", PLACES)
def test_known_places(project: Path, name: str) -> None:
    """Where tools write by default, a report is found whatever the command was called."""
    write(project / name, text=json.dumps(CTRF) if name.endswith(".json") else None)
    found = take(project, "./do-it", is_named=False)

    assert found is not None
    assert (found.path, found.evidence) == (name, "ctrf" if name.endswith(".json") else "junit")


@pytest.mark.parametrize("name", DEEPER)
def test_deeper_places(project: Path, name: str) -> None:
    """Deeper in the project a report is found for a command that runs tests by its own words."""
    write(project / name, text=json.dumps(CTRF) if name.endswith(".json") else None)

    assert take(project, is_named=False) is None
    assert take(project) is not None


@pytest.mark.parametrize("name", NEVER)
def test_never_looked_at(project: Path, name: str) -> None:
    """Installed packages, hidden folders, other XML and bottomless folders hold no report."""
    write(project / name)

    assert take(project) is None


@pytest.mark.parametrize("command", ["x --junitfile out/mine.xml", "x --log-junit=out/mine.xml", "x > 'out/mine.xml'"])
def test_a_report_that_the_command_names(project: Path, command: str) -> None:
    """A report that the command line names is found, from the folder that it ran in."""
    write(project / "sub/out/mine.xml")
    found = take(project, command, is_named=False, folder=project / "sub")

    assert found is not None
    assert found.path == "sub/out/mine.xml"


def test_a_named_report_elsewhere(project: Path) -> None:
    """A report outside of the session's folder is not looked at."""
    outside = write(project.parent / "mine.xml")

    assert take(project, f"x --out ../mine.xml --also {outside}") is None


@pytest.mark.parametrize(
    ("written_ms", "is_found"),
    [(BEGAN_MS - 10_000, False), (BEGAN_MS - 100, True), (ENDED_MS + 500, True), (ENDED_MS + 5_000, False)],
)
def test_only_what_was_written_meanwhile(project: Path, written_ms: int, is_found: bool) -> None:
    """A report of an earlier or a later run is not this command's."""
    write(project / "junit.xml", written_ms=written_ms)

    assert (take(project) is not None) == is_found


def test_once(project: Path) -> None:
    """A report is taken once; written anew it is a new one."""
    files, window = ReportFiles(project), RunWindow(BEGAN_MS, ENDED_MS, project)
    path = write(project / "junit.xml")
    first, second = (files.take("npm test", window, is_named=True) for _ in range(2))
    write(path, written_ms=ENDED_MS - 5)

    assert first is not None
    assert second is None
    assert files.take("npm test", window, is_named=True) is not None


def test_a_command_that_was_too_short(project: Path) -> None:
    """A report with a test that ran longer than the command is of another terminal."""
    write(project / "junit.xml", time="61")

    assert take(project, "./deploy", is_named=False) is None
    assert take(project) is not None


def test_several_reports_are_one_run(project: Path) -> None:
    """Reports per class become one run of their folder; a summary that repeats them is not counted again."""
    for name in ("A", "B", "C"):
        write(project / f"target/surefire-reports/TEST-{name}.xml", name=name)
    suites = "".join(
        f'<testsuite name="TEST-{name}"><testcase classname="TEST-{name}" name="{name}"/></testsuite>' for name in "ABC"
    )
    found = take(project)
    write(project / "junit.xml", text=f"<testsuites>{suites}</testsuites>")
    again = take(project)

    assert found is not None and again is not None
    assert [case.test_id for case in found.cases] == ["TEST-A::A", "TEST-B::B", "TEST-C::C"]
    assert found.path == "target/surefire-reports"
    assert len(again.cases) == 3


def test_one_run_in_two_formats(project: Path) -> None:
    """A tool that writes both formats is counted once, by the one that tells more."""
    write(project / "ctrf/ctrf-report.json", text=json.dumps(CTRF))
    write(project / "junit.xml")
    found = take(project)

    assert found is not None
    assert (found.evidence, found.framework, len(found.cases)) == ("ctrf", "jest", 1)


def test_files_are_named_as_the_project_names_them(project: Path) -> None:
    """An absolute path below the folder becomes relative, one outside is dropped, `./` goes."""
    cases = "".join(
        f'<testcase name="{name}" file="{file}"/>'
        for name, file in (("a", f"{project}/src/a.js"), ("b", "/etc/b.js"), ("c", "./spec/c.rb"), ("d", "d.py"))
    )
    write(project / "junit.xml", text=f"<testsuite>{cases}</testsuite>")
    found = take(project)

    assert found is not None
    assert [case.file_path for case in found.cases] == ["src/a.js", None, "spec/c.rb", "d.py"]


@pytest.mark.parametrize("text", ["", "<testsuites><testsuite>", "<html/>", "<testsuites/>", '{"results": 7}'])
def test_what_tells_nothing(project: Path, text: str) -> None:
    """A malformed or empty report is passed over, and the next one read."""
    write(project / "junit.xml", text=text)
    write(project / "ctrf/a.json", text=text)

    assert take(project) is None

    write(project / "results.xml")
    found = take(project)

    assert found is not None
    assert found.path == "results.xml"


def test_hostile_files(project: Path) -> None:
    """A pipe, a device, a link out of the project, a folder and a huge file are neither opened nor waited for."""
    os.mkfifo(project / "junit.xml")
    (project / "report.xml").symlink_to("/dev/zero")
    (project / "results.xml").symlink_to(write(project.parent / "other.xml"))
    (project / "test-results.xml").mkdir()
    with (project / "unit-tests.xml").open("wb") as huge:
        huge.truncate(1 << 40)
    os.utime(project / "unit-tests.xml", (ENDED_MS / 1000, ENDED_MS / 1000))
    (project / "loop").symlink_to(project)

    assert take(project) is None


def test_a_huge_tree(project: Path) -> None:
    """Of a project with thousands of folders so many are looked at, the nearest first, and no more."""
    for number in range(3_000):
        (project / f"many/{number:04}").mkdir(parents=True)
    write(project / "many/0001/junit.xml")
    write(project / "many/2999/deep/junit.xml")
    found = take(project)

    assert found is not None
    assert found.path == "many/0001/junit.xml"


def test_nothing_is_changed(project: Path) -> None:
    """The user's reports are read and nothing else: neither moved, deleted nor touched."""
    paths = [write(project / name) for name in ("junit.xml", "a/b/report.xml")]
    before = [(hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for path in paths]
    take(project)

    assert [(hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for path in paths] == before
    assert sorted(one.name for one in project.rglob("*")) == ["a", "b", "junit.xml", "report.xml"]
