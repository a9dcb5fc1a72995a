"""What a recipe for one tool is given, and what it gives back."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from patchtrail.patching.checkers.tool_finder import ToolFinder
from patchtrail.patching.finding import Finding
from patchtrail.sandbox.port import Cancelling
from patchtrail.sandbox.process import Command, Ended, run_process

__all__ = ["CheckRequest", "Recipe", "ToolFailed", "ended_well"]

OUTPUT_CAP = 32 << 20
# A tool of the workspace must not see how this process finds its own libraries.
LEFT_OUT = ("PYTHON", "VIRTUAL_ENV", "NODE_OPTIONS", "FORCE_COLOR", "MYPYPATH")


class ToolFailed(Exception):  # noqa: N818 -- it tells what happened
    """A tool gave no answer; the reason is a sentence for a person. It never leaves this package."""


@dataclass(frozen=True)
class CheckRequest:
    """Texts to check as if files below `root` held them; `open_texts` are those of other documents that differ."""

    root: Path
    texts: Mapping[str, str]
    open_texts: Mapping[str, str]
    read: Callable[[str], str | None]
    finder: ToolFinder
    cancellation: Cancelling
    timeout_s: float

    @property
    def roots(self) -> tuple[Path, ...]:
        """The root under both of its names."""
        return tuple(dict.fromkeys((self.root, self.root.resolve())))

    def text_of(self, path: str) -> str | None:
        """Return what a file holds for this check."""
        return self.texts[path] if path in self.texts else self.read(path)

    def tool(self, name: str) -> str:
        """Return a tool's executable; raises `ToolFailed` when there is none."""
        found = self.finder.find(self.root, name)
        if found is None:
            raise ToolFailed(f"`{name}` is not installed, or only in a folder that is not trusted")
        return str(found)

    def run(self, argv: list[str], *, folder: Path | None = None, stdin: str = "") -> Ended:
        """Run a tool, by default in the root so that the project's configuration holds; raises `ToolFailed`."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith(LEFT_OUT)}
        command = Command(
            argv=argv,
            folder=folder or self.root,
            environment={**environment, "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"},
            timeout_s=self.timeout_s,
            stdin=stdin.encode("utf-8", "surrogatepass"),
            stdout_cap=OUTPUT_CAP,
        )
        return ended_well(run_process(command, self.cancellation), self.timeout_s)


class Recipe(Protocol):
    """How one tool is run."""

    @property
    def tool(self) -> str:
        """The tool's name, as findings write it."""

    def handles(self, file_path: str) -> bool:
        """Return whether it looks at such files."""

    def is_available(self, root: Path, finder: ToolFinder) -> bool:
        """Return whether it can be run; answers at once."""

    def run(self, request: CheckRequest) -> tuple[Finding, ...]:
        """Return its findings; raises `ToolFailed` or, for output that it cannot read, `InvalidInput`."""


def ended_well(ended: Ended, timeout_s: float) -> Ended:
    """Return a process that ended by itself; raises `ToolFailed` for any other."""
    if ended.ending == "timeout":
        raise ToolFailed(f"it did not end in {timeout_s:g} s")
    if ended.ending == "cancelled":
        raise ToolFailed("it was cancelled")
    if ended.ending == "not_started":
        raise ToolFailed(ended.problem)
    if ended.is_cut and len(ended.stdout) >= OUTPUT_CAP:
        raise ToolFailed("it printed more than 32 MiB")
    return ended
