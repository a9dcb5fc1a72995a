"""Read JUnit XML reports: pytest's (xunit1 and xunit2), and those of other tools that keep to its names.

There is no standard, so what differs between the tools stands here: where an id, a retry or a skipped test is told. A
report is read as a stream: one of many megabytes is never held whole.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.events import TestCase, TestTotals
from patchtrail.contract.wire import MAX_SAFE_INTEGER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

__all__ = [
    "JUnitFailure",
    "JUnitReport",
    "junit_started_ms",
    "parse_failures",
    "parse_junit",
    "read_junit",
    "totals_of",
]

MAX_REPORT_BYTES = 64 * 1024 * 1024
MAX_CASES = 200_000
MAX_ID_CHARS = 2_000
MAX_MESSAGE_CHARS = 20_000
"""Of one message, before it is redacted; far fewer are recorded."""
MAX_TRACEBACK_CHARS = 50_000
OUTCOMES = {"failure": "failed", "error": "error", "skipped": "skipped"}
"""By weight: the heaviest of several decides."""
EARLIER_ATTEMPTS = frozenset({"flakyFailure", "flakyError", "rerunFailure", "rerunError"})
"""Surefire's and nextest's way to tell of attempts before the last one."""
NOT_RUN = frozenset({"notrun", "disabled", "skipped", "ignored", "pending"})
FRAMEWORKS = {
    "pytest": "pytest",
    "pytest tests": "pytest",
    "jest tests": "jest",
    "vitest tests": "vitest",
    "rspec": "rspec",
    "nextest-run": "cargo-nextest",
    "Mocha Tests": "mocha",
    "bun test": "bun",
    "AllTests": "googletest",
}
"""Names that a tool gives to its root or its suites, whatever the project is called."""
SUITE_START = re.compile(r"<testsuite\b[^>]*?\stimestamp=\"([^\"]+)\"")
HEAD_CHARS = 8_192


@dataclass(frozen=True)
class JUnitReport:
    """A report's test cases, unredacted, and whose it is, where it says so."""

    cases: list[TestCase]
    framework: str | None


@dataclass(frozen=True)
class JUnitFailure:
    """A case that failed, with the text that its tool wrote of it; unredacted, and never recorded."""

    case: TestCase
    traceback: str


@dataclass
class _Reading:
    """What is known while a report goes by."""

    failures: list[JUnitFailure] = field(default_factory=list)
    suites: list[Element] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    framework: str | None = None
    has_root: bool = False


def read_junit(path: Path) -> list[TestCase]:
    """Return the test cases of a report that we asked for, unredacted.

    Raises `InvalidInput` when the file is missing, too large or not such a report.
    """
    try:
        size = path.stat().st_size
        if size > MAX_REPORT_BYTES:
            raise InvalidInput("The JUnit report is larger than 64 MiB.", code="bad_junit")
        with path.open("rb") as file:
            return parse_junit(file, "pytest").cases
    except (OSError, ValueError) as error:
        raise InvalidInput("The test run wrote no JUnit report.", code="bad_junit") from error


def parse_junit(file: IO[bytes], framework: str | None = None) -> JUnitReport:
    """Return what a report tells; `framework` is known where a report was asked for.

    Raises `InvalidInput` when it is malformed, an attack, or no JUnit report.
    """
    reading = _Reading(framework=framework)
    cases = _read(file, reading)
    if reading.framework == "go":
        return JUnitReport(_joined(cases), "go")
    # pytest-rerunfailures tells of an attempt that it repeated as if it had passed.
    is_pytest = reading.framework == "pytest"
    return JUnitReport(_without_reruns(cases) if is_pytest else cases, reading.framework)


def parse_failures(file: IO[bytes], framework: str | None = None) -> list[JUnitFailure]:
    """Return the cases that failed with their tracebacks, each test once; raises as `parse_junit` does."""
    reading = _Reading(framework=framework)
    _read(file, reading)
    return list({one.case.test_id: one for one in reading.failures}.values())


def junit_started_ms(path: Path) -> int | None:
    """Return when a report's run started, in Unix time, or None where it does not say so beyond doubt.

    A timestamp without a zone (pytest before 8) is local time, but of a terminal whose zone is not known here.
    """
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            found = SUITE_START.search(file.read(HEAD_CHARS))
        started = datetime.fromisoformat(found[1]) if found else None
    except (OSError, ValueError):
        return None
    return None if started is None or started.tzinfo is None else round(started.timestamp() * 1000)


def totals_of(cases: list[TestCase]) -> TestTotals:
    """Count outcomes."""
    outcomes = Counter(case.outcome for case in cases)
    return TestTotals(
        tests=len(cases),
        passed=outcomes["passed"],
        failed=outcomes["failed"],
        errors=outcomes["error"],
        skipped=outcomes["skipped"],
    )


def _read(file: IO[bytes], reading: _Reading) -> list[TestCase]:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, iterparse

    try:
        cases = list(_cases(iterparse(file, events=("start", "end")), reading))
    except (OSError, ParseError, DefusedXmlException, LookupError, ValueError) as error:
        raise InvalidInput(f"The JUnit report cannot be read: {type(error).__name__}", code="bad_junit") from error
    if not reading.has_root:
        raise InvalidInput("The file is not a JUnit report.", code="bad_junit")
    return cases


