"""Read a JUnit XML report as pytest writes it (schema xunit2), and others that keep to its names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.events import TestCase, TestTotals
from patchtrail.contract.wire import MAX_SAFE_INTEGER

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["read_junit", "totals_of"]

MAX_REPORT_BYTES = 64 * 1024 * 1024
OUTCOMES = {"failure": "failed", "error": "error", "skipped": "skipped"}


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
    return [_case(element) for element in root.iter("testcase")]


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


def _case(element: Element) -> TestCase:
    classname, name = element.get("classname", ""), element.get("name", "")
    # A test with subtests has one element and a failure for each of them.
    told = [child for child in element if child.tag in OUTCOMES]
    outcome = OUTCOMES[told[0].tag] if told else "passed"
    message = "\n".join(child.get("message") or child.text or "" for child in told)
    return TestCase.model_validate(
        {
            "test_id": f"{classname}::{name}" if classname else name,
            "outcome": outcome,
            "duration_ms": _milliseconds(element.get("time")),
            "message": message,
        }
    )


def _milliseconds(seconds: str | None) -> int:
    try:
        return min(max(0, round(float(seconds or 0) * 1000)), MAX_SAFE_INTEGER)
    except (ValueError, OverflowError):
        return 0
