"""One thing to fix: a diagnostic of any tool, or a failing test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from patchtrail.contract.attempt import FindingRecord

__all__ = ["Finding", "Severity", "ToolEdit", "ToolFix"]

Severity = Literal["error", "warning", "information", "hint"]


@dataclass(frozen=True)
class ToolEdit:
    """One edit of a tool's own fix; lines from 1, characters are UTF-16 units from 0, the end excluded."""

    line: int
    character: int
    end_line: int
    end_character: int
    text: str


@dataclass(frozen=True)
class ToolFix:
    """What the reporting tool itself would do about a finding."""

    title: str
    is_safe: bool
    edits: tuple[ToolEdit, ...]


@dataclass(frozen=True)
class Finding:
    """Where and what; `file_path` is POSIX and relative to the root.

    Lines count from 1, characters are UTF-16 units from 0; an `end_line` of 0 says that only the start is known.
    """

    tool: str
    rule_id: str
    message: str
    file_path: str
    line: int
    character: int = 0
    end_line: int = 0
    end_character: int = 0
    severity: Severity = "warning"
    test_id: str | None = None
    traceback: str = ""
    fix: ToolFix | None = None

    @property
    def is_test(self) -> bool:
        """Whether this is a failing test."""
        return self.test_id is not None

    def record(self) -> FindingRecord:
        """Return it as attempts keep it."""
        return FindingRecord(
            tool=self.tool,
            rule_id=self.rule_id,
            message=self.message,
            file_path=self.file_path,
            line=self.line,
            character=self.character,
            end_line=self.end_line or self.line,
            end_character=self.end_character,
            severity=self.severity,
            test_id=self.test_id,
        )
