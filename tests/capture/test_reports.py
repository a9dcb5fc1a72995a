"""JUnit reports and terminal output become plain facts."""

from __future__ import annotations

from pathlib import Path

import pytest

from patchtrail.capture.junit import read_junit, totals_of
from patchtrail.capture.terminal import plain_text
from patchtrail.contract.errors import InvalidInput

REPORT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest" tests="5" failures="1" errors="1" skipped="1">
<testcase classname="tests.test_a" name="test_ok" time="0.012"/>
<testcase classname="tests.test_a.TestB" name="test_bad[x-1]" time="nan"><failure message="1 == 2"/></testcase>
<testcase classname="tests.test_a" name="test_subtests"><failure message="first"/><failure message="second"/></testcase>
<testcase name="test_error"><error>no message</error></testcase>
<testcase classname="" name="test_skipped"><skipped message="why"/></testcase>
</testsuite></testsuites>
"""


def test_report(tmp_path: Path) -> None:
    """Cases come with id, outcome, duration and message; subtests keep all their messages."""
    (tmp_path / "r.xml").write_text(REPORT)
    cases = read_junit(tmp_path / "r.xml")

    assert [(case.test_id, case.outcome, case.duration_ms, case.message) for case in cases] == [
        ("tests.test_a::test_ok", "passed", 12, ""),
        ("tests.test_a.TestB::test_bad[x-1]", "failed", 0, "1 == 2"),
        ("tests.test_a::test_subtests", "failed", 0, "first\nsecond"),
        ("test_error", "error", 0, "no message"),
        ("test_skipped", "skipped", 0, "why"),
    ]
    assert totals_of(cases).model_dump() == {"tests": 5, "passed": 1, "failed": 2, "errors": 1, "skipped": 1}


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><testsuite><testcase name="&b;"/></testsuite>'


ODD_ENCODING = '<?xml version="1.0" encoding="nope"?><testsuite/>'


@pytest.mark.parametrize("content", ["", "<html></html>", "<testsuite><testcase", BOMB, ODD_ENCODING])
def test_what_is_no_report(tmp_path: Path, content: str) -> None:
    """A file that is no report, or an attack, is refused; the exit code then has to do."""
    (tmp_path / "r.xml").write_text(content)
    with pytest.raises(InvalidInput):
        read_junit(tmp_path / "r.xml")


def test_no_report(tmp_path: Path) -> None:
    """A run that wrote no report is said."""
    with pytest.raises(InvalidInput, match="wrote no JUnit report"):
        read_junit(tmp_path / "r.xml")


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;https://x\x07link\x1b]8;;\x07", "link"),
        ("\x1b]633;A\x1b\\prompt", "prompt"),
        ("pass\x1b[1mword", "password"),
        ("10%\r50%\r100%\n", "100%\n"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("bell\x07 and \x00nul", "bell and nul"),
        ("tab\tstays", "tab\tstays"),
        ("\x1b(Balice", "alice"),
        ("a\x08al\x08li\x08ic\x08ce\x08e", "alice"),
        ("cut \ud83d", "cut \ufffd"),
        ("whole \ud83d\udc1b", "whole \U0001f41b"),
    ],
)
def test_output(output: str, text: str) -> None:
    """Output is what a person would read: nothing hides behind colours or overwritten lines."""
    assert plain_text(output) == text
