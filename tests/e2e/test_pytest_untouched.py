"""The user's pytest runs are the same with the variables of our terminals as without them.

Each case runs twice in real processes: exit code, per-test results and the files of the workspace are compared. Then it
is read what the sidecar reads, and at which tier.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import venv
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

import pytest

from patchtrail.capture.pytest_output import read_output
from patchtrail.capture.test_reports import Reported, is_refusal
from patchtrail.capture.test_reports import TestReports as Reports

PLUGIN = Path(__file__).parents[2] / "extension" / "pytest_plugin"
SITE_PACKAGES = Path(pytest.__file__).parents[1]
NEEDED = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")

PROJECT = {
    "tests/test_many.py": """
import os, shutil
import pytest

@pytest.fixture
def broken():
    raise RuntimeError("no database")

@pytest.fixture
def leaky():
    yield
    raise RuntimeError("not closed")

def test_passes(record_property):
    record_property("issue", 7)

def test_fails():
    print("=== 9 passed in 0.01s ===")
    assert 1 == 2

def test_has_no_fixture(broken): pass

def test_leaks(leaky): pass

def test_fails_and_leaks(leaky): assert False

@pytest.mark.skip(reason="not today")
def test_skipped(): pass

@pytest.mark.xfail(reason="known")
def test_expected(): assert False

@pytest.mark.xfail
def test_unexpected(): pass

@pytest.mark.xfail(strict=True)
def test_strict(): pass

@pytest.mark.parametrize("value", ["a - b", "x] - y", "[1] - [2]", "a::b", "ü", "", "two\\nlines"])
def test_values(value): assert value == "ü"

class TestShop:
    class TestTill:
        def test_inner(self): assert "till" == "open"
