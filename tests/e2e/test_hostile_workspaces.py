"""Hostile workspaces: what the user does ends the same with a recording beside it as without, and nothing grows.

Each case runs in real processes twice, without and with a sidecar that records it; exit codes, outputs and files are
compared. The sidecar's memory has a hard bound; how fast it is stands in `make bench`.
"""

from __future__ import annotations

import hashlib
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from collector import Collector, enrol
from lsp import LanguageClient
from patchtrail.study import current_consent
from tests.e2e.conftest import PATCHTRAIL, git
from tests.e2e.rig import until
from tests.editor.spooled import events_of

MIB = 1024 * 1024
BOUND_MIB = 400
"""Of the sidecar in the worst case here: far above its 50 to 60 at rest, far below what a leak would take."""
TEN_MB = 10 * 1000 * 1000
FACTS = {"is_telemetry_enabled": True, "is_workspace_trusted": True, "consent": current_consent().model_dump()}
SUMMARY = re.compile(r"-* generated xml file: \S+/reports/[0-9a-f]+/junit\.xml -*$")
"""The one line that pytest may say more beside us: where our report is."""
TOLD_ANEW = re.compile(r"0x[0-9a-f]+|\b\d+\.\d+s\b|/\S*/(?:theirs|ours)/")
REPORT_TIMES = re.compile(rb' (?:time|timestamp|hostname)="[^"]*"')
TESTS = {
    "test_shop.py": "import os\nimport shop\n\ndef test_good():\n    assert shop.total(1) == 1\n\n"
    "def test_bad():\n    assert shop.total(2) == 3\n",
    ".gitignore": "__pycache__/\n.pytest_cache/\n",
}


@dataclass(frozen=True)
class Ended:
    """How one command of the user's ended, as they see it."""

    exit_code: int
    output: str
    files: Mapping[str, str]


class Recording:
    """A sidecar that records one folder, as an editor would drive it."""

    def __init__(self, folder: Path, spool: Path, key_line: str | None = None, **limits: Any) -> None:
        command = [*PATCHTRAIL, "serve", "--spool", str(spool), *(["--key-stdin"] if key_line else [])]
        self.folder, self.spool = folder, spool
        self.client = LanguageClient(command, key_line, limits.get("environment"))
        self.client.initialize(folder, {"settings": {"folders_allowed": [str(folder)], "upload_hold_seconds": 0}})
        self.client.request("patchtrail/facts/report", FACTS)
        self.start = self.client.request("patchtrail/session/start", {"root_uri": folder.as_uri(), "task_id": "T-1"})
        self.most = 0

    @property
    def environment(self) -> dict[str, str]:
        """What a terminal that is opened now gets on top of the user's own."""
        offered = self.client.request("patchtrail/session/status")["terminal_variables"]
        return {
            one["name"]: one["value"] + (os.environ.get(one["name"], "") if one["mode"] == "prepend" else "")
            for one in offered
        }

    def report(self, line: str, ended: Ended, duration_ms: int) -> dict[str, Any]:
        """Tell of a command that ended."""
        report = {"command_line": line, "confidence": "high", "cwd": str(self.folder), "exit_code": ended.exit_code}
        report |= {"duration_ms": duration_ms, "output": ended.output, "output_coverage": "whole"}
        answer: dict[str, Any] = self.client.request("patchtrail/command/report", report)
        return answer

    def measure(self) -> float:
        """Return how many MiB the sidecar has now, or had at most before."""
        self.most = max(self.most, psutil.Process(self.client.pid).memory_info().rss)
        return self.most / MIB

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Return the events of a type, once everything before is recorded."""
        self.client.request("patchtrail/session/status")
        return [event for event in events_of(self.spool) if event["type"] == kind]


@contextmanager
def recording(folder: Path, spool: Path, key_line: str | None = None, **limits: Any) -> Iterator[Recording]:
    """Record a folder; the sidecar must live to the end, and its memory stay within the bound."""
    one = Recording(folder, spool, key_line, **limits)
    try:
        yield one
        assert one.measure() < BOUND_MIB
    finally:
        one.client.stop()


def files_below(folder: Path) -> dict[str, str]:
    """Return each file's content by its hash, reports without times; of compiled code, which holds times, the name."""
    found = {}
    for path in sorted(one for one in folder.rglob("*") if one.is_file() and ".git/" not in one.as_posix()):
        content = b"" if path.suffix == ".pyc" else path.read_bytes()
        if path.suffix == ".xml":
            content = TOLD_ANEW.sub("*", REPORT_TIMES.sub(b"", content).decode()).encode()
        found[path.relative_to(folder).as_posix()] = hashlib.sha256(content).hexdigest()
    return found


