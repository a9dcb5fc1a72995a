"""A session as it is written down: `session.toml` says what was done and when, in the repository beside it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parents[1]
NAMES = ("sample", "complex", "failed")
NOTES = ("plan", "hypothesis", "observation", "decision", "next_step")


@dataclass(frozen=True)
class Edit:
    """One place of a file, before and after."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Step:
    """One act, `at_s` seconds after the session began; exactly one of its fields is set, or some notes are."""

    at_s: float
    run: str = ""
    edit: Edit | None = None
    commit: str = ""
    notes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Story:
    """A whole session. `chunks` says how many steps each chunk holds; `started_s` is Unix time."""

    folder: Path
    opening: dict[str, str]
    started_s: int
    chunks: tuple[int, ...]
    steps: tuple[Step, ...]

    @property
    def repository(self) -> Path:
        """The files of the start commit."""
        return self.folder / "repository"


def folder_of(name: str) -> Path:
    """Return where one of the three sessions is kept."""
    return EXAMPLES / f"{name}-trace-chunks"


def read_story(folder: Path) -> Story:
    """Read a folder's `session.toml`; raises `ValueError` when its chunks do not hold all of its steps."""
    told = tomllib.loads((folder / "session.toml").read_text(encoding="utf-8"))
    steps = tuple(_step(one) for one in told["step"])
    if sum(told["chunks"]) != len(steps):
        raise ValueError(f"{folder.name}/session.toml: {len(steps)} steps in chunks of {told['chunks']}.")
    opening = {name: told[name] for name in ("participant_id", "task_id", "task_title", "repo_origin")}
    return Story(folder, opening, told["started_s"], tuple(told["chunks"]), steps)


def _step(told: dict[str, Any]) -> Step:
    notes = tuple((kind, told[kind]) for kind in NOTES if kind in told)
    edit = Edit(told["edit"], told["old"], told["new"]) if "edit" in told else None
    return Step(told["at_s"], told.get("run", ""), edit, told.get("commit", ""), notes)