""",
    "tests/deep/test_lower.py": "def test_lower(): pass\n",
    "tests/deep/test_skips_itself.py": "import pytest\npytest.skip('whole file', allow_module_level=True)\n",
}
FAILED = {
    "tests/test_many.py::test_fails",
    "tests/test_many.py::test_fails_and_leaks",
    "tests/test_many.py::test_strict",
    *(f"tests/test_many.py::test_values[{one}]" for one in ("a - b", "x] - y", "[1] - [2]", "a::b", "", r"two\nlines")),
    "tests/test_many.py::TestShop::TestTill::test_inner",
}
ERRORS = {f"tests/test_many.py::{one}" for one in ("test_has_no_fixture", "test_leaks", "test_fails_and_leaks")}

VARYING = re.compile(r' (?:time|timestamp|hostname)="[^"]*"|0x[0-9a-f]+')
PLACES = re.compile(r' (?:file|line)="[^"]*"')
OUTCOME = re.compile(r"^(?:PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS)\b.*", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """One way in which somebody runs pytest, and what the sidecar can know of it."""

    arguments: str = "-m pytest"
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    withheld: str | None = None
    tier: str | None = "junit"


CASES = {
    "plain": Case(),
    "quiet": Case("-m pytest -q"),
    "own_addopts": Case(environment={"PYTEST_ADDOPTS": "-q --maxfail=1"}),
    "own_report_in_addopts": Case(
        environment={"PYTEST_ADDOPTS": "--junitxml=their.xml"}, withheld="PYTEST_ADDOPTS", tier=None
    ),
    "switched_off_in_addopts": Case(
        environment={"PYTEST_ADDOPTS": "-p no:junitxml"}, withheld="PYTEST_ADDOPTS", tier=None
    ),
    "source_layout": Case(
        environment={"PYTHONPATH": "src"},
        files={"src/shop.py": "TAX = 7\n", "tests/test_shop.py": "import shop\ndef test_tax(): assert shop.TAX == 7\n"},
    ),
    "no_junit_in_ini": Case(
        files={"pytest.ini": "[pytest]\naddopts = -p no:junitxml\n"}, withheld="pytest.ini", tier=None
    ),
    "no_junit_in_pyproject": Case(
        files={"pyproject.toml": '[tool.pytest.ini_options]\naddopts = ["-p", "no:junitxml"]\n'},
        withheld="pyproject.toml",
        tier=None,
    ),
    "own_report_in_ini": Case(
        files={"tox.ini": "[pytest]\naddopts = --junit-xml=their.xml\n"}, withheld="tox.ini", tier=None
    ),
    "own_family_in_ini": Case(
        "-m pytest --junitxml=their.xml",
        files={"setup.cfg": "[tool:pytest]\njunit_family = xunit2\n"},
        withheld="setup.cfg",
        tier=None,
    ),
    "isolated": Case("-I -m pytest"),
    "warnings_are_errors": Case("-W error -m pytest -W error"),
    "no_plugins": Case(environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}),
    "broken_file": Case(files={"tests/test_broken.py": "import nowhere_to_be_found\n"}),
    "nothing_selected": Case("-m pytest -k nothing_of_this_name"),
    "only_collected": Case("-m pytest --collect-only --ignore=tests/deep", tier=None),
    "no_such_file": Case("-m pytest tests/nothing.py", tier=None),
}
WITH_PLUGIN = {
    "plain": Case(tier="plugin"),
    "loaded_twice": Case("-m pytest -p patchtrail_pytest", tier="plugin"),
    "switched_off": Case("-m pytest -p no:patchtrail_pytest"),
    "own_addopts": Case(environment={"PYTEST_ADDOPTS": "-q --maxfail=1"}, tier="plugin"),
    "isolated": Case("-I -m pytest", tier="plugin"),
    "warnings_are_errors": Case("-W error -m pytest -W error", tier="plugin"),
    "no_plugins": Case(environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}),
    "no_junit_in_ini": Case(
        files={"pytest.ini": "[pytest]\naddopts = -p no:junitxml\n"}, withheld="pytest.ini", tier="plugin"
    ),
    "own_report_on_the_command_line": Case("-m pytest --junitxml=/dev/null", tier="plugin"),
    "broken_file": Case(files={"tests/test_broken.py": "import nowhere_to_be_found\n"}, tier="plugin"),
    "only_collected": Case("-m pytest --collect-only --ignore=tests/deep", tier=None),
    "folder_removed_meanwhile": Case(
        files={
            "tests/test_aa.py": "import os, shutil\ndef test_removes(request):\n"
            "    report = os.path.expandvars(request.config.option.xmlpath or 'nowhere/x')\n"
            "    shutil.rmtree(os.path.dirname(report), ignore_errors=True)\n"
        }
    ),
    "hostile_tests": Case(
        files={
            "tests/test_aa.py": "import os, pathlib, time\n"
            "def test_breaks_the_world(monkeypatch):\n"
            "    for name in ('getpid', 'write', 'open', 'fork'):\n"
            "        monkeypatch.setattr(os, name, None)\n"
            "    monkeypatch.setattr(time, 'time_ns', None)\n"
            "def test_forks():\n"
            "    if os.fork() == 0:\n"
            "        os._exit(0)\n"
            "    os.wait()\n"
        },
        tier="plugin",
    ),
}


@dataclass(frozen=True)
class Ran:
    """What a run did, as somebody sees it who knows nothing of Patchtrail."""

    exit_code: int
    outcomes: frozenset[str]
    files: Mapping[str, str]
    output: str
    started_ms: int
    ended_ms: int


@dataclass(frozen=True)
class Compared:
    """A case with our variables (`ours`) and without them (`theirs`), and what the sidecar made of it."""

    theirs: Ran
    ours: Ran
    withheld: str | None
    told: Reported | None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Name a reports folder that only sound quoting survives."""
    return tmp_path / 'the user\'s "own" spool' / "ünit ~ reports"


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an interpreter that has pytest and nothing else."""
    return interpreter(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="session")
def python_with_plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an interpreter that has our plugin as its wheel installs it, and pytest."""
    root = tmp_path_factory.mktemp("opted-in")
    shutil.copytree(PLUGIN, root / "plugin")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(root)]
    subprocess.run(build, cwd=root / "plugin", check=True, capture_output=True)
    made = interpreter(root)
    with zipfile.ZipFile(next(root.glob("*.whl"))) as wheel:
        wheel.extractall(site_packages(made))
    return made


