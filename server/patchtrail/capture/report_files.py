"""Find the test reports that a command wrote into the project: JUnit XML and CTRF, of any tool.

The search is bounded: first what the command line names, then the places where tools write by default, then, for a
command that runs tests by its own words, the folders below. Only reports that were written while the command ran count.
Nothing of the user's is changed, and nothing but a regular file is ever opened.
"""

from __future__ import annotations

import os
import re
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from patchtrail.capture.ctrf import parse_ctrf
from patchtrail.capture.junit import parse_junit
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.events import TestCase

__all__ = ["FoundReport", "ReportFiles", "RunWindow"]

MAX_REPORT_BYTES = 16 * 1024 * 1024
MAX_ALL_BYTES = 64 * 1024 * 1024
MAX_REPORTS = 2_000
MAX_CASES = 200_000
MAX_FOLDERS, MAX_ENTRIES, MAX_DEPTH = 2_000, 20_000, 6
MAX_REMEMBERED = 10_000
EARLY_MS = 300
"""A client learns of a command's start a moment late."""
LATE_MS = 1_000
XML_NAME = re.compile(
    r"(?:test|junit|unit|spec|report|result|xunit|ctest|rspec|phpunit|jest|vitest|mocha|nextest|cypress|e2e|playwright)",
    re.IGNORECASE,
)
CTRF_NAME = re.compile(r"ctrf.*\.json|.*ctrf.*\.json", re.IGNORECASE)
REPORT_WORD = re.compile(r"[^\s=:,'\"]+\.(?:xml|json)\b")
NAMES = (
    *("junit.xml", "test-results.xml", "test-report.xml", "report.xml", "results.xml", "unit-tests.xml"),
    *("rspec.xml", "junit-report.xml", "phpunit.xml.log", "ctrf-report.json"),
)
"""What tools, or their manuals, call a report in the folder that they run in."""
FOLDERS = (
    *("ctrf", "reports", "report", "test-results", "test-reports", "test-report", "coverage", "results", "build/logs"),
    *("target/surefire-reports", "target/failsafe-reports", "target/nextest/default", "target/nextest/ci"),
    *("build/test-results/test", "tmp", ".reports", "TestResults"),
)
"""Where tools write reports, below the folder that they run in."""
NOT_SEARCHED = frozenset(
    {
        *("node_modules", "venv", "env", "vendor", "site-packages", "__pycache__", "bower_components", "Pods"),
        *("deps", "incremental", "classes", "generated", "DerivedData", "jspm_packages"),
    }
)


@dataclass(frozen=True)
class RunWindow:
    """When a command ran, in Unix time, and where."""

    started_ms: int
    ended_ms: int
    folder: Path


@dataclass(frozen=True)
class FoundReport:
    """What the reports of one run told, unredacted; `path` is relative to the session's folder."""

    evidence: Literal["junit", "ctrf"]
    cases: list[TestCase]
    framework: str | None
    path: str


@dataclass(frozen=True)
class _File:
    path: Path
    mtime_ns: int
    size: int


@dataclass(frozen=True)
class _Read:
    file: _File
    evidence: Literal["junit", "ctrf"]
    cases: list[TestCase]
    framework: str | None


class ReportFiles:
    """The reports in one session's folder; one that was read is never read again until it is written anew."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.scopes: Callable[[], list[Path]] = lambda: [folder]
        """The folders that are recorded; reports in any of them count."""
        self._taken: dict[Path, tuple[int, int]] = {}

    def take(self, command_line: str, window: RunWindow, *, is_named: bool) -> FoundReport | None:
        """Return what a command that ended has reported, or None.

        One whose words name no tests (`is_named`) is looked at in the known places alone, and must have lasted as long
        as the tests that it is given.
        """
        lasted_ms = window.ended_ms - window.started_ms
        read: list[_Read] = []
        room = MAX_ALL_BYTES
        for file in self._fresh(command_line, window, is_named=is_named):
            room -= file.size
            if len(read) == MAX_REPORTS or room < 0:
                break
            told = _read(file)
            if told is None or not told.cases:
                continue
            if not is_named and max(case.duration_ms for case in told.cases) > lasted_ms + EARLY_MS:
                continue
            read.append(told)
        return self._merged(read)

    def _merged(self, read: list[_Read]) -> FoundReport | None:
        """Make one run of several reports; of a tool that writes both formats CTRF tells more."""
        evidence: Literal["junit", "ctrf"] = "ctrf" if any(one.evidence == "ctrf" for one in read) else "junit"
        chosen = _without_repeats([one for one in read if one.evidence == evidence])
        for one in read:
            self._remember(one.file)
        if not chosen:
            return None
        cases = [self._placed(case) for one in chosen for case in one.cases][:MAX_CASES]
        framework = next((one.framework for one in chosen if one.framework), None)
        paths = [one.file.path for one in chosen]
        common = paths[0] if len(paths) == 1 else Path(os.path.commonpath([path.parent for path in paths]))
        return FoundReport(evidence, cases, framework, self._relative(common) or ".")

    def _fresh(self, command_line: str, window: RunWindow, *, is_named: bool) -> Iterator[_File]:
        """Yield the reports that were written while a command ran, each once."""
        seen: set[Path] = set()
        for path in self._candidates(command_line, window.folder, is_named=is_named):
            if path in seen:
                continue
            seen.add(path)
            file = _file_of(path)
            if file is not None and self._is_new(file, window):
                yield file

    def _is_new(self, file: _File, window: RunWindow) -> bool:
        written_ms = file.mtime_ns // 1_000_000
        is_in_time = window.started_ms - EARLY_MS <= written_ms <= window.ended_ms + LATE_MS
        return is_in_time and self._taken.get(file.path) != (file.mtime_ns, file.size)

    def _candidates(self, command_line: str, ran_in: Path, *, is_named: bool) -> Iterator[Path]:
        for word in REPORT_WORD.findall(command_line):
            path = Path(os.path.normpath(ran_in / word))
            if any(path.is_relative_to(scope) for scope in self.scopes()):
                yield path
        for place in dict.fromkeys((ran_in, self._folder)):
            yield from (place / name for name in NAMES)
            for name in FOLDERS:
                yield from _reports_in(place / name)
        if is_named:
            yield from _reports_below(ran_in)

    def _remember(self, file: _File) -> None:
        if len(self._taken) >= MAX_REMEMBERED:
            self._taken.clear()
        self._taken[file.path] = (file.mtime_ns, file.size)

    def _placed(self, case: TestCase) -> TestCase:
        """Name the test's file as the project does; one outside of it is not named."""
        told = case.file_path
        if told is None:
            return case
        path = Path(told.removeprefix("file://"))
        if not path.is_absolute():
            return case.model_copy(update={"file_path": os.path.normpath(told)}) if told.startswith("./") else case
        return case.model_copy(update={"file_path": self._relative(path)})

    def _relative(self, path: Path) -> str | None:
        scope = next((one for one in self.scopes() if path.is_relative_to(one)), None)
        return None if scope is None else path.relative_to(scope).as_posix()


