"""Read counts and failed tests from what a test run printed, for runs of any framework that left no report.

A reader answers only where its framework's own summary stands, near the end; anything else is no answer. A summary that
tells no count of all tests (go without `-v`) leaves the totals open.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from patchtrail.capture.pytest_output import read_output
from patchtrail.contract.events import TestCase, TestTotals

__all__ = ["OutputTells", "read_test_output"]

MAX_FAILED = 1_000
MAX_LINE_CHARS = 2_000
LAST_LINES = 20_000

UNITTEST_RAN = re.compile(r"Ran (\d+) tests? in [\d.]+s")
UNITTEST_END = re.compile(r"(?:OK|FAILED|NO TESTS RAN)(?: \((.*)\))?")
UNITTEST_COUNT = re.compile(r"(failures|errors|skipped|expected failures|unexpected successes)=(\d+)")
UNITTEST_BROKEN = re.compile(r"(FAIL|ERROR|UNEXPECTED SUCCESS): (\S+)(?: \(([\w.]+)\))?(?: .*)?")
NOT_LOADED = "unittest.loader._FailedTest."
JEST_TESTS = re.compile(r"Tests: +((?:\d+ \w+, )*\d+ total)")
JEST_FILE = re.compile(r"FAIL +(?:\[?\w+\]? +)?(\S+\.[cm]?[jt]sx?)(?: \([\d.]+ m?s\))?")
JEST_BROKEN = re.compile(r"\u25cf (\S.*)")
JEST_SEPARATOR = " \u203a "
JEST_NO_TEST = frozenset({"Console", "Deprecation Warning:", "Validation Error:", "Validation Warning:"})
VITEST_TESTS = re.compile(r"Tests +((?:\d+ [a-z]+(?: \| )?)+) \((\d+)\)")
VITEST_BROKEN = re.compile(r"FAIL +(?:\|[^|]+\| +)?(\S+\.[cm]?[jt]sx?)(?: > (.*)| \[ .* \])")
COUNT = re.compile(r"(\d+) ([a-z]+)")
GO_TEST = re.compile(r"( *)--- (PASS|FAIL|SKIP): (\S+) \(([\d.]+)s\)")
GO_PACKAGE = re.compile(r"(ok|FAIL|\?)? *\t(\S+)(?:\t| )(.*)")
CARGO_TEST = re.compile(r"test (\S+)(?: - should panic)? \.\.\. FAILED")
CARGO_RESULT = re.compile(r"test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored; \d+ measured; .*")
NEXTEST_TEST = re.compile(r"(?:FAIL|TIMEOUT|SIGABRT|SIGSEGV|TRY \d+ FAIL) \[[^\]]*\] (?:\([^)]*\) )?(\S+) (\S+)")
NEXTEST_RESULT = re.compile(r"Summary \[[^\]]*\] (\d+)(?:/\d+)? tests? run: (.*)")
NODE_COUNT = re.compile(r"(?:# |\u2139 )(tests|pass|fail|cancelled|skipped|todo) (\d+)")
NODE_BROKEN = re.compile(r"(?:\u2716 |not ok \d+ - )(.*?)(?: \([\d.]+ms\))?")
NODE_FAILING = re.compile(r"\u2716 failing tests:")
MOCHA_COUNT = re.compile(r"(\d+) (passing|failing|pending)(?: \(.*\))?")
RSPEC_RESULT = re.compile(r"(\d+) examples?, (\d+) failures?(?:, (\d+) pending)?(?:, (\d+) errors? .*)?")
RSPEC_BROKEN = re.compile(r"rspec (\./\S+?:\d+|'\./[^']*') # (.*)")
PHPUNIT_OK = re.compile(r"OK \((\d+) tests?, \d+ assertions?\)")
PHPUNIT_COUNTS = re.compile(r"Tests: (\d+), Assertions: \d+(.*)\.")
PHPUNIT_BROKEN = re.compile(r"\d+\) (\w+(?:\\\w+)*::\w+.*)")


@dataclass(frozen=True)
class OutputTells:
    """What the output of a run tells: whose it is, its counts where they are whole, and the tests that failed."""

    framework: str
    totals: TestTotals | None
    cases: list[TestCase]


Reader = Callable[[list[str]], tuple[TestTotals | None, list[TestCase]] | None]


def read_test_output(text: str, framework: str | None) -> OutputTells | None:
    """Return what a run's plain output tells; a framework that is not known is told by its summary."""
    if framework in (None, "pytest"):
        seen = read_output(text)
        if seen is not None:
            return OutputTells("pytest", seen.totals, list(seen.cases))
    lines = [line[:MAX_LINE_CHARS].rstrip() for line in text.split("\n")[-LAST_LINES:]]
    readers = READERS if framework is None else {one: READERS[one] for one in READERS if one == framework}
    for name, reader in readers.items():
        told = reader(lines)
        if told is not None:
            return OutputTells(name, told[0], told[1][:MAX_FAILED])
    return None


