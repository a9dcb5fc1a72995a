"""What quick fixes get from elsewhere: the engine that finds patches, and the choice of its model; wired in `cli`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from patchtrail.contract.settings import Settings
from patchtrail.llm import Cancellation, Model
from patchtrail.patching import Finding
from patchtrail.patching.fixer import FixRequest, FixResult
from patchtrail.patching.ports import Workspace

__all__ = ["Fixes", "Fixing", "ModelChoice", "Outcome"]

Outcome = Literal["accepted", "rejected", "undone"]


class Fixes(Protocol):
    """Finds patches. `can_recheck` answers at once; everything else is slow and runs on a thread."""

    def fix(
        self, request: FixRequest, workspace: Workspace, cancellation: Cancellation, progress: Callable[[str], None]
    ) -> FixResult:
        """Return a patch that passed its checks, or why there is none."""

    def can_recheck(self, finding: Finding) -> bool:
        """Return whether the tool that reports such a finding can be run here."""

    def revalidate(self, result: FixResult, workspace: Workspace, cancellation: Cancellation) -> FixResult:
        """Locate a patch on the texts as they are now and check it again."""

    def explain(self, finding: Finding, workspace: Workspace, cancellation: Cancellation) -> str:
        """Return what a finding means."""

    def outcome(self, attempt_id: str, outcome: Outcome) -> None:
        """Keep what a person did with an attempt's patch."""


@dataclass(frozen=True)
class ModelChoice:
    """Which model makes patches. `key` goes to `settings.model_url` and nowhere else."""

    settings: Settings
    key: str = ""
    editor_model: Model | None = None

    def __repr__(self) -> str:
        return f"ModelChoice(source={self.settings.model_source!r})"


@dataclass(frozen=True)
class Fixing:
    """The engine for an open folder, which is there at once; and how a change of its model is told."""

    fixes_of: Callable[[Path], Fixes]
    can_fix: Callable[[Path, Finding], bool]
    """Whether anything here may have an answer to a finding: at once, too."""
    use: Callable[[ModelChoice], None]
