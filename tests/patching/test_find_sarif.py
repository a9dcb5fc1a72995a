"""SARIF files of any tool are read, and what we write is read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchtrail.contract.errors import InvalidInput
from patchtrail.patching.finding import Finding, ToolEdit, ToolFix
from patchtrail.patching.sarif import read_sarif
from patchtrail.patching.sarif_writing import sarif_of

ROOTS = (Path("/project"), Path("/real/project"))
TEXT = "one\ntwo 😀 three\nfour\n"
AT = {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 2}}


def result(**fields: object) -> dict[str, object]:
    """Return a result in `a.py`, with other fields where given."""
    return {"ruleId": "R1", "message": {"text": "m"}, "locations": [{"physicalLocation": AT}], **fields}


def located(**fields: object) -> dict[str, object]:
    """Return a result at an artifact location."""
    return result(locations=[{"physicalLocation": {"artifactLocation": fields, "region": {"startLine": 2}}}])


def check(*results: dict[str, object], **run: object) -> tuple[Finding, ...]:
    """Read a file with one run."""
    tool = {"driver": {"name": "Ruff", "rules": run.pop("rules", [])}}
    log = {"version": "2.1.0", "runs": [{"tool": tool, "results": list(results), **run}]}
    return read_sarif(json.dumps(log).encode(), ROOTS, lambda path: TEXT if path == "a.py" else None)


@pytest.mark.parametrize(
    ("location", "bases", "path"),
    [
        ({"uri": "src/a%20b.py"}, {}, "src/a b.py"),
        ({"uri": "src/../a.py"}, {}, "a.py"),
        ({"uri": "file:///project/src/a.py"}, {}, "src/a.py"),
        ({"uri": "file:///real/project/a.py"}, {}, "a.py"),
        ({"uri": "a.py", "uriBaseId": "%SRCROOT%"}, {}, "a.py"),
        ({"uri": "a.py", "uriBaseId": "SRC"}, {"SRC": {"uri": "src/", "uriBaseId": "ROOT"}}, "src/a.py"),
        ({"uri": "a.py", "uriBaseId": "SRC"}, {"SRC": {"uri": "file:///project/lib/"}}, "lib/a.py"),
        ({"index": 1}, {}, "second.py"),
        ({"uri": "../outside.py"}, {}, None),
        ({"uri": "file:///etc/passwd"}, {}, None),
        ({"uri": "/projects/a.py"}, {}, None),
        ({"uri": "https://example.org/a.py"}, {}, None),
        ({"uri": "a.py", "uriBaseId": "X"}, {"X": {"uri": "x/", "uriBaseId": "X"}}, "x/" * 20 + "a.py"),
    ],
)
def test_a_location_leads_to_a_file(location: dict[str, object], bases: dict[str, object], path: str | None) -> None:
    """Relative, absolute and based URIs lead to a file below the root, and none leads out of it."""
    artifacts = [{"location": {"uri": "first.py"}}, {"location": {"uri": "second.py"}}]
    found = check(located(**location), originalUriBaseIds=bases, artifacts=artifacts)

    assert [one.file_path for one in found] == ([path] if path else [])


@pytest.mark.parametrize(
    "fields",
    [{"kind": "pass"}, {"kind": "notApplicable"}, {"suppressions": [{"kind": "inSource"}]}, {"baselineState": "absent"},
     {"locations": []}],
)  # fmt: skip
def test_what_is_no_failure_is_left_out(fields: dict[str, object]) -> None:
    """Passes, suppressed results and those that are gone are no findings."""
    assert check(result(**fields)) == ()


def test_rules_lend_their_words() -> None:
    """A message by its id takes the rule's text and its arguments; a missing level is the rule's own."""
    rule = {
        "id": "R7",
        "messageStrings": {"default": {"text": "{0} hides {1} in {{x}}"}},
        "defaultConfiguration": {"level": "error"},
    }
    told = {"message": {"id": "default", "arguments": ["a", "b"]}, "ruleIndex": 0, "ruleId": None}
    (one,) = check(result(**told), rules=[rule])

    assert (one.rule_id, one.message, one.severity) == ("R7", "a hides b in {x}", "error")


@pytest.mark.parametrize(("kind", "character"), [("unicodeCodePoints", 7), ("utf16CodeUnits", 6), (None, 7)])
def test_columns_are_of_the_kind_that_the_run_says(kind: str | None, character: int) -> None:
    """Columns are characters unless the run says UTF-16, and a region without an end goes to the end of its line."""
    place = {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 2, "startColumn": 7}}
    extra = {"columnKind": kind} if kind else {}
    (one,) = check(result(locations=[{"physicalLocation": place}]), **extra)

    assert (one.line, one.character, one.end_line, one.end_character) == (2, character, 2, len("two ## three"))


def test_a_fix_of_one_file_comes_along() -> None:
    """A fix within the finding's own file becomes edits, never called safe; one in other files is left out."""
    region = {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 4}
    changes = [{"replacements": [{"deletedRegion": region, "insertedContent": {"text": "eins"}}]}]
    here, there = ([{**changes[0], "artifactLocation": {"uri": path}}] for path in ("a.py", "b.py"))
    fixed, unfixed = check(
        result(fixes=[{"description": {"text": "Do it"}, "artifactChanges": here}]),
        result(fixes=[{"artifactChanges": there}]),
    )

    assert fixed.fix == ToolFix("Do it", is_safe=False, edits=(ToolEdit(1, 0, 1, 3, "eins"),))
    assert unfixed.fix is None


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"", "the top"),
        (b"[]", "the top"),
        (b'{"version": "2.1.0"}', "runs"),
        (b'{"version": "2.0.0", "runs": []}', "at version"),
        (b'{"version": "2.1.0", "runs": [{"tool": {"driver": {}}}]}', r"runs\.0\.tool\.driver\.name"),
        (json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": [{}]}]}).encode(),
         r"runs\.0\.results\.0\.message"),
    ],
)  # fmt: skip
def test_what_is_no_sarif_is_refused(content: bytes, where: str) -> None:
    """A file that is not SARIF 2.1.0 is refused by the place where it is not."""
    with pytest.raises(InvalidInput, match=where):
        read_sarif(content, ROOTS, lambda _: None)


spots = st.tuples(st.integers(1, 3), st.integers(0, 2))
written = st.builds(
    lambda tool, rule, message, path, spot, severity, fix: Finding(
        tool, rule, message, path, *spot, spot[0], spot[1] + 1, severity, fix=fix
    ),
    st.sampled_from(["ruff", "mypy"]),
    st.sampled_from(["F401", "D100"]),
    st.text(min_size=1, max_size=30),
    st.sampled_from(["a.py", "src/ä b.py", "c#d.py", "100%.py"]),
    spots,
    st.sampled_from(["error", "warning", "information", "hint"]),
    st.sampled_from([None, ToolFix("Fix", False, (ToolEdit(1, 0, 2, 1, "x"),))]),
)


@given(st.lists(written, max_size=6))
def test_what_is_written_is_read_back(findings: list[Finding]) -> None:
    """Findings survive SARIF: place, rule, message, severity and fix."""
    content = json.dumps(sarif_of(findings)).encode()

    assert sorted(map(repr, read_sarif(content, ROOTS, lambda _: None))) == sorted(map(repr, findings))