def _unittest(lines: list[str]) -> tuple[TestTotals, list[TestCase]] | None:
    at, ran = _last(UNITTEST_RAN, lines)
    end = next((found for line in lines[at + 1 : at + 4] if (found := UNITTEST_END.fullmatch(line))), None)
    if ran is None or end is None:
        return None
    counts = {name: int(number) for name, number in UNITTEST_COUNT.findall(end[1] or "")}
    told = [_unittest_case(found) for line in lines[:at] if (found := UNITTEST_BROKEN.fullmatch(line))]
    cases = _once(told)
    # Each subtest is counted as a failure of its own.
    subtests = sum(case.outcome == "failed" for case in told) - sum(case.outcome == "failed" for case in cases)
    failed = max(0, counts.get("failures", 0) + counts.get("unexpected successes", 0) - subtests)
    skipped = counts.get("skipped", 0) + counts.get("expected failures", 0)
    return _totals(int(ran[1]), failed, counts.get("errors", 0), skipped), cases


def _unittest_case(found: re.Match[str]) -> TestCase:
    """Name a test as Python 3.11 does; before that only its class stood in the brackets."""
    kind, name, place = found.groups()
    test_id = name if place is None else place if place.endswith(f".{name}") else f"{place}.{name}"
    return _broken(test_id.removeprefix(NOT_LOADED), "error" if kind == "ERROR" else "failed")


def _jest(lines: list[str]) -> tuple[TestTotals, list[TestCase]] | None:
    _, summary = _last(JEST_TESTS, lines)
    if summary is None:
        return None
    counts = {word: int(number) for number, word in COUNT.findall(summary[1])}
    cases: list[TestCase] = []
    file = ""
    for line in lines:
        if found := JEST_FILE.match(line.strip()):
            file = found[1]
        elif file and (found := JEST_BROKEN.fullmatch(line.strip())) and found[1] not in JEST_NO_TEST:
            is_whole_file = found[1] == "Test suite failed to run"
            test_id = file if is_whole_file else f"{file}::{found[1].replace(JEST_SEPARATOR, ' > ')}"
            cases.append(_broken(test_id, "error" if is_whole_file else "failed", file))
    skipped = counts.get("skipped", 0) + counts.get("todo", 0)
    return _totals(counts["total"], counts.get("failed", 0), 0, skipped), _once(cases)


def _vitest(lines: list[str]) -> tuple[TestTotals, list[TestCase]] | None:
    _, summary = _last(VITEST_TESTS, lines)
    if summary is None:
        return None
    counts = {word: int(number) for number, word in COUNT.findall(summary[1])}
    cases = _once(
        _broken(f"{found[1]}::{found[2]}" if found[2] else found[1], "failed" if found[2] else "error", found[1])
        for line in lines
        if (found := VITEST_BROKEN.fullmatch(line.strip()))
    )
    skipped = counts.get("skipped", 0) + counts.get("todo", 0)
    return _totals(int(summary[2]), counts.get("failed", 0), 0, skipped), cases


def _go(lines: list[str]) -> tuple[TestTotals | None, list[TestCase]] | None:
    counts = {"PASS": 0, "FAIL": 0, "SKIP": 0}
    cases: list[TestCase] = []
    waiting: list[str] = []
    is_told, is_verbose = False, any(line.startswith("=== RUN ") for line in lines)
    for line in lines:
        if found := GO_TEST.fullmatch(line):
            counts[found[2]] += 1
            waiting += [found[3]] if found[2] == "FAIL" else []
        elif found := GO_PACKAGE.fullmatch(line):
            is_told = True
            cases += [_broken(f"{found[2]}::{name}", "failed") for name in waiting]
            if found[1] == "FAIL" and not waiting:
                cases.append(_broken(found[2], "error", message=found[3].strip("[]")))
            waiting = []
    if not is_told:
        return None
    errors = sum(case.outcome == "error" for case in cases)
    totals = _totals(sum(counts.values()) + errors, counts["FAIL"], errors, counts["SKIP"])
    return totals if is_verbose else None, _once(cases)


def _cargo(lines: list[str]) -> tuple[TestTotals, list[TestCase]] | None:
    told = [[int(one) for one in found.groups()] for line in lines if (found := CARGO_RESULT.fullmatch(line))]
    if not told:
        return None
    passed, failed, ignored = (sum(one) for one in zip(*told, strict=True))
    cases = _once(_broken(found[1], "failed") for line in lines if (found := CARGO_TEST.fullmatch(line)))
    return _totals(passed + failed + ignored, failed, 0, ignored), cases


