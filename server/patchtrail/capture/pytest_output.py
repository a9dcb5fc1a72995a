"""Read totals and failed tests from what a pytest run printed: the tier for runs that left no report."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from patchtrail.contract.events import TestCase, TestTotals

__all__ = ["OutputResults", "read_output"]

SUMMARY = re.compile(
    r"(?:=+ )?(?P<counts>no tests ran|\d+ [a-z]+(?: [a-z]+)?(?:, \d+ [a-z]+(?: [a-z]+)?)*)"
    r" in \d+(?:\.\d+)?(?:s|ms| seconds)(?: \(\d[\d:, days]*\))?(?: =+)?"
)
COUNT = re.compile(r"(\d+) ([a-z]+(?: [a-z]+)?)(?:, |$)")
WORDS = {
    "passed": "passed",
    "xpassed": "passed",
    "failed": "failed",
    "error": "errors",
    "errors": "errors",
    "skipped": "skipped",
    "xfailed": "skipped",
}
"""As pytest's own JUnit report counts: an expected failure is skipped, an unexpected pass is passed."""
LISTED = re.compile(r"=+ short test summary info =+")
SECTION = re.compile(
    r"=+ (?:test session starts|ERRORS|FAILURES|PASSES|XFAILURES|XPASSES|warnings summary|short test summary info)"
    r"(?: \(final\))? =+"
)
HEADING = re.compile(r"_{3,} (?:ERROR at (?:setup|teardown) of )?(.+?) _{3,}")
LISTED_TEST = re.compile(r"(?P<outcome>FAILED|ERROR) (?P<rest>\S.*)")
LISTED_SUBTEST = re.compile(r"SUBFAIL(?:ED)?\b.*? (?P<rest>\S+\.\w+::.*)")
LISTED_OTHER = re.compile(r"(?:PASSED|SKIPPED|XFAIL|XPASS|SUB[A-Z]+|RERUN)\b|[=!_]{3,}")
TEST_FILE = re.compile(r".+?\.\w+(?=::| - |$)")
OUTCOMES: dict[str, Literal["failed", "error"]] = {"FAILED": "failed", "ERROR": "error"}


@dataclass(frozen=True)
class OutputResults:
    """What the end of a run's output tells: counts, and the tests that failed."""

    totals: TestTotals
    cases: tuple[TestCase, ...]


def read_output(text: str) -> OutputResults | None:
    """Return what a run's plain output tells, or None when it has no summary.

    The last summary counts, and only with no section behind it: what a test prints may look like one.
    """
    lines = [line.strip() for line in text.split("\n")]
    found = _last_summary(lines)
    if found is None:
        return None
    end, counts = found
    headings = {match[1] for line in lines[:end] if (match := HEADING.fullmatch(line))}
    listed = _listed(lines[:end])
    cases = [_case(match, headings) for line in listed if (match := LISTED_TEST.fullmatch(line))]
    subtests = [_split(match["rest"], headings) for line in listed if (match := LISTED_SUBTEST.fullmatch(line))]
    cases += _tests_of(subtests, {case.test_id for case in cases}, counts)
    return OutputResults(TestTotals(tests=sum(counts.values()), **counts), tuple(cases))


def _last_summary(lines: list[str]) -> tuple[int, dict[str, int]] | None:
    """Return where the last summary starts, and its counts; a narrow terminal may have broken it in two."""
    for index in range(len(lines) - 1, -1, -1):
        # The two halves together first: the second half alone may look whole.
        for first in (max(0, index - 1), index):
            counts = _counts(" ".join(lines[first : index + 1]))
            if counts is not None:
                return first, counts
        if SECTION.fullmatch(lines[index]):
            return None
    return None


def _counts(line: str) -> dict[str, int] | None:
    match = SUMMARY.fullmatch(line) if " in " in line else None
    if match is None:
        return None
    counts = dict.fromkeys(("passed", "failed", "errors", "skipped"), 0)
    if match["counts"] == "no tests ran":
        return counts
    known = [(int(number), WORDS[word]) for number, word in COUNT.findall(match["counts"]) if word in WORDS]
    for number, name in known:
        counts[name] += number
    return counts if known or "deselected" in match["counts"] else None


def _listed(lines: list[str]) -> list[str]:
    """Return the lines of the last short summary; one that was broken inside a test's id is put together again."""
    starts = [index for index, line in enumerate(lines) if LISTED.fullmatch(line)]
    listed: list[str] = []
    for line in lines[starts[-1] + 1 :] if starts else []:
        is_start = LISTED_TEST.match(line) or LISTED_OTHER.match(line)
        if listed and not is_start and LISTED_TEST.match(listed[-1]) and _is_open(listed[-1]):
            listed[-1] += line
        else:
            listed.append(line)
    return listed


def _is_open(line: str) -> bool:
    """Tell whether a line ends inside the brackets of a test's parameters."""
    return "::" in line and "[" in line and " - " not in line and not line.endswith("]")


def _case(match: re.Match[str], headings: set[str]) -> TestCase:
    test_id, message = _split(match["rest"], headings)
    return TestCase(test_id=test_id, outcome=OUTCOMES[match["outcome"]], duration_ms=0, message=message)


def _tests_of(subtests: list[tuple[str, str]], failed: set[str], counts: dict[str, int]) -> list[TestCase]:
    """Put failed subtests back into their tests, as a report does: the terminal counts each of them as failed."""
    cases: list[TestCase] = []
    for test_id, message in subtests:
        if test_id in failed:
            counts["failed"] = max(0, counts["failed"] - 1)
        else:
            # The terminal counts the test itself as passed.
            failed.add(test_id)
            counts["passed"] = max(0, counts["passed"] - 1)
            cases.append(TestCase(test_id=test_id, outcome="failed", duration_ms=0, message=message))
    return cases


def _split(rest: str, headings: set[str]) -> tuple[str, str]:
    """Split `id - message`; neither a folder nor a parameter that holds ` - ` ends the id."""
    file = TEST_FILE.match(rest)
    start = file.end() if file else 0
    dash, bracket = rest.find(" - ", start), rest.find("[", start)
    if bracket != -1 and (dash == -1 or bracket < dash):
        end = _closing(rest, start, bracket, headings)
        return rest[:end], rest[end:].removeprefix(" - ").strip()
    if dash == -1:
        return rest, ""
    return rest[:dash], rest[dash + 3 :].strip()


def _closing(rest: str, start: int, bracket: int, headings: set[str]) -> int:
    """Return where a parametrised id ends: where a failure's heading says so, else at the bracket that closes it."""
    ends = [match.end() for match in re.finditer(r"\](?= - |$)", rest) if match.start() > bracket]
    names = {end: rest[start:bracket].removeprefix("::").replace("::", ".") + rest[bracket:end] for end in ends}
    told = [end for end in ends if names[end] in headings]
    closed = [end for end in ends if rest.count("[", bracket, end) == rest.count("]", bracket, end)]
    return next(iter([*told, *closed, *ends]), len(rest))
