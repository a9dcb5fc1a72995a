"""SARIF 2.1.0: results of any tool as findings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from patchtrail.contract.errors import InvalidInput
from patchtrail.patching.diagnostics import tool_of_source
from patchtrail.patching.finding import Finding, Severity, ToolEdit, ToolFix
from patchtrail.patching.ruff_findings import ReadText
from patchtrail.patching.told_paths import path_of_uri, relative_path
from patchtrail.patching.utf16 import utf16_of_characters
from patchtrail.text import split_lines

__all__ = ["read_sarif"]

MAX_BYTES = 64 << 20
MAX_BASES = 20
SEVERITIES: dict[str, Severity] = {"error": "error", "warning": "warning", "note": "information", "none": "hint"}
NOT_FAILING = frozenset({"pass", "notApplicable", "informational"})
PLACEHOLDER = re.compile(r"\{(\d+)\}")


class _Sarif(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)


class _Message(_Sarif):
    text: str | None = None
    id: str | None = None
    arguments: list[str] = Field(default=[])


class _ArtifactLocation(_Sarif):
    uri: str | None = None
    uri_base_id: str | None = None
    index: int = -1


class _Artifact(_Sarif):
    location: _ArtifactLocation = Field(default_factory=_ArtifactLocation)


class _Region(_Sarif):
    start_line: int | None = Field(default=None, ge=1)
    start_column: int = Field(default=1, ge=1)
    end_line: int | None = Field(default=None, ge=1)
    end_column: int | None = Field(default=None, ge=1)


class _PhysicalLocation(_Sarif):
    artifact_location: _ArtifactLocation = Field(default_factory=_ArtifactLocation)
    region: _Region = Field(default_factory=_Region)


class _Location(_Sarif):
    physical_location: _PhysicalLocation | None = None


class _Replacement(_Sarif):
    deleted_region: _Region
    inserted_content: _Message | None = None


class _ArtifactChange(_Sarif):
    artifact_location: _ArtifactLocation
    replacements: list[_Replacement]


class _Fix(_Sarif):
    description: _Message = Field(default_factory=_Message)
    artifact_changes: list[_ArtifactChange] = Field(default=[])


class _RuleReference(_Sarif):
    id: str | None = None
    index: int = -1


class _Configuration(_Sarif):
    level: str = "warning"


class _Rule(_Sarif):
    id: str
    message_strings: dict[str, _Message] = Field(default={})
    default_configuration: _Configuration = Field(default_factory=_Configuration)


class _Driver(_Sarif):
    name: str
    rules: list[_Rule] = Field(default=[])


class _Tool(_Sarif):
    driver: _Driver


class _Result(_Sarif):
    rule_id: str | None = None
    rule_index: int = -1
    rule: _RuleReference = Field(default_factory=_RuleReference)
    kind: str = "fail"
    level: str | None = None
    message: _Message
    locations: list[_Location] = Field(default=[])
    suppressions: list[dict[str, object]] | None = None
    baseline_state: str | None = None
    fixes: list[_Fix] = Field(default=[])


class _Run(_Sarif):
    tool: _Tool
    results: list[_Result] | None = None
    artifacts: list[_Artifact] = Field(default=[])
    original_uri_base_ids: dict[str, _ArtifactLocation] = Field(default={})
    column_kind: str | None = None


class _Log(_Sarif):
    version: str
    runs: list[_Run]


def read_sarif(content: bytes, roots: tuple[Path, ...], read: ReadText) -> tuple[Finding, ...]:
    """Return the failing results that are not suppressed and lie below the roots, in the file's order.

    Raises `InvalidInput` that names the place where it is not SARIF 2.1.0.
    """
    if len(content) > MAX_BYTES:
        raise InvalidInput("The SARIF file is larger than 64 MiB.", code="bad_sarif")
    try:
        log = _Log.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(one) for one in first["loc"]) or "the top"
        raise InvalidInput(f"Not SARIF 2.1.0: {first['msg']} at {where}.", code="bad_sarif") from error
    if log.version != "2.1.0":
        raise InvalidInput(f"SARIF {log.version[:20]} cannot be read, only 2.1.0 (at version).", code="bad_sarif")
    return tuple(
        finding
        for run in log.runs
        for result in run.results or []
        if (finding := _RunReading(run, roots, read).finding(result)) is not None
    )


@dataclass(frozen=True)
class _RunReading:
    """One run, and what its results are read against."""

    run: _Run
    roots: tuple[Path, ...]
    read: ReadText

    def finding(self, result: _Result) -> Finding | None:
        """Return a result as a finding; None when it is no failure, or not in a file of ours."""
        is_done = bool(result.suppressions) or result.baseline_state == "absent"
        if result.kind in NOT_FAILING or is_done or not result.locations:
            return None
        place = result.locations[0].physical_location
        path = self._path(place.artifact_location) if place else None
        if place is None or path is None:
            return None
        lines = split_lines(self.read(path) or "")
        line, character, end_line, end_character = self._span(place.region, lines)
        rule = self._rule(result)
        return Finding(
            tool=tool_of_source(self.run.tool.driver.name),
            rule_id=result.rule_id or result.rule.id or (rule.id if rule else "unknown"),
            message=_told(result.message, rule),
            file_path=path,
            line=line,
            character=character,
            end_line=end_line,
            end_character=end_character,
            severity=SEVERITIES.get(result.level or (rule.default_configuration.level if rule else ""), "warning"),
            fix=self._fix(result, path, lines),
        )

    def _rule(self, result: _Result) -> _Rule | None:
        rules = self.run.tool.driver.rules
        index = result.rule_index if result.rule_index >= 0 else result.rule.index
        if 0 <= index < len(rules):
            return rules[index]
        told = result.rule_id or result.rule.id
        # An id may name a rule and, behind a slash, which of its forms: `CA1000/1`.
        return next((rule for rule in rules if told and (told == rule.id or told.startswith(f"{rule.id}/"))), None)

    def _path(self, location: _ArtifactLocation) -> str | None:
        if location.uri is None and 0 <= location.index < len(self.run.artifacts):
            location = self.run.artifacts[location.index].location
        path = path_of_uri(location.uri) if location.uri is not None else None
        if path is None:
            return None
        base = location.uri_base_id
        # A base that the run does not define stands for the root.
        for _ in range(MAX_BASES):
            found = self.run.original_uri_base_ids.get(base) if base is not None else None
            if found is None or path.startswith("/"):
                break
            above = path_of_uri(found.uri) if found.uri is not None else ""
            if above is None:
                return None
            path = f"{above.rstrip('/')}/{path}" if above else path
            base = found.uri_base_id
        return relative_path(path, self.roots)

    def _span(self, region: _Region, lines: Sequence[str]) -> tuple[int, int, int, int]:
        line = region.start_line or 1
        end_line = region.end_line or line
        length = len(lines[end_line - 1].rstrip("\r\n")) if end_line <= len(lines) else 0
        end_column = length if region.end_column is None else region.end_column - 1
        is_end_in_characters = self._is_in_characters or region.end_column is None
        return (
            line,
            self._units(lines, line, region.start_column - 1, self._is_in_characters),
            end_line,
            self._units(lines, end_line, end_column, is_end_in_characters),
        )

    @property
    def _is_in_characters(self) -> bool:
        return self.run.column_kind != "utf16CodeUnits"

    def _units(self, lines: Sequence[str], line: int, column: int, is_in_characters: bool) -> int:
        return utf16_of_characters(lines, line, column) if is_in_characters else column

    def _fix(self, result: _Result, path: str, lines: Sequence[str]) -> ToolFix | None:
        """Return the first fix that stays within the finding's file; SARIF does not say whether it is safe."""
        for fix in result.fixes:
            changes = fix.artifact_changes
            regions = [one for change in changes for one in change.replacements if one.deleted_region.start_line]
            is_whole = len(regions) == sum(len(change.replacements) for change in changes) > 0
            if is_whole and all(self._path(change.artifact_location) == path for change in changes):
                return ToolFix(
                    fix.description.text or f"Fix {result.rule_id or 'finding'}",
                    is_safe=False,
                    edits=tuple(self._edit(one, lines) for one in regions),
                )
        return None

    def _edit(self, replacement: _Replacement, lines: Sequence[str]) -> ToolEdit:
        text = replacement.inserted_content.text if replacement.inserted_content else None
        return ToolEdit(*self._span(replacement.deleted_region, lines), text or "")


def _told(message: _Message, rule: _Rule | None) -> str:
    template = message.text
    if template is None and rule is not None and message.id is not None and message.id in rule.message_strings:
        template = rule.message_strings[message.id].text
    if template is None:
        return message.id or ""
    values = message.arguments
    filled = PLACEHOLDER.sub(lambda found: values[int(found[1])] if int(found[1]) < len(values) else found[0], template)
    return filled.replace("{{", "{").replace("}}", "}") if values else filled
