"""The door without a model: what the reporting tool itself would do. It works offline, and is the baseline.

Only Ruff tells its fixes so far. A fix that Ruff calls unsafe is used too, because somebody asked for this very
finding; the result says so and is previewed.
"""

from __future__ import annotations

from collections.abc import Sequence

from patchtrail.llm import Cancellation
from patchtrail.patching.finding import Finding, ToolFix
from patchtrail.patching.overlay import Overlay
from patchtrail.patching.patch import FilePatch, LocatedHunk, Patch, Refusal
from patchtrail.patching.ports import Checker
from patchtrail.patching.tool_edits import apply_fixes
from patchtrail.text.lines import split_lines

__all__ = ["RuleDoor"]

TOOL = "ruff"
MAX_PASSES = 5


class RuleDoor:
    """Answers from the fixes of the tools that were run on the text as it is."""

    name = "rules"

    def __init__(self, checker: Checker) -> None:
        self._checker = checker

    def knows(self, finding: Finding) -> bool:
        """Return whether this door may have an answer; answers at once."""
        return finding.tool == TOOL and self._checker.can_check(TOOL, finding.file_path)

    def patch(self, findings: Sequence[Finding], overlay: Overlay, cancellation: Cancellation) -> Patch | Refusal:
        """Return the tools' own fixes of the findings, which all are in one file; what has none is left."""
        path = findings[0].file_path
        before = overlay.read(path)
        if before is None or not all(self.knows(one) for one in findings):
            return Refusal("no_change_in_answer", "No tool offers a fix of its own for this.")
        text, is_safe = before, True
        for _ in range(MAX_PASSES):
            fixes = self._fixes(findings, before, text, overlay, cancellation)
            text, applied = apply_fixes(text, fixes)
            is_safe = is_safe and all(one.is_safe for one in fixes)
            if applied == len(fixes):
                break
        if text == before:
            return Refusal("no_change_in_answer", f"{TOOL} has no fix of its own for {findings[0].rule_id} here.")
        hunk = LocatedHunk(path, findings[0].line, 0, 0, "exact", 1000 if is_safe else 500)
        return Patch((FilePatch(path, before, text),), (hunk,))

    def _fixes(
        self, findings: Sequence[Finding], before: str, text: str, overlay: Overlay, cancellation: Cancellation
    ) -> list[ToolFix]:
        """Return the fixes of what is still to be fixed: at the same place in the first pass, then by its line."""
        told = self._checker.check(overlay, {findings[0].file_path: text}, [TOOL], cancellation).findings
        was, now = split_lines(before), split_lines(text)
        fixes: list[ToolFix] = []
        for wanted in findings:
            same_rule = [one for one in told if one.rule_id == wanted.rule_id and one.fix is not None]
            same = [one for one in same_rule if _line(now, one.line) == _line(was, wanted.line)]
            nearest = sorted(same, key=lambda one: (abs(one.line - wanted.line), abs(one.character - wanted.character)))
            fixes += [one.fix for one in nearest[:1] if one.fix is not None and one.fix not in fixes]
        return fixes


def _line(lines: Sequence[str], number: int) -> str:
    return lines[number - 1] if 0 < number <= len(lines) else ""
