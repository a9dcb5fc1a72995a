"""What a patch is measured by: a file with planted findings, and the text that it should become."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from patchtrail.patching import Finding

__all__ = ["PatchCase", "Planted", "truths_json", "written"]


@dataclass(frozen=True)
class Planted:
    """One planted finding; `mended` is the broken file with this one taken back, and nothing else."""

    finding: Finding
    group: str
    mended: str
    is_ruff_fixable: bool


@dataclass(frozen=True)
class PatchCase:
    """One broken file; `companions` are files beside it that stay as they are, such as its tests."""

    case_id: str
    file_path: str
    before: str
    after: str
    planted: tuple[Planted, ...]
    companions: dict[str, str] = field(default_factory=dict)

    @property
    def workspace(self) -> str:
        """The folder of its workspace: its own where it has companions, since tests run in a copy of all of it."""
        return self.case_id if self.companions else "shared"

    @property
    def is_batch(self) -> bool:
        """Whether several findings are asked about at once."""
        return len(self.planted) > 1


def written(cases: Iterable[PatchCase], root: Path) -> None:
    """Write every broken file and its companions into its workspace below `root`."""
    for case in cases:
        for file_path, text in {case.file_path: case.before, **case.companions}.items():
            target = root / case.workspace / file_path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="")


def truths_json(cases: Iterable[PatchCase]) -> str:
    """Return what a test model answers from: per finding the file's text as it is and as it should be."""
    truths = [
        {
            "file_path": planted.finding.file_path,
            "rule_id": planted.finding.rule_id,
            "line": planted.finding.line,
            "truth_path": case.file_path,
            "before": case.before,
            "after": planted.mended,
        }
        for case in cases
        for planted in case.planted
    ]
    return json.dumps(truths, ensure_ascii=False)
