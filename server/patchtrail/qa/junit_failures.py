"""The tests that a JUnit XML report says failed, as findings are made of them."""

from __future__ import annotations

import io

from patchtrail.capture.junit import JUnitFailure, parse_failures
from patchtrail.patching.ports import TestFailure

__all__ = ["failure_of", "failures_of_junit"]


def failures_of_junit(content: bytes) -> tuple[TestFailure, ...]:
    """Return the failed tests of a report; raises `InvalidInput` where it is none."""
    return tuple(failure_of(one) for one in parse_failures(io.BytesIO(content)))


def failure_of(failure: JUnitFailure) -> TestFailure:
    """Return one failed case."""
    case = failure.case
    return TestFailure(
        test_id=case.test_id,
        message=case.message or "",
        traceback=failure.traceback,
        file_path=case.file_path,
        line=case.line,
    )