def _cases(events: Iterator[tuple[str, Element]], reading: _Reading) -> Iterator[TestCase]:
    count = 0
    for event, element in events:
        if not reading.has_root:
            if element.tag not in ("testsuites", "testsuite"):
                raise InvalidInput("The file is not a JUnit report.", code="bad_junit")
            reading.has_root = True
        if event == "start":
            if element.tag in ("testsuites", "testsuite"):
                _enter(element, reading)
        elif element.tag in ("testsuites", "testsuite"):
            reading.suites.pop()
            reading.names.pop()
        elif element.tag == "property" and element.get("name") == "go.version":
            reading.framework = "go"
        elif element.tag == "testcase":
            count += 1
            if count > MAX_CASES:
                raise InvalidInput("The JUnit report has too many cases.", code="bad_junit")
            case = _case(element, reading)
            if case.outcome in ("failed", "error"):
                reading.failures.append(JUnitFailure(case, _traceback(element)))
            yield case
            # What was read is let go of; the attributes of the suite above are known already.
            reading.suites[-1].clear()


def _enter(element: Element, reading: _Reading) -> None:
    name = element.get("name", "")
    schema = " ".join(value for key, value in element.items() if key.endswith("noNamespaceSchemaLocation"))
    told = "junit" if "surefire" in schema else FRAMEWORKS.get(name)
    reading.framework = reading.framework or told
    reading.suites.append(element)
    reading.names.append(name if element.tag == "testsuite" else "")


def _joined(cases: list[TestCase]) -> list[TestCase]:
    """Join what a tool tells once for each attempt: the last attempt counts."""
    attempts: dict[str, list[TestCase]] = {}
    for case in cases:
        attempts.setdefault(case.test_id, []).append(case)
    return [_last_of(told) for told in attempts.values()]


def _last_of(attempts: list[TestCase]) -> TestCase:
    last = attempts[-1]
    is_flaky = last.outcome == "passed" and any(one.outcome in ("failed", "error") for one in attempts)
    return last.model_copy(update={"retries": len(attempts) - 1, "is_flaky": is_flaky}) if attempts[1:] else last


def _without_reruns(cases: list[TestCase]) -> list[TestCase]:
    """Leave out attempts that pytest-rerunfailures repeated: they look passed, and the same test stands there again."""
    last = {case.test_id: index for index, case in enumerate(cases)}
    dropped = Counter(
        case.test_id for index, case in enumerate(cases) if case.outcome == "passed" and last[case.test_id] != index
    )
    if not dropped:
        return cases
    kept = [case for index, case in enumerate(cases) if case.outcome != "passed" or last[case.test_id] == index]
    return [
        case.model_copy(update={"retries": dropped[case.test_id], "is_flaky": case.outcome == "passed"})
        if case.test_id in dropped
        else case
        for case in kept
    ]


def _case(element: Element, reading: _Reading) -> TestCase:
    # A test with subtests has one element and a failure for each of them.
    told = [child for child in element if child.tag in OUTCOMES]
    tags = {child.tag for child in told}
    earlier = [child for child in element if child.tag in EARLIER_ATTEMPTS]
    is_left_out = (element.get("status") or "").lower() in NOT_RUN and not told
    outcome = "skipped" if is_left_out else next((OUTCOMES[tag] for tag in OUTCOMES if tag in tags), "passed")
    is_pytest = reading.framework == "pytest"
    # pytest counts lines from 0.
    line = _number(element.get("line"))
    return TestCase.model_validate(
        {
            "test_id": _test_id(element, reading.names[-1])[:MAX_ID_CHARS],
            "outcome": outcome,
            "duration_ms": _milliseconds(element.get("time")),
            "message": "\n".join(_message(child) for child in (told or earlier[:1]))[:MAX_MESSAGE_CHARS],
            "file_path": element.get("file") or None,
            "line": line + 1 if line is not None and is_pytest else line,
            "suite": None if is_pytest else (reading.names[-1] or None),
            "retries": len(earlier),
            "is_flaky": outcome == "passed" and bool(earlier),
        }
    )


def _message(element: Element) -> str:
    """Return why; go's tools say no more than `Failed` in the place for it, and the rest in the text."""
    message, text = element.get("message") or "", element.text or ""
    return text if message in ("", "Failed") and text.strip() else message


def _traceback(element: Element) -> str:
    texts = [child.text or "" for child in element if child.tag in ("failure", "error")]
    return "\n".join(texts)[:MAX_TRACEBACK_CHARS]


def _test_id(element: Element, suite: str) -> str:
    """Return pytest's node id where file, classname and name determine it, else classname and name as they are."""
    classname, name = element.get("classname", ""), element.get("name", "")
    file = element.get("file")
    node_id = _node_id(Path(file).as_posix(), classname, name) if file else None
    if node_id is not None:
        return node_id
    if classname in ("", "test"):
        # Node says no more than `test`.
        return f"{suite}::{name}" if classname and suite else name
    # Some repeat the class in the name, before it or behind.
    is_before = name.startswith(classname) and not name[len(classname) :][:1].isalnum()
    return name if is_before or name.endswith(f" {classname}") else f"{classname}::{name}"


def _node_id(file: str, classname: str, name: str) -> str | None:
    """Undo how pytest makes a classname; a test that is inherited from a class in another file has no undoing."""
    module = file.replace("/", ".").removesuffix(".py")
    if not classname:
        # A file that could not be collected is a case of its own.
        return file if name == module else None
    if classname == module:
        return f"{file}::{name}"
    classes = classname.removeprefix(f"{module}.").split(".")
    if classname.startswith(f"{module}.") and file.endswith(".py") and all(one.isidentifier() for one in classes):
        return "::".join([file, *classes, name])
    return None


def _number(text: str | None) -> int | None:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 9:
        return None
    return int(text)


def _milliseconds(seconds: str | None) -> int:
    try:
        return min(max(0, round(float((seconds or "0").replace(",", "")) * 1000)), MAX_SAFE_INTEGER)
    except (ValueError, OverflowError):
        return 0
