"""Read a JUnit XML report as pytest writes it (xunit1 and xunit2), and others that keep to its names."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.events import TestCase, TestTotals
from patchtrail.contract.wire import MAX_SAFE_INTEGER

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["junit_started_ms", "read_junit", "totals_of"]

MAX_REPORT_BYTES = 64 * 1024 * 1024
OUTCOMES = {"failure": "failed", "error": "error", "skipped": "skipped"}
"""By weight: the heaviest of several decides."""
SUITE_START = re.compile(r"<testsuite\b[^>]*?\stimestamp=\"([^\"]+)\"")
HEAD_CHARS = 8_192


def read_junit(path: Path) -> list[TestCase]:
    """Return a report's test cases, unredacted.

    Raises `InvalidInput` when the file is missing, too large or not such a report.
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, parse

    try:
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        raise InvalidInput("The test run wrote no JUnit report.", code="bad_junit") from error
    if size > MAX_REPORT_BYTES:
        raise InvalidInput("The JUnit report is larger than 64 MiB.", code="bad_junit")
    try:
        root = parse(path).getroot()
    except (OSError, ParseError, DefusedXmlException, LookupError, ValueError) as error:
        raise InvalidInput(f"The JUnit report cannot be read: {type(error).__name__}", code="bad_junit") from error
    if root is None or root.tag not in ("testsuites", "testsuite"):
        raise InvalidInput("The file is not a JUnit report.", code="bad_junit")
    return _without_reruns([_case(element) for element in root.iter("testcase")])


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
    outcomes = [case.outcome for case in cases]
    return TestTotals(
        tests=len(cases),
        passed=outcomes.count("passed"),
        failed=outcomes.count("failed"),
        errors=outcomes.count("error"),
        skipped=outcomes.count("skipped"),
    )


def _without_reruns(cases: list[TestCase]) -> list[TestCase]:
    """Leave out attempts that pytest-rerunfailures repeated: they look passed, and the same test stands there again."""
    last = {case.test_id: index for index, case in enumerate(cases)}
    return [case for index, case in enumerate(cases) if case.outcome != "passed" or last[case.test_id] == index]


def _case(element: Element) -> TestCase:
    # A test with subtests has one element and a failure for each of them.
    told = [child for child in element if child.tag in OUTCOMES]
    tags = {child.tag for child in told}
    outcome = next((OUTCOMES[tag] for tag in OUTCOMES if tag in tags), "passed")
    message = "\n".join(child.get("message") or child.text or "" for child in told)
    return TestCase.model_validate(
        {
            "test_id": _test_id(element),
            "outcome": outcome,
            "duration_ms": _milliseconds(element.get("time")),
            "message": message,
            "file_path": element.get("file") or None,
            "line": _line(element.get("line")),
        }
    )


def _test_id(element: Element) -> str:
    """Return pytest's node id where file, classname and name determine it, else classname and name as they are."""
    classname, name = element.get("classname", ""), element.get("name", "")
    file = element.get("file")
    node_id = _node_id(Path(file).as_posix(), classname, name) if file else None
    return node_id or (f"{classname}::{name}" if classname else name)


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


def _line(text: str | None) -> int | None:
    """Count from 1; pytest counts from 0."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 9:
        return None
    return int(text) + 1


def _milliseconds(seconds: str | None) -> int:
    try:
        return min(max(0, round(float(seconds or 0) * 1000)), MAX_SAFE_INTEGER)
    except (ValueError, OverflowError):
        return 0