def _without_repeats(read: list[_Read]) -> list[_Read]:
    """Leave out a report whose every test stands in one before it, such as a summary of the others."""
    known: set[tuple[str, str | None, str | None]] = set()
    kept: list[_Read] = []
    for one in sorted(read, key=lambda told: -len(told.cases)):
        keys = {(case.test_id, case.suite, case.outcome) for case in one.cases}
        if not keys <= known:
            kept.append(one)
            known |= keys
    return sorted(kept, key=lambda told: told.file.path)


def _reports_in(folder: Path) -> Iterator[Path]:
    """Yield what may be a report in one folder, and does not look one level below."""
    entries = sorted(_entries(folder), key=lambda entry: entry.name)
    is_ctrf = folder.name == "ctrf"
    yield from (Path(entry.path) for entry in entries if _may_be_report(entry.name, is_ctrf=is_ctrf))


def _reports_below(folder: Path) -> Iterator[Path]:
    """Yield what may be a report in the folders below, as far as the budget of folders and entries goes."""
    waiting = deque([(folder, 0)])
    folders, left = 0, MAX_ENTRIES
    while waiting and folders < MAX_FOLDERS and left > 0:
        place, depth = waiting.popleft()
        folders += 1
        entries = list(_entries(place, left))
        left -= len(entries)
        if any(entry.name == "pyvenv.cfg" for entry in entries):
            continue
        yield from (Path(one.path) for one in entries if _may_be_report(one.name, is_ctrf=place.name == "ctrf"))
        if depth < MAX_DEPTH:
            waiting.extend((Path(entry.path), depth + 1) for entry in entries if _is_searched(entry))


def _entries(folder: Path, limit: int = MAX_REPORTS) -> Iterable[os.DirEntry[str]]:
    found: list[os.DirEntry[str]] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                found.append(entry)
                if len(found) == limit:
                    break
    except OSError:
        return found
    return found


def _is_searched(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith(".") or entry.name in NOT_SEARCHED:
        return False
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _may_be_report(name: str, *, is_ctrf: bool) -> bool:
    if name.endswith(".xml"):
        return XML_NAME.search(name) is not None
    return name.endswith(".json") and (is_ctrf or CTRF_NAME.fullmatch(name) is not None)


def _file_of(path: Path) -> _File | None:
    try:
        found = path.lstat()
    except (OSError, ValueError):
        return None
    is_sound = stat.S_ISREG(found.st_mode) and 0 < found.st_size <= MAX_REPORT_BYTES
    return _File(path, found.st_mtime_ns, found.st_size) if is_sound else None


def _read(file: _File) -> _Read | None:
    """Read a report; one that is malformed, an attack, or still being written tells nothing."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        with os.fdopen(os.open(file.path, flags), "rb") as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                return None
            return _parsed(file, opened)
    except (OSError, InvalidInput):
        return None


def _parsed(file: _File, opened: IO[bytes]) -> _Read:
    if file.path.suffix == ".json":
        ctrf = parse_ctrf(opened.read(MAX_REPORT_BYTES))
        return _Read(file, "ctrf", ctrf.cases, ctrf.framework)
    junit = parse_junit(opened)
    return _Read(file, "junit", junit.cases, junit.framework)