def interpreter(root: Path) -> Path:
    """Make a virtual environment into which the packages that pytest needs are linked, not installed."""
    venv.create(root / "venv", symlinks=True)
    made = root / "venv" / "bin" / "python"
    files = [file for name in NEEDED for file in metadata.distribution(name).files or []]
    for entry in {file.parts[0] for file in files if file.parts[0] != ".."}:
        (site_packages(made) / entry).symlink_to(SITE_PACKAGES / entry)
    return made


def site_packages(python: Path) -> Path:
    """Return where an interpreter finds its packages."""
    asked = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    return Path(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip())


def lay_out(workspace: Path, files: Mapping[str, str]) -> None:
    """Write the project anew."""
    shutil.rmtree(workspace, ignore_errors=True)
    for name, text in {**PROJECT, **files}.items():
        path = workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def run(python: Path, workspace: Path, case: Case, environment: Mapping[str, str]) -> Ran:
    """Run a case on a fresh project in a clean environment."""
    lay_out(workspace, case.files)
    clean = {"PATH": os.environ["PATH"], "HOME": str(workspace.parent), "COLUMNS": "200", "LC_ALL": "C.UTF-8"}
    command = [str(python), *shlex.split(case.arguments), "-rA"]
    started_ms = time.time_ns() // 1_000_000
    done = subprocess.run(
        command, cwd=workspace, env={**clean, **environment}, capture_output=True, text=True, encoding="utf-8"
    )
    ended_ms = time.time_ns() // 1_000_000
    listed = done.stdout.rpartition("short test summary info")[2]
    outcomes = frozenset(match[0] for match in OUTCOME.finditer(listed))
    output = done.stdout + done.stderr
    return Ran(done.returncode, outcomes, hashes(workspace), output, started_ms, ended_ms)


def hashes(workspace: Path) -> dict[str, str]:
    """Return the content of each file by its hash; of caches, whose content holds times, the names alone."""
    found = {}
    for path in sorted(one for one in workspace.rglob("*") if one.is_file()):
        name = path.relative_to(workspace).as_posix()
        is_cache = "__pycache__" in name or ".pytest_cache" in name
        content = b"" if is_cache else path.read_bytes()
        if path.suffix == ".xml":
            content = VARYING.sub("", content.decode()).encode()
        found[name] = hashlib.sha256(content).hexdigest()
    return found


def with_ours(reports: Reports, workspace: Path, case: Case) -> tuple[dict[str, str], str | None]:
    """Return a terminal's environment as the editor prepares it."""
    lay_out(workspace, case.files)
    environment = dict(case.environment)
    variables, withheld = reports.variables([workspace], environment, is_junit_wanted=True)
    for one in variables:
        behind = environment.get(one.name, "") if one.mode == "prepend" else ""
        environment[one.name] = one.value + behind
    return environment, withheld


def compare(python: Path, folder: Path, case: Case) -> Compared:
    """Run a case without and with our variables in one and the same place."""
    workspace = folder.parents[1] / "workspace"
    theirs = run(python, workspace, case, case.environment)
    reports = Reports(folder)
    environment, withheld = with_ours(reports, workspace, case)
    ours = run(python, workspace, case, environment)
    return Compared(theirs, ours, withheld, reports.take(ours.started_ms, ours.ended_ms))


def assert_untouched(compared: Compared) -> None:
    """Say that our variables changed nothing."""
    assert compared.ours.exit_code == compared.theirs.exit_code, compared.ours.output
    assert compared.ours.outcomes == compared.theirs.outcomes
    assert compared.ours.files == compared.theirs.files


def assert_read(compared: Compared, case: Case, folder: Path) -> None:
    """Say that the sidecar read what it can know, and left nothing behind."""
    assert (compared.withheld is None) == (case.withheld is None), compared.withheld
    assert (case.withheld or "") in (compared.withheld or "")
    if case.tier is None:
        assert compared.told is None
    else:
        assert compared.told is not None, compared.ours.output
        assert compared.told.evidence == case.tier
    assert [path.name for path in folder.glob("*")] == []