def clean(folder: Path) -> dict[str, str]:
    """Return the environment of somebody who has set nothing."""
    return {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "LC_ALL": "C.UTF-8", "COLUMNS": "120"}


def run(folder: Path, *command: str, environment: Mapping[str, str] | None = None) -> Ended:
    """Run a command as the user would, in a clean environment."""
    merged = {**clean(folder), **(environment or {})}
    done = subprocess.run(command, cwd=folder, env=merged, capture_output=True, text=True, errors="replace")
    return Ended(done.returncode, done.stdout + done.stderr, files_below(folder))


def lay_out(folder: Path, files: Mapping[str, str]) -> Path:
    """Make a repository."""
    for name, text in {"shop.py": "def total(x):\n    return x\n", **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "first")
    return folder


def pair(tmp_path: Path, files: Mapping[str, str]) -> tuple[Path, Path]:
    """Make the same repository twice: one that nobody records, and one that is recorded."""
    return lay_out(tmp_path / "theirs/shop", files), lay_out(tmp_path / "ours/shop", files)


def outcome(ended: Ended) -> tuple[int, Mapping[str, str], str]:
    """Return what must be the same: exit code, files, and every line of the output but the one summary line of ours.

    Times, addresses and the folder, which no two runs share, are made equal.
    """
    lines = [line for line in ended.output.splitlines(keepends=True) if not SUMMARY.match(line)]
    return ended.exit_code, ended.files, TOLD_ANEW.sub("*", "".join(lines))


PYTEST = (sys.executable, "-m", "pytest", "-q")


