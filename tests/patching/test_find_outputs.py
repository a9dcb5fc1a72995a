"""What tools print becomes findings, whatever a tool counts lines and columns by."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchtrail.contract.errors import InvalidInput
from patchtrail.patching.diagnostics import finding_of_diagnostic, tool_of_source
from patchtrail.patching.finding import Finding
from patchtrail.patching.ruff_findings import ruff_findings
from patchtrail.patching.sarif import read_sarif
from patchtrail.patching.tool_output import eslint_findings, mypy_findings, pyright_findings, tsc_findings
from patchtrail.patching.utf16 import utf16_of_bytes, utf16_of_characters

OUTPUTS = Path(__file__).parent / "tool_outputs"
GOLDEN = OUTPUTS / "expected.json"
ROOTS = (Path("/project"),)
NAMES = sorted(path.name for path in OUTPUTS.iterdir() if path.name != GOLDEN.name and len(path.suffixes) == 1)


def read(path: str) -> str | None:
    """Read a file of the project that the outputs are of."""
    file = OUTPUTS / f"{path}.txt"
    return file.read_text() if file.is_file() else None


def findings(name: str, printed: bytes | None = None) -> tuple[Finding, ...]:
    """Read an output by the tool that its name says."""
    content = (OUTPUTS / name).read_bytes() if printed is None else printed
    if name.endswith(".sarif"):
        return read_sarif(content, ROOTS, read)
    if name.startswith("ruff"):
        return ruff_findings(content, ROOTS, read)
    if name.startswith("mypy"):
        return mypy_findings(content, ROOTS, read)
    if name.startswith("eslint"):
        return eslint_findings(content, ROOTS, read)
    return tsc_findings(content, ROOTS) if name.startswith("tsc") else pyright_findings(content, ROOTS)


@pytest.mark.parametrize("name", NAMES)
def test_an_output_is_read(name: str, request: pytest.FixtureRequest) -> None:
    """Each tool's output gives the findings that stand in the golden file."""
    found = [{key: value for key, value in asdict(one).items() if value} for one in findings(name)]
    expected = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    if request.config.getoption("--update"):
        GOLDEN.write_text(json.dumps({**expected, name: found}, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
        expected[name] = json.loads(json.dumps(found))

    assert json.loads(json.dumps(found)) == expected[name]
    assert found


@pytest.mark.parametrize(
    ("name", "rule", "told"),
    [
        ("ruff.json", "F821", "undefined"),
        ("ruff.sarif", "F821", "undefined"),
        ("pyright.json", "reportAssignmentType", "LABEL"),
        ("eslint.json", "eqeqeq", "=="),
        ("tsc.txt", "TS6133", "unused"),
    ],
)
def test_columns_are_utf16(name: str, rule: str, told: str) -> None:
    """A finding behind an emoji begins at the very word that it is about, in the units of the editor's documents."""
    one = next(one for one in findings(name) if one.rule_id == rule)
    text = 'import { name } from "./b";\nconst unused = 1;\n' if name == "tsc.txt" else read(one.file_path)
    units = text.split("\n")[one.line - 1].encode("utf-16-le")

    assert units[2 * one.character :].decode("utf-16-le").startswith(told)


def test_two_formats_of_one_tool_agree() -> None:
    """Ruff's JSON and Ruff's SARIF tell of the same findings at the same places."""
    places = [
        {(one.tool, one.rule_id, one.message, one.file_path, one.line, one.character) for one in findings(name)}
        for name in ("ruff.json", "ruff.sarif")
    ]

    assert places[0] == places[1]


def test_a_fix_of_ruff_applies() -> None:
    """Ruff's own edits, taken as they stand in the finding, take the unused import away."""
    one = next(one for one in findings("ruff.json") if one.rule_id == "F401" and "`sys`" in one.message)
    edit = one.fix.edits[0]
    lines = read(one.file_path).splitlines(keepends=True)

    assert one.fix.is_safe
    assert "".join(lines[edit.line - 1 : edit.end_line - 1]) == "import sys\n"
    assert (edit.character, edit.end_character, edit.text) == (0, 0, "")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "tsc.txt"])
@pytest.mark.parametrize("content", [b"Segmentation fault", b"{", b'{"a": 1}', b"[1]", b'[{"filename": 3}]'])
def test_nonsense_is_refused(name: str, content: bytes) -> None:
    """What a tool never prints is refused with a sentence that says so, not read as no finding."""
    with pytest.raises(InvalidInput, match="Not"):
        findings(name, content)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """No output makes a reader fail in any other way."""
    for name in NAMES:
        try:
            findings(name, content)
        except InvalidInput:
            continue


@given(st.text(st.sampled_from("aé€😀🐛"), max_size=20), st.integers(0, 20))
def test_columns_agree(text: str, at: int) -> None:
    """Columns of characters and of bytes lead to the same unit, and that is as many as the text before has."""
    before = text[:at]
    units = len(before.encode("utf-16-le")) // 2

    assert utf16_of_characters([text], 1, len(before)) == units
    assert utf16_of_bytes([text], 1, len(before.encode())) == units


@pytest.mark.parametrize(
    ("source", "tool"),
    [("Ruff", "ruff"), ("Pylance", "pyright"), ("basedpyright", "pyright"), ("Mypy", "mypy"), ("ts", "tsc"),
     ("eslint", "eslint"), ("My Linter", "my"), (None, "unknown"), ("", "unknown")],
)  # fmt: skip
def test_a_source_names_its_tool(source: str | None, tool: str) -> None:
    """The source of a diagnostic leads to the tool that can check it again."""
    assert tool_of_source(source) == tool


def test_a_diagnostic_is_a_finding() -> None:
    """Lines count from 1 in a finding, TypeScript's numbers get their letters back, and severities their words."""
    one = finding_of_diagnostic(
        source="ts", code=2304, message="Cannot find name 'x'.", file_path="a.ts", start=(4, 2), end=(4, 3), severity=2
    )

    assert (one.tool, one.rule_id, one.severity) == ("tsc", "TS2304", "warning")
    assert (one.line, one.character, one.end_line, one.end_character) == (5, 2, 5, 3)
    assert one.fix is None
