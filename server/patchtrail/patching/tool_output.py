"""Findings in what mypy, pyright, tsc and eslint print."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from patchtrail.contract.errors import InvalidInput
from patchtrail.patching.finding import Finding, Severity, ToolEdit, ToolFix
from patchtrail.patching.ruff_findings import ReadText
from patchtrail.patching.told_paths import relative_path
from patchtrail.text import split_lines

__all__ = ["eslint_findings", "mypy_findings", "pyright_findings", "tsc_findings"]

Read = TypeVar("Read")
MYPY_LINE = re.compile(
    r"(?P<path>.+?):(?P<line>\d+):(?:(?P<column>\d+):)?(?:(?P<end_line>\d+):(?P<end_column>\d+):)? "
    r"(?P<severity>error|note): (?P<message>.*?)(?:  \[(?P<code>[a-z0-9-]+)\])?"
)
TSC_LINE = re.compile(
    r"(?P<path>.+)\((?P<line>\d+),(?P<column>\d+)\): (?P<severity>error|warning) (?P<code>TS\d+): (?P<message>.*)"
)
PYRIGHT_SEVERITIES: dict[str, Severity] = {"error": "error", "warning": "warning"}
UNUSED_DISABLE = "unused-disable-directive"


def mypy_findings(printed: bytes, roots: tuple[Path, ...], read: ReadText) -> tuple[Finding, ...]:
    """Return mypy's errors; notes only explain them.

    Raises `InvalidInput` when something was printed and none of it is mypy's.
    """
    lines = _told_lines(printed)
    matches = [match for line in lines if (match := MYPY_LINE.fullmatch(line))]
    if lines and not matches:
        raise InvalidInput(f"Not mypy's output: {lines[0][:200]}", code="bad_tool_output")
    texts: dict[str, list[str]] = {}
    findings = []
    for match in matches:
        path = relative_path(match["path"], roots)
        if path is None or match["severity"] == "note":
            continue
        if path not in texts:
            texts[path] = split_lines(read(path) or "")
        line, end_line = int(match["line"]), int(match["end_line"] or 0)
        start, end = _mypy_columns(match, texts[path])
        findings.append(
            Finding(
                tool="mypy",
                rule_id=match["code"] or "misc",
                message=match["message"],
                file_path=path,
                line=line,
                character=start,
                end_line=end_line,
                end_character=end if end_line else 0,
                severity="error",
            )
        )
    return tuple(findings)


def _mypy_columns(match: re.Match[str], lines: Sequence[str]) -> tuple[int, int]:
    """Return where a finding begins and ends in its first and last line.

    Beyond ASCII mypy's columns are bytes, characters, or neither, by its version: there the whole line is meant.
    """
    first, last = _line(lines, int(match["line"])), _line(lines, int(match["end_line"] or match["line"]))
    start = int(match["column"] or 1) - 1 if first.isascii() else len(first) - len(first.lstrip())
    # The end's column is the last character's, from 1: as an end that is excluded it counts from 0.
    end = int(match["end_column"] or 0) if last.isascii() else _units(last)
    return start, end


def _line(lines: Sequence[str], number: int) -> str:
    return lines[number - 1].rstrip("\r\n") if 1 <= number <= len(lines) else ""


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def tsc_findings(printed: bytes, roots: tuple[Path, ...]) -> tuple[Finding, ...]:
    """Return what `tsc --pretty false` reports in files; indented lines go on with the message above."""
    findings: list[Finding] = []
    is_own = False
    for line in _told_lines(printed):
        match = TSC_LINE.fullmatch(line)
        if match is None:
            if is_own and line.startswith(" ") and findings:
                findings[-1] = replace(findings[-1], message=f"{findings[-1].message}\n{line}")
            continue
        path = relative_path(match["path"], roots)
        is_own = path is not None
        if path is not None:
            findings.append(
                Finding(
                    tool="tsc",
                    rule_id=match["code"],
                    message=match["message"],
                    file_path=path,
                    line=int(match["line"]),
                    character=int(match["column"]) - 1,
                    severity="error" if match["severity"] == "error" else "warning",
                )
            )
    return tuple(findings)


class _Position(BaseModel):
    line: int
    character: int


class _Range(BaseModel):
    start: _Position
    end: _Position


class _PyrightDiagnostic(BaseModel):
    file: str
    severity: str
    message: str
    rule: str | None = None
    range: _Range | None = None


class _PyrightOutput(BaseModel):
    diagnostics: list[_PyrightDiagnostic] = Field(alias="generalDiagnostics")


def pyright_findings(printed: bytes, roots: tuple[Path, ...]) -> tuple[Finding, ...]:
    """Return the diagnostics of `pyright --outputjson`; one without a rule is a syntax error."""
    told = _validated(TypeAdapter(_PyrightOutput), printed, "pyright's")
    paths = [relative_path(one.file, roots) for one in told.diagnostics]
    return tuple(
        Finding(
            tool="pyright",
            rule_id=one.rule or "syntax",
            message=one.message,
            file_path=path,
            line=one.range.start.line + 1 if one.range else 1,
            character=one.range.start.character if one.range else 0,
            end_line=one.range.end.line + 1 if one.range else 0,
            end_character=one.range.end.character if one.range else 0,
            severity=PYRIGHT_SEVERITIES.get(one.severity, "information"),
        )
        for one, path in zip(told.diagnostics, paths, strict=True)
        if path is not None
    )


class _EslintFix(BaseModel):
    range: tuple[int, int]
    text: str


class _EslintMessage(BaseModel):
    ruleId: str | None = None  # noqa: N815 -- ESLint's name
    severity: Literal[0, 1, 2]
    message: str
    line: int | None = None
    column: int | None = None
    endLine: int | None = None  # noqa: N815 -- ESLint's name
    endColumn: int | None = None  # noqa: N815 -- ESLint's name
    fatal: bool = False
    fix: _EslintFix | None = None


class _EslintFile(BaseModel):
    filePath: str  # noqa: N815 -- ESLint's name
    messages: list[_EslintMessage]


def eslint_findings(printed: bytes, roots: tuple[Path, ...], read: ReadText) -> tuple[Finding, ...]:
    """Return the messages of `eslint -f json`, with its fixes; a fatal one is a syntax error."""
    findings = []
    for file in _validated(TypeAdapter(list[_EslintFile]), printed, "eslint's"):
        path = relative_path(file.filePath, roots)
        if path is None:
            continue
        text = read(path)
        findings += [_eslint_finding(one, path, text) for one in file.messages if one.line is not None or one.fatal]
    return tuple(findings)


def _eslint_finding(one: _EslintMessage, path: str, text: str | None) -> Finding:
    return Finding(
        tool="eslint",
        rule_id=one.ruleId or ("syntax" if one.fatal else UNUSED_DISABLE),
        message=one.message,
        file_path=path,
        line=one.line or 1,
        character=(one.column or 1) - 1,
        end_line=one.endLine or 0,
        end_character=(one.endColumn or 1) - 1,
        severity="error" if one.severity == 2 else "warning",
        fix=_eslint_fix(one.fix, one.ruleId or UNUSED_DISABLE, text) if one.fix and text is not None else None,
    )


def _eslint_fix(fix: _EslintFix, rule: str, text: str) -> ToolFix | None:
    units = text.encode("utf-16-le", "surrogatepass")
    start, end = fix.range
    if not 0 <= start <= end <= len(units) // 2:
        return None
    (line, character), (end_line, end_character) = _place(units, start), _place(units, end)
    return ToolFix(f"Fix {rule}", True, (ToolEdit(line, character, end_line, end_character, fix.text),))


def _place(units: bytes, offset: int) -> tuple[int, int]:
    before = units[: offset * 2].decode("utf-16-le", "surrogatepass")
    last = before.rpartition("\n")[2]
    return before.count("\n") + 1, _units(last)


def _told_lines(printed: bytes) -> Sequence[str]:
    return [line for line in printed.decode("utf-8", "replace").splitlines() if line.strip()]


def _validated(adapter: TypeAdapter[Read], printed: bytes, whose: str) -> Read:
    try:
        return adapter.validate_json(printed)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        message = f"Not {whose} JSON: {first['msg']} at {list(first['loc'])}."
        raise InvalidInput(message, code="bad_tool_output") from error
