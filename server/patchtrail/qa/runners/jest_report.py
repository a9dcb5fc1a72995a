"""Jest's own JSON (`--json`), because a JUnit report of Jest needs a package that a project may not have."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.events import TestCase

__all__ = ["parse_jest"]

MAX_MESSAGE_CHARS = 2_000
OUTCOMES: dict[str, Literal["passed", "failed", "skipped"]] = {"passed": "passed", "failed": "failed"}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class _Assertion(_Part):
    title: str
    status: str
    ancestors: list[str] = Field(default=[], alias="ancestorTitles")
    duration: float | None = None
    messages: list[str] = Field(default=[], alias="failureMessages")


class _File(_Part):
    name: str
    status: str
    message: str = ""
    assertions: list[_Assertion] = Field(alias="assertionResults")


class _Root(_Part):
    files: list[_File] = Field(alias="testResults")


def parse_jest(content: bytes, root: str) -> list[TestCase]:
    """Return the cases of a report, by `file::suite > test`; raises `InvalidInput` where it is none."""
    try:
        told = _Root.model_validate_json(content)
    except ValidationError as error:
        raise InvalidInput("The file is no report of Jest.", code="bad_jest") from error
    return [case for file in told.files for case in _cases(file, file.name.removeprefix(f"{root}/"))]


def _cases(file: _File, path: str) -> list[TestCase]:
    if not file.assertions and file.status == "failed":
        message = file.message[:MAX_MESSAGE_CHARS]
        return [TestCase(test_id=path, outcome="error", duration_ms=0, message=message, file_path=path)]
    return [
        TestCase(
            test_id=f"{path}::{' > '.join([*one.ancestors, one.title])}",
            outcome=OUTCOMES.get(one.status, "skipped"),
            duration_ms=max(0, round(one.duration or 0)),
            message="\n".join(one.messages)[:MAX_MESSAGE_CHARS],
            file_path=path,
        )
        for one in file.assertions
    ]