@pytest.mark.timeout(600)
def test_a_large_file_saved_a_hundred_times(tmp_path: Path) -> None:
    """Of a 10 MB file saved a hundred times each save is on disk and recorded, and memory is bounded."""
    shop = lay_out(tmp_path / "shop", {})
    big = shop / "big.txt"
    line = "0123456789" * 10 + "\n"
    big.write_text(line * (TEN_MB // len(line)))
    with recording(shop, tmp_path / "spool") as ours:
        ours.client.open(big)
        saved = save_often(ours, big, 100)
        ours.measure()
        edits = ours.events("file_edit")
        state = ours.client.request("patchtrail/session/status")

    assert big.read_text() == saved
    assert len(edits) == 100
    assert {edit["data"]["file_path"] for edit in edits} == {"big.txt"}
    assert (state["state"], state["capture_errors"]) == ("recording", 0)


def save_often(ours: Recording, path: Path, times: int) -> str:
    """Change one line, save, and wait until it is recorded, again and again; return the last text."""
    text = path.read_text()
    for number in range(times):
        text = f"save {number}\n{text.partition(chr(10))[2]}"
        ours.client.edit_and_save(path, text)
        ours.client.request("patchtrail/session/status")
        ours.measure()
    return text


@pytest.mark.timeout(600)
def test_a_checkout_of_five_thousand_files(tmp_path: Path) -> None:
    """A checkout of 5,000 files ends as it would without us; it is told as what it is, and not as our user's typing."""
    results = []
    for name in ("theirs", "ours"):
        shop = lay_out(tmp_path / name / "shop", {})
        git(shop, "checkout", "--quiet", "-b", "many")
        for number in range(5_000):
            path = shop / f"many/{number % 50:02}/file_{number}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"x = {number}\n")
        git(shop, "add", "--all")
        git(shop, "commit", "--quiet", "--message", "many")
        git(shop, "checkout", "--quiet", "main")
        results.append(shop)
    theirs, shop = results
    expected = [run(theirs, "git", "checkout", "many"), run(theirs, "git", "status", "--porcelain")]
    with recording(shop, tmp_path / "spool") as ours:
        ours.client.open(shop / "shop.py")
        done = [run(shop, "git", "checkout", "many"), run(shop, "git", "status", "--porcelain")]
        changes = [{"uri": (shop / name).as_uri(), "type": 1} for name in done[0].files if name.startswith("many/")]
        ours.client.notify("workspace/didChangeWatchedFiles", {"changes": changes})
        ours.report("git checkout many", done[0], 2_000)
        state = ours.client.request("patchtrail/session/status", timeout_s=300)
        ours.measure()
        # A flood is looked at once it is quiet, not at the command's end.
        gaps = until("the flood is told", lambda: ours.events("gap"))
        commands = ours.events("cmd_run")
        edits = [*ours.events("file_edit"), *ours.events("file_create")]
        saved = edit_once(ours, shop / "shop.py")

    assert [outcome(one) for one in done] == [outcome(one) for one in expected]
    assert len(changes) == 5_000
    assert [one["data"]["command_line"] for one in commands] == ["git checkout many"]
    assert [(gap["data"]["reason"], gap["data"]["detail"]) for gap in gaps] == [("too_many_changes", "5000 files")]
    assert {source for edit in edits for source in sources(edit)} <= {"external"}
    assert sources(saved) == ["unknown"]
    assert (state["state"], state["capture_errors"]) == ("recording", 0)
    assert saved["data"]["file_path"] == "shop.py"


def test_other_programs_are_not_typing(tmp_path: Path) -> None:
    """Each file that a formatter or a checkout wrote is recorded as the work of another program, and of nobody else."""
    shop = lay_out(tmp_path / "shop", {"cart.py": "x=1\n"})
    git(shop, "checkout", "--quiet", "-b", "few")
    for name in ("cart.py", "new.py"):
        (shop / name).write_text(f"# of the branch\n{name[:3]} = 2\n")
    git(shop, "add", "--all")
    git(shop, "commit", "--quiet", "--message", "few")
    git(shop, "checkout", "--quiet", "main")
    formatter = "open('shop.py', 'w').write('def total(x):\\n    return x * 1\\n')"
    with recording(shop, tmp_path / "spool") as ours:
        ours.client.open(shop / "shop.py")
        for line, names, command in (
            ("formatter", {"shop.py": 2}, (sys.executable, "-c", formatter)),
            ("git checkout few", {"cart.py": 2, "new.py": 1}, ("git", "checkout", "few")),
        ):
            done = run(shop, *command)
            changes = [{"uri": (shop / name).as_uri(), "type": kind} for name, kind in names.items()]
            ours.client.notify("workspace/didChangeWatchedFiles", {"changes": changes})
            ours.report(line, done, 500)
        edits = [*ours.events("file_edit"), *ours.events("file_create")]

    assert sorted(edit["data"]["file_path"] for edit in edits) == ["cart.py", "new.py", "shop.py"]
    assert [sources(edit) for edit in edits] == [["external"]] * 3
    by_git = [edit for edit in edits if edit["data"]["file_path"] != "shop.py"]
    assert all("git checkout at that time" in edit["data"]["authorship"][0]["reasons"] for edit in by_git)


def sources(edit: dict[str, Any]) -> list[str]:
    """Return who made an edit, as far as the evidence says."""
    return [share["source"] for share in edit["data"]["authorship"]]


def edit_once(ours: Recording, path: Path) -> dict[str, Any]:
    """Save once more, and return the event: recording still works."""
    ours.client.edit_and_save(path, "def total(x):\n    return x + 0\n")
    edits = [edit for edit in ours.events("file_edit") if edit["data"]["file_path"] == path.name]
    assert edits
    return edits[-1]


@pytest.mark.timeout(600)
def test_huge_outputs(tmp_path: Path) -> None:
    """Whatever a client sends of an output, the sidecar keeps a start and an end, and stays small."""
    shop = lay_out(tmp_path / "shop", {})
    colours = "\x1b[31mred\x1b[0m 10%\r100%\n" * 200_000
    outputs = {
        "endless line": "x" * 10_000_000,
        "colours": colours,
        "noise": "\x1b]" * 2_000_000,
        "nuls": "\0" * 9_000_000,
    }
    with recording(shop, tmp_path / "spool") as ours:
        for line, output in outputs.items():
            ours.report(line, Ended(0, output, {}), 5)
            ours.measure()
        commands = [event["data"] for event in ours.events("cmd_run")]

    assert [one["command_line"] for one in commands] == list(outputs)
    assert [one["output_omitted_bytes"] > 0 for one in commands] == [True, False, False, False]
    assert all(len(one["output_tail"]) <= 4_000 for one in commands)
    assert commands[1]["output_tail"].endswith("100%\n")


HOSTILE_TESTS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "plain": ({}, {}),
    "told at length": ({}, {"PYTEST_ADDOPTS": "-vv"}),
    "plugin that cannot be imported": ({"conftest.py": "pytest_plugins = ['nowhere_to_be_found']\n"}, {}),
    "plugin named in the environment": ({}, {"PYTEST_PLUGINS": "nowhere_to_be_found"}),
    "own PYTEST_ADDOPTS": ({}, {"PYTEST_ADDOPTS": "-q --maxfail=1 -p no:cacheprovider"}),
    "own PYTHONPATH": (
        {"lib/helper.py": "X = 1\n", "test_lib.py": "import helper\ndef test_it(): assert helper.X == 1\n"},
        {"PYTHONPATH": "lib"},
    ),
    "own report": ({"pytest.ini": "[pytest]\naddopts = --junitxml=mine.xml\n"}, {}),
    "tests that remove everything they find": (
        {
            "test_a.py": "import os, shutil\ndef test_cleans():\n"
            "    for one in ('PATCHTRAIL_PYTEST_REPORTS',):\n        os.environ.pop(one, None)\n"
        },
        {},
    ),
}


@pytest.mark.parametrize("name", HOSTILE_TESTS)
def test_the_users_tests(tmp_path: Path, name: str) -> None:
    """The user's tests end the same, fail the same and leave the same files, whatever they bring along."""
    files, own = HOSTILE_TESTS[name]
    theirs, shop = pair(tmp_path, {**TESTS, **files})
    expected = run(theirs, *PYTEST, environment=own)
    with recording(shop, tmp_path / "spool") as ours:
        offered = ours.environment
        mixed = {one: offered[one] + own.get(one, "") if one == "PYTEST_ADDOPTS" else offered[one] for one in offered}
        done = run(shop, *PYTEST, environment={**own, **mixed})
        ours.report("pytest -q", done, 60_000)
        runs = ours.events("test_run")

    assert outcome(done) == outcome(expected)
    assert done.output.count("generated xml file") == (1 if name == "told at length" else 0)
    assert [one["data"]["exit_code"] for one in runs] == [expected.exit_code]


CONFINED = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()
"""Permissions hold for root too, once it has no capabilities: then it is the owner of its files, and no more."""
IDENTITY = {
    **{f"GIT_{who}_{what}": "T" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    **{f"GIT_{who}_DATE": "2024-01-01T00:00:00Z" for who in ("AUTHOR", "COMMITTER")},
}


def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    """In a read-only home the sidecar says why it does not record, and ends; pytest and git end as without us."""
    theirs, shop = pair(tmp_path, TESTS)
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    mine = {**IDENTITY, "HOME": str(home)}
    for folder in (theirs, shop):
        (folder / "shop.py").write_text("def total(x):\n    return x + 0\n")
    acts = (PYTEST, ("git", "commit", "-am", "second"), ("git", "log", "--stat"), ("git", "status"))
    expected = [run(theirs, *CONFINED, *act, environment=mine) for act in acts]
    with (tmp_path / "log").open("wb") as log:
        client = LanguageClient([*CONFINED, *PATCHTRAIL, "serve"], None, {**clean(shop), **mine}, log=log)
        with pytest.raises((ConnectionError, OSError)):
            start_in(client, shop)
        exit_code = client.wait()
    done = [run(shop, *CONFINED, *act, environment=mine) for act in acts]

    assert run(shop, *CONFINED, "touch", str(home / "x")).exit_code == 1
    assert exit_code == 2
    assert (tmp_path / "log").read_text().startswith("patchtrail serve: The spool ")
    assert "Permission denied" in (tmp_path / "log").read_text()
    assert [outcome(one) for one in done] == [outcome(one) for one in expected]
    assert [one.exit_code for one in done] == [1, 0, 0, 0]
    assert list(home.iterdir()) == []


def start_in(client: LanguageClient, folder: Path) -> None:
    """Try to start a session."""
    client.initialize(folder, {"settings": {"folders_allowed": [str(folder)]}})
    client.request("patchtrail/facts/report", FACTS)
    client.request("patchtrail/session/start", {"root_uri": folder.as_uri(), "task_id": "T-1"})


@contextmanager
def small_files() -> Iterator[None]:
    """Let processes that are started in here write files of 300 kB at most: to them the disk is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk(tmp_path: Path) -> None:
    """A full disk stops the recording, visibly; the saves and tests of the user go on as without us."""
    theirs, shop = pair(tmp_path, TESTS)
    expected = run(theirs, *PYTEST)
    with small_files():
        one = Recording(shop, tmp_path / "spool")
    try:
        one.client.open(shop / "shop.py")
        before = one.environment
        ours_text = fill(one, shop / "shop.py")
        state = one.client.request("patchtrail/session/status")
        (shop / "shop.py").write_text("def total(x):\n    return x\n")
        done = run(shop, *PYTEST, environment=before)
    finally:
        one.client.stop()

    assert state["state"] == "stopped"
    assert state["reasons"]
    assert ours_text
    assert outcome(done) == outcome(expected)
    assert events_of(tmp_path / "spool")


def fill(one: Recording, path: Path) -> str:
    """Save until the recording stops; every save itself is the user's and is on disk."""
    for number in range(60):
        text = f"# {number}\n" + "".join(f"x{line} = {number}\n" for line in range(2_000))
        one.client.edit_and_save(path, text)
        assert path.read_text() == text
        if one.client.request("patchtrail/session/status")["state"] == "stopped":
            return text
    return ""


def test_the_collector_is_down(tmp_path: Path, collector: Collector) -> None:
    """With the collector gone everything is recorded and kept, and the user's tests are as without us."""
    theirs, shop = pair(tmp_path, TESTS)
    expected = run(theirs, *PYTEST)
    key_line = enrol(collector.url, collector.invite())
    collector.stop()
    with recording(shop, tmp_path / "spool", key_line) as ours:
        done = run(shop, *PYTEST, environment=ours.environment)
        ours.report("pytest -q", done, 60_000)
        ours.client.request("patchtrail/session/end")
        state = ours.client.request("patchtrail/session/status")

    assert outcome(done) == outcome(expected)
    assert [event["type"] for event in events_of(tmp_path / "spool")][-3:] == ["cmd_run", "test_run", "session_end"]
    assert len(state["undelivered"]) == 1
