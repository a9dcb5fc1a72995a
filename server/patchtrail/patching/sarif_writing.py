"""Findings written as SARIF 2.1.0, for tools and reviews that read it."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from patchtrail.patching.finding import Finding, ToolFix

__all__ = ["sarif_of"]

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"error": "error", "warning": "warning", "information": "note", "hint": "none"}
BASE = "SRCROOT"


def sarif_of(findings: Iterable[Finding], versions: dict[str, str] | None = None) -> dict[str, object]:
    """Return a SARIF log with one run for each tool, in the order in which the tools first appear.

    Paths are relative to a base that the reader knows: the log names no folder of this machine.
    """
    by_tool: dict[str, list[Finding]] = {}
    for finding in findings:
        by_tool.setdefault(finding.tool, []).append(finding)
    runs = [_run(tool, found, (versions or {}).get(tool)) for tool, found in by_tool.items()]
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": runs}


def _run(tool: str, findings: list[Finding], version: str | None) -> dict[str, object]:
    rules = list(dict.fromkeys(one.rule_id for one in findings))
    driver: dict[str, object] = {"name": tool, "rules": [{"id": rule} for rule in rules]}
    if version is not None:
        driver["version"] = version
    return {
        "tool": {"driver": driver},
        "columnKind": "utf16CodeUnits",
        "results": [_result(one, rules.index(one.rule_id)) for one in findings],
    }


def _result(finding: Finding, rule_index: int) -> dict[str, object]:
    location = {"artifactLocation": _artifact(finding), "region": _region_of(finding)}
    result: dict[str, object] = {
        "ruleId": finding.rule_id,
        "ruleIndex": rule_index,
        "level": LEVELS[finding.severity],
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": location}],
    }
    if finding.fix is not None:
        result["fixes"] = [_fix(finding, finding.fix)]
    return result


def _artifact(finding: Finding) -> dict[str, object]:
    return {"uri": quote(finding.file_path), "uriBaseId": BASE}


def _region_of(finding: Finding) -> dict[str, object]:
    if not finding.end_line:
        return {"startLine": finding.line, "startColumn": finding.character + 1}
    return _region(finding.line, finding.character, finding.end_line, finding.end_character)


def _region(line: int, character: int, end_line: int, end_character: int) -> dict[str, object]:
    return {"startLine": line, "startColumn": character + 1, "endLine": end_line, "endColumn": end_character + 1}


def _fix(finding: Finding, fix: ToolFix) -> dict[str, object]:
    replacements = [
        {
            "deletedRegion": _region(one.line, one.character, one.end_line, one.end_character),
            "insertedContent": {"text": one.text},
        }
        for one in fix.edits
    ]
    change = {"artifactLocation": _artifact(finding), "replacements": replacements}
    return {"description": {"text": fix.title}, "artifactChanges": [change]}