@pytest.mark.parametrize("name", CASES)
def test_a_run_is_untouched(name: str, folder: Path, python: Path) -> None:
    """In an interpreter that knows nothing of us, a run ends as it would without our variables."""
    compared = compare(python, folder, CASES[name])

    assert_untouched(compared)
    if name == "nothing_selected":
        # The file that skips itself is the one case of its report.
        assert compared.told is not None and [one.outcome for one in compared.told.cases] == ["skipped"]
    assert_read(compared, CASES[name], folder)


@pytest.mark.parametrize("name", WITH_PLUGIN)
def test_a_run_with_the_plugin_is_untouched(name: str, folder: Path, python_with_plugin: Path) -> None:
    """In an interpreter that has the plugin, a run ends as it would without our variables, whatever its tests do."""
    compared = compare(python_with_plugin, folder, WITH_PLUGIN[name])

    assert_untouched(compared)
    assert_read(compared, WITH_PLUGIN[name], folder)


def test_every_tier_tells_the_same(folder: Path, python: Path, python_with_plugin: Path) -> None:
    """Plugin, JUnit report and terminal output agree on which tests failed, and the first two on everything."""
    by_plugin = compare(python_with_plugin, folder, Case())
    by_junit = compare(python, folder, Case())
    output = read_output(by_junit.ours.output)

    assert len(by_junit.theirs.outcomes) > len(FAILED) + len(ERRORS)
    assert by_plugin.told is not None and by_junit.told is not None and output is not None
    plugin, junit = (
        [(case.test_id, case.outcome, case.file_path, case.line) for case in told.cases]
        for told in (by_plugin.told, by_junit.told)
    )
    assert sorted(plugin, key=str) == sorted(junit, key=str)
    for cases in (by_plugin.told.cases, by_junit.told.cases, output.cases):
        assert {case.test_id for case in cases if case.outcome == "failed"} == FAILED
        assert {case.test_id for case in cases if case.outcome == "error"} == ERRORS
    assert ("tests/test_many.py::test_fails", "failed", "tests/test_many.py", 17) in plugin
    assert (by_plugin.told.exit_code, by_plugin.told.origin) == (1, "terminal")
    # The terminal counts a test that passes and then fails to tear down twice.
    assert output.totals.tests == len(junit) + 1
    assert output.totals.failed == len(FAILED)


RERUNS = {
    "conftest.py": """
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    \"\"\"Repeat what fails, and tell it as pytest-rerunfailures does.\"\"\"
    if "attempt" not in item.name:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for is_last in (False, False, True):
        item._initrequest()
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        failed = next((report for report in reports if report.failed), None)
        is_repeated = failed is not None and not is_last
        for report in reports:
            if is_repeated and report is failed:
                report.outcome = "rerun"
            item.ihook.pytest_runtest_logreport(report=report)
        if not is_repeated:
            break
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
""",
    "tests/test_flaky.py": """
seen = []
def test_second_attempt():
    seen.append(1)
    assert len(seen) == 2
def test_every_attempt_fails(): assert False
def test_once(): pass
""",
}


def test_reruns_are_told(folder: Path, python: Path, python_with_plugin: Path) -> None:
    """Attempts that were repeated count as retries of one test, at either tier; one that then passed is flaky."""
    for interpreter_used in (python_with_plugin, python):
        compared = compare(interpreter_used, folder, Case("-m pytest tests/test_flaky.py", files=RERUNS))
        told = compared.told

        assert_untouched(compared)
        assert told is not None
        assert [(one.test_id.partition("::")[2], one.outcome, one.retries, one.is_flaky) for one in told.cases] == [
            ("test_second_attempt", "passed", 1, True),
            ("test_every_attempt_fails", "failed", 2, False),
            ("test_once", "passed", 0, False),
        ]


