"""Findings in what `ruff check --output-format json` prints, with Ruff's own fixes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from patchtrail.contract.errors import InvalidInput
from patchtrail.patching.finding import Finding, Severity, ToolEdit, ToolFix
from patchtrail.patching.told_paths import relative_path
from patchtrail.patching.utf16 import utf16_of_characters
from patchtrail.text import split_lines

__all__ = ["ReadText", "ruff_findings"]

ReadText = Callable[[str], str | None]
SYNTAX_RULE = "invalid-syntax"
ERRORS = ("F821", "F822", "F823", "E9", SYNTAX_RULE)
"""As Ruff's own language server weighs them; everything else is a warning."""


class _Place(BaseModel):
    row: int
    column: int


class _Edit(BaseModel):
    content: str
    location: _Place
    end_location: _Place


class _Fix(BaseModel):
    applicability: str
    message: str | None = None
    edits: list[_Edit]


class _Diagnostic(BaseModel):
    code: str | None = None
    cell: int | None = None
    filename: str
    message: str
    location: _Place
    end_location: _Place
    fix: _Fix | None = None


PRINTED = TypeAdapter(list[_Diagnostic])


def ruff_findings(printed: bytes, roots: tuple[Path, ...], read: ReadText) -> tuple[Finding, ...]:
    """Return the findings in files below the roots, in Ruff's order; `read` gives a file's text by its relative path.

    Raises `InvalidInput` when this is not what Ruff prints.
    """
    try:
        diagnostics = PRINTED.validate_json(printed)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InvalidInput(
            f"Not Ruff's JSON: {first['msg']} at {list(first['loc'])}.", code="bad_ruff_output"
        ) from error
    lines: dict[str, list[str]] = {}
    findings = []
    for one in diagnostics:
        path = relative_path(one.filename, roots)
        if path is None:
            continue
        if path not in lines:
            lines[path] = split_lines(read(path) or "")
        findings.append(_finding(one, path, lines[path]))
    return tuple(findings)


def _finding(one: _Diagnostic, path: str, lines: Sequence[str]) -> Finding:
    rule = one.code or SYNTAX_RULE
    severity: Severity = "error" if rule.startswith(ERRORS) else "warning"
    return Finding(
        tool="ruff",
        rule_id=rule,
        message=one.message,
        file_path=path,
        line=one.location.row,
        character=_character(one.location, lines),
        end_line=one.end_location.row,
        end_character=_character(one.end_location, lines),
        severity=severity,
        fix=_fix(one, lines),
    )


def _fix(one: _Diagnostic, lines: Sequence[str]) -> ToolFix | None:
    # Rows of a notebook count within a cell; a fix for display only is not meant to be applied.
    if one.fix is None or one.cell is not None or one.fix.applicability not in ("safe", "unsafe"):
        return None
    edits = tuple(
        ToolEdit(
            line=edit.location.row,
            character=_character(edit.location, lines),
            end_line=edit.end_location.row,
            end_character=_character(edit.end_location, lines),
            text=edit.content,
        )
        for edit in one.fix.edits
    )
    return ToolFix(one.fix.message or f"Fix {one.code}", one.fix.applicability == "safe", edits)


def _character(place: _Place, lines: Sequence[str]) -> int:
    return utf16_of_characters(lines, place.row, place.column - 1)
