"""Reports and outputs of many tools, as they are in the wild (tests/capture/reports), become plain facts."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from patchtrail.capture.ctrf import parse_ctrf
from patchtrail.capture.junit import parse_junit, totals_of
from patchtrail.capture.terminal import plain_text
from patchtrail.capture.test_output import read_test_output
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.events import TestCase as Case
from patchtrail.contract.events import TestTotals as Totals

REPORTS = Path(__file__).with_name("reports")
EXPECTED = REPORTS / "expected.json"
NAMES = sorted(path.name for path in REPORTS.iterdir() if path != EXPECTED)


def told_by(path: Path) -> dict[str, Any]:
    """Read one file by what its name says that it is."""
    content = path.read_bytes()
    if path.suffix == ".xml":
        junit = parse_junit(io.BytesIO(content))
        return facts(junit.framework, totals_of(junit.cases), junit.cases)
    if path.suffix == ".json":
        ctrf = parse_ctrf(content)
        return facts(ctrf.framework, totals_of(ctrf.cases), ctrf.cases)
    output = read_test_output(plain_text(content.decode()), None)
    assert output is not None, path
    return facts(output.framework, output.totals, output.cases)


def facts(framework: str | None, totals: Totals | None, cases: list[Case]) -> dict[str, Any]:
    """Return what is compared; of a message the first line."""
    shown = [case.model_copy(update={"message": case.message.strip().split("\n")[0]}) for case in cases]
    return {
        "framework": framework,
        "totals": totals.model_dump() if totals else None,
        "cases": [case.model_dump(exclude_defaults=True) for case in shown],
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_report(name: str, request: pytest.FixtureRequest) -> None:
    """A tool's own report gives its framework, each test with its outcome, and what was retried or flaky."""
    told = told_by(REPORTS / name)
    expected = json.loads(EXPECTED.read_text()) if EXPECTED.exists() else {}
    if request.config.getoption("--update"):
        expected[name] = told
        EXPECTED.write_text(json.dumps(expected, indent=1, sort_keys=True, ensure_ascii=False) + "\n")

    assert told == expected[name]


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(".txt")])
def test_an_output_is_nobody_elses(name: str) -> None:
    """The output of one framework is not taken for that of another, and a half of it for nothing at all."""
    text = plain_text((REPORTS / name).read_text())
    whose = read_test_output(text, None)
    others = {"unittest", "jest", "vitest", "go", "cargo", "cargo-nextest", "node", "mocha", "rspec", "phpunit"}

    assert whose is not None
    assert [one for one in others - {whose.framework} if read_test_output(text, one) is not None] == []
    assert read_test_output("\n".join(text.split("\n")[:3]), None) is None


@pytest.mark.parametrize(
    "text", ["", "make: *** [test] Error 1\n", "Tests: many\nOK\n", "FAIL\n", "9 passing thoughts"]
)
def test_no_output_of_tests(text: str) -> None:
    """What is no summary of any framework says nothing."""
    assert read_test_output(text, None) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"results": {"tool": {"name": "x"}, "tests": []}}',
        b'{"reportFormat": "other", "results": {}}',
        b"[" * 100_000,
        b'{"results": {"tool": {"name": "x"}, "summary": {"tests": 1, "passed": 1, "failed": 0, "skipped": 0, '
        b'"pending": 0, "other": 0}, "tests": [{"name": "a", "status": "great", "duration": 1}]}}',
    ],
)
def test_no_ctrf_report(content: bytes) -> None:
    """JSON that is no CTRF report is refused whole: a half-understood report would be a wrong one."""
    with pytest.raises(InvalidInput):
        parse_ctrf(content)


BOMB = b"<!DOCTYPE x [" + b"".join(
    b'<!ENTITY e%d "%s">' % (number, b"&e%d;" % (number - 1) * 10 if number else b"ha" * 10) for number in range(9)
)
ATTACKS = {
    "billion laughs": BOMB + b"]><testsuites><testcase name='&e8;'/></testsuites>",
    "external entity": b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><testsuite name="&e;"/>',
    "cut off": b"<testsuites><testsuite><testcase name='a'/>",
    "not a report": b"<project><testcase name='a'/></project>",
    "odd encoding": b'<?xml version="1.0" encoding="nope"?><testsuite/>',
    "no text at all": bytes(range(256)),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks(name: str) -> None:
    """A bomb, a file of somebody else's, and what is broken are refused."""
    with pytest.raises(InvalidInput):
        parse_junit(io.BytesIO(ATTACKS[name]))


def test_numbers_that_are_none() -> None:
    """Times and lines that no number can be are left at zero or open, and never raise."""
    report = b'<testsuite><testcase name="a" time="inf" line="-1"/><testcase name="b" time="1e999" line="9999999999"/>'
    report += b"</testsuite>"

    assert [(case.duration_ms, case.line) for case in parse_junit(io.BytesIO(report)).cases] == [(0, None), (0, None)]


def test_nested_deeply_and_long() -> None:
    """Suites within suites, and a message of megabytes, are read; of the message as much as anybody could need."""
    nested = b"<testsuite>" * 5_000 + b'<testcase name="a"/>' + b"</testsuite>" * 5_000
    long = b'<testsuite><testcase name="a"><failure>' + b"x" * 5_000_000 + b"</failure></testcase></testsuite>"

    assert len(parse_junit(io.BytesIO(nested)).cases) == 1
    assert len(parse_junit(io.BytesIO(long)).cases[0].message) == 20_000


def test_the_goldens_name_no_machine() -> None:
    """Golden reports are of a project that could be anybody's."""
    assert [name for name in NAMES if os.fspath(Path.home()) in (REPORTS / name).read_text()] == []
