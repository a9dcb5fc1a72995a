"""What `go test -json` tells (test2json), and Go's own cover profiles."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.events import TestCase

__all__ = ["GoReport", "go_cover", "is_go_report", "parse_go"]

MAX_LINES = 2_000_000
MAX_MESSAGE_CHARS = 2_000
OUTCOMES = {"pass": "passed", "fail": "failed", "skip": "skipped"}
NOT_BUILT = re.compile(r"FAIL\t(\S+) \[((?:build|setup) failed)\]")
BLOCK = re.compile(r"(.+):(\d+)\.\d+,(\d+)\.\d+ \d+ (\d+)")
GoReport = tuple[list[TestCase], str]


def is_go_report(content: bytes) -> bool:
    """Return whether a report looks like one of Go."""
    return content.startswith((b'{"Time":', b'{"Action":', b'{"ImportPath":', b"FAIL\t"))


def parse_go(content: bytes) -> GoReport:
    """Return the cases by `package::Test/subtest`, and what was printed; a package that was not built is an error.

    Raises `InvalidInput` where it tells more than can be read.
    """
    cases: dict[str, TestCase] = {}
    said: dict[str, list[str]] = {}
    printed = list[str]()
    for count, (line, told) in enumerate(_lines(content)):
        if count > MAX_LINES:
            raise InvalidInput("The report is too long.", code="bad_go")
        if told is None:
            printed.append(line)
            if found := NOT_BUILT.match(line):
                cases[found[1]] = _case(found[1], "error", 0, found[2])
            continue
        test_id = f"{told.get('Package', '')}::{told['Test']}" if told.get("Test") else str(told.get("Package", ""))
        if told.get("Action") == "output":
            printed.append(str(told.get("Output", "")).removesuffix("\n"))
            said.setdefault(test_id, []).append(str(told.get("Output", "")))
            if found := NOT_BUILT.match(str(told.get("Output", ""))):
                cases[found[1]] = _case(found[1], "error", 0, found[2])
        elif told.get("Action") in OUTCOMES and told.get("Test"):
            message = "".join(said.get(test_id, ())) if told["Action"] == "fail" else ""
            cases[test_id] = _case(test_id, OUTCOMES[told["Action"]], told.get("Elapsed"), message)
    return list(cases.values()), "\n".join(printed)


def go_cover(content: bytes) -> Iterator[tuple[str, int, int]]:
    """Yield file, line and hits of a cover profile; files are named by their package's path."""
    for line in content.decode("utf-8", "replace").splitlines():
        if found := BLOCK.fullmatch(line):
            for number in range(int(found[2]), min(int(found[3]), int(found[2]) + MAX_LINES) + 1):
                yield found[1], number, int(found[4])


def _lines(content: bytes) -> Iterator[tuple[str, dict[str, Any] | None]]:
    for line in content.decode("utf-8", "replace").splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            told = None
        yield line, told if isinstance(told, dict) else None


def _case(test_id: str, outcome: str, seconds: object, message: str) -> TestCase:
    # Half a surrogate pair, which JSON can hold, is no text.
    test_id, message = (one.encode("utf-8", "replace").decode() for one in (test_id, message))
    is_number = isinstance(seconds, int | float) and 0 <= seconds < 1e9
    return TestCase.model_validate(
        {
            "test_id": test_id,
            "outcome": outcome,
            "duration_ms": round(seconds * 1000) if is_number else 0,  # type: ignore[operator]  # asked just before
            "message": message[-MAX_MESSAGE_CHARS:],
            "suite": test_id.partition("::")[0],
        }
    )