def _nextest(lines: list[str]) -> tuple[TestTotals, list[TestCase]] | None:
    at, summary = _last(NEXTEST_RESULT, lines)
    if summary is None:
        return None
    counts: dict[str, int] = {}
    for number, word in COUNT.findall(summary[2]):
        counts[word] = counts.get(word, 0) + int(number)
    # Below the summary stand the tests that failed in the end; above it, every attempt that did.
    found = [match for line in lines[at + 1 :] if (match := NEXTEST_TEST.fullmatch(line.strip()))]
    found = found or [match for line in lines[:at] if (match := NEXTEST_TEST.fullmatch(line.strip()))]
    failed = counts.get("failed", 0) + counts.get("timed", 0)
    skipped = counts.get("skipped", 0)
    cases = _once(_broken(f"{one[1]}::{one[2]}", "failed") for one in found)
    return _totals(int(summary[1]) + skipped, failed, 0, skipped), cases


def _node(lines: list[str]) -> tuple[TestTotals, list[TestCase]] | None:
    counts = {found[1]: int(found[2]) for line in lines if (found := NODE_COUNT.fullmatch(line.strip()))}
    if not {"tests", "pass", "fail"} <= counts.keys():
        return None
    start = next((at for at, line in enumerate(lines) if NODE_FAILING.fullmatch(line.strip())), -1)
    cases = _once(
        _broken(found[1], "failed")
        for at, line in enumerate(lines)
        if at > start and (found := NODE_BROKEN.fullmatch(line.strip())) and not _is_suite(lines[at + 1 : at + 5])
    )
    skipped = counts.get("skipped", 0) + counts.get("todo", 0)
    return _totals(counts["tests"], counts["fail"] + counts.get("cancelled", 0), 0, skipped), cases


def _is_suite(details: list[str]) -> bool:
    """Tell a suite from a test by what TAP says of it: a suite failed because a test of it did."""
    return any(line.strip() == "type: 'suite'" for line in details)


def _mocha(lines: list[str]) -> tuple[TestTotals, list[TestCase]] | None:
    at, _ = _last(re.compile(r" +\d+ passing \(.*\)"), lines)
    if at < 0:
        return None
    told = (MOCHA_COUNT.fullmatch(line.strip()) for line in lines[at : at + 3])
    counts = {found[2]: int(found[1]) for found in told if found}
    tests = sum(counts.values())
    return _totals(tests, counts.get("failing", 0), 0, counts.get("pending", 0)), []


def _rspec(lines: list[str]) -> tuple[TestTotals, list[TestCase]] | None:
    _, summary = _last(RSPEC_RESULT, lines)
    if summary is None:
        return None
    tests, failed, pending, outside = (int(one or 0) for one in summary.groups())
    cases = _once(_broken(found[1].strip("'"), "failed") for line in lines if (found := RSPEC_BROKEN.fullmatch(line)))
    return _totals(tests + outside, failed, outside, pending), cases


def _phpunit(lines: list[str]) -> tuple[TestTotals, list[TestCase]] | None:
    _, ok = _last(PHPUNIT_OK, lines)
    if ok is not None:
        return _totals(int(ok[1]), 0, 0, 0), []
    _, told = _last(PHPUNIT_COUNTS, lines)
    if told is None:
        return None
    counts = {name: int(number) for name, number in re.findall(r"(\w+): (\d+)", told[2])}
    cases = _once(_broken(found[1], "failed") for line in lines if (found := PHPUNIT_BROKEN.fullmatch(line)))
    skipped = counts.get("Skipped", 0) + counts.get("Incomplete", 0)
    return _totals(int(told[1]), counts.get("Failures", 0), counts.get("Errors", 0), skipped), cases


READERS: dict[str, Reader] = {
    "unittest": _unittest,
    "jest": _jest,
    "vitest": _vitest,
    "go": _go,
    "cargo": _cargo,
    "cargo-nextest": _nextest,
    "node": _node,
    "mocha": _mocha,
    "rspec": _rspec,
    "phpunit": _phpunit,
}


def _last(pattern: re.Pattern[str], lines: list[str]) -> tuple[int, re.Match[str] | None]:
    """Return the last line of a pattern, indented or not; what a test prints earlier may look like it."""
    for at in range(len(lines) - 1, -1, -1):
        found = pattern.fullmatch(lines[at]) or pattern.fullmatch(lines[at].strip())
        if found:
            return at, found
    return -1, None


def _broken(
    test_id: str, outcome: Literal["failed", "error"], file_path: str | None = None, message: str = ""
) -> TestCase:
    return TestCase(test_id=test_id, outcome=outcome, duration_ms=0, message=message, file_path=file_path)


def _once(cases: Iterable[TestCase]) -> list[TestCase]:
    """Keep the first of several with one id: many tools list failures twice."""
    return list({case.test_id: case for case in cases}.values())


def _totals(tests: int, failed: int, errors: int, skipped: int) -> TestTotals:
    passed = max(0, tests - failed - errors - skipped)
    return TestTotals(tests=tests, passed=passed, failed=failed, errors=errors, skipped=skipped)