def test_the_test_explorer_is_told_apart(folder: Path, python_with_plugin: Path) -> None:
    """A run of the Test Explorer belongs to no command, and is read all the same."""
    reports = Reports(folder)
    workspace = folder.parents[1] / "workspace"
    environment, _ = with_ours(reports, workspace, Case())
    del environment["PYTEST_ADDOPTS"]
    ran = run(python_with_plugin, workspace, Case(), {**environment, "TEST_RUN_PIPE": "somewhere"})

    assert reports.take(ran.started_ms, ran.ended_ms) is None
    assert [told.origin for told in reports.take_unasked(0, Path("/"))] == ["test_explorer"]
    assert list(reports.take_unasked(0, Path("/"))) == []


def test_a_report_on_the_command_line_wins(folder: Path, python: Path) -> None:
    """Who types `--junitxml` gets it; their file only gains where each test stands."""
    case = Case("-m pytest --junitxml=their.xml")
    compared = compare(python, folder, case)
    # The known difference: `junit_family` holds for the whole run.
    ours = PLACES.sub("", VARYING.sub("", (folder.parents[1] / "workspace" / "their.xml").read_text()))

    assert compared.ours.exit_code == compared.theirs.exit_code
    assert compared.ours.outcomes == compared.theirs.outcomes
    assert compared.ours.files.keys() == compared.theirs.files.keys()
    assert hashlib.sha256(ours.encode()).hexdigest() == compared.theirs.files["their.xml"]
    assert compared.told is None


def test_a_removed_folder_is_no_harm(folder: Path, python: Path) -> None:
    """When the reports folder vanished under an open terminal, pytest makes it again and the report is read."""
    reports = Reports(folder)
    workspace = folder.parents[1] / "workspace"
    theirs = run(python, workspace, Case(), {})
    environment, _ = with_ours(reports, workspace, Case())
    shutil.rmtree(folder)
    ours = run(python, workspace, Case(), environment)
    told = reports.take(ours.started_ms, ours.ended_ms)

    assert_untouched(Compared(theirs, ours, None, told))
    assert told is not None and told.evidence == "junit"


def test_a_folder_that_cannot_be_written_is_not_offered(folder: Path, python: Path) -> None:
    """Where the reports folder cannot be written, terminals get no variable at all."""
    folder.parent.mkdir()
    folder.write_text("in the way")
    compared = compare(python, folder, Case())

    assert_untouched(compared)
    assert compared.withheld == "The folder for test reports cannot be written."
    assert compared.told is None
    assert read_output(compared.ours.output) is not None


KNOWN_HOLE = Case("-m pytest -p no:junitxml", withheld="pytest refused it.")


def test_switched_off_by_hand_is_noticed_once(folder: Path, python: Path) -> None:
    """The known hole: `-p no:junitxml` typed by hand is refused once, which is noticed, and never again."""
    compared = compare(python, folder, KNOWN_HOLE)
    assert (compared.theirs.exit_code, compared.ours.exit_code) == (1, 4)
    assert is_refusal("python -m pytest -p no:junitxml", 4, compared.ours.output)
    assert is_refusal("make test", 4, compared.ours.output)

    Reports(folder).withdraw("pytest refused it.")
    again = compare(python, folder, KNOWN_HOLE)

    assert_untouched(again)
    assert again.withheld == "pytest refused it."
    assert (again.told, read_output(again.ours.output) is None) == (None, False)


def test_a_folder_that_became_unwritable_is_noticed(folder: Path, python: Path) -> None:
    """The other known hole: a folder that cannot be written any more fails a run, which is noticed."""
    reports = Reports(folder)
    workspace = folder.parents[1] / "workspace"
    environment, _ = with_ours(reports, workspace, Case())
    shutil.rmtree(folder)
    folder.write_text("in the way")
    ran = run(python, workspace, Case(), environment)

    assert is_refusal("pytest", ran.exit_code, ran.output)
    assert reports.take(ran.started_ms, ran.ended_ms) is None
    assert reports.variables([workspace], {}, is_junit_wanted=True)[0] == []
