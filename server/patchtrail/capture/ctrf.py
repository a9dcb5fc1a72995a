"""Read CTRF reports (Common Test Report Format): strict where a wrong reading would matter, lenient elsewhere."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from patchtrail.capture.junit import MAX_CASES, MAX_ID_CHARS, MAX_MESSAGE_CHARS
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.events import TestCase
from patchtrail.contract.wire import MAX_SAFE_INTEGER

__all__ = ["CtrfReport", "parse_ctrf"]

OUTCOMES = {"passed": "passed", "failed": "failed", "skipped": "skipped", "pending": "skipped", "other": "skipped"}
FRAMEWORKS = {
    **dict.fromkeys(("jest", "vitest", "mocha", "playwright", "cypress", "pytest", "go", "rspec", "phpunit"), ""),
    "gotest": "go",
    "go-ctrf": "go",
    "junit5": "junit",
    "node-test": "node",
    "nodejs": "node",
}


class _Part(BaseModel):
    """A part of a report; what else stands in it is nobody's loss."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Tool(_Part):
    name: str


class _Summary(_Part):
    """Counted by the tool; required, and of no further use beside the tests themselves."""

    tests: int = Field(ge=0)
    passed: int = Field(ge=0)
    failed: int = Field(ge=0)
    skipped: int = Field(ge=0)
    pending: int = Field(ge=0)
    other: int = Field(ge=0)


class _Test(_Part):
    name: str
    status: Literal["passed", "failed", "skipped", "pending", "other"]
    duration: float = 0
    message: str | None = None
    trace: str | None = None
    suite: str | list[str] | None = None
    file_path: str | None = Field(default=None, alias="filePath")
    line: int | None = None
    retries: int | None = None
    flaky: bool | None = None


class _Results(_Part):
    tool: _Tool
    summary: _Summary
    tests: list[_Test] = Field(max_length=MAX_CASES)


class _Root(_Part):
    report_format: Literal["CTRF"] = Field(default="CTRF", alias="reportFormat")
    results: _Results


class CtrfReport(_Part):
    """A report's test cases, unredacted, and whose it is, where that is known."""

    cases: list[TestCase]
    framework: str | None


def parse_ctrf(content: bytes) -> CtrfReport:
    """Return what a report tells.

    Raises `InvalidInput` when it is malformed or no CTRF report.
    """
    try:
        results = _Root.model_validate_json(content).results
    except ValidationError as error:
        raise InvalidInput("The file is not a CTRF report.", code="bad_ctrf") from error
    tool = results.tool.name.lower()
    framework = (FRAMEWORKS[tool] or tool) if tool in FRAMEWORKS else None
    return CtrfReport(cases=[_case(test) for test in results.tests], framework=framework)


def _case(test: _Test) -> TestCase:
    suite = " > ".join(test.suite) if isinstance(test.suite, list) else test.suite
    is_flaky = bool(test.flaky) and test.status == "passed"
    return TestCase.model_validate(
        {
            "test_id": _test_id(test.name, suite)[:MAX_ID_CHARS],
            "outcome": OUTCOMES[test.status],
            "duration_ms": _bounded(test.duration),
            "message": (test.message or test.trace or "")[:MAX_MESSAGE_CHARS],
            "file_path": test.file_path or None,
            "line": test.line if test.line is not None and 0 <= test.line < 10**9 else None,
            "suite": suite or None,
            # One that passed after it failed was tried twice at least.
            "retries": max(_bounded(test.retries or 0), int(is_flaky)),
            "is_flaky": is_flaky,
        }
    )


def _test_id(name: str, suite: str | None) -> str:
    return f"{suite}::{name}" if suite and not name.startswith(suite) else name


def _bounded(number: float) -> int:
    # `not >` also holds for what is no number.
    return min(round(number), MAX_SAFE_INTEGER) if 0 < number < float("inf") else 0
