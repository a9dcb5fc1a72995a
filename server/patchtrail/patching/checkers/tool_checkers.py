"""The checker of all tools that there is a recipe for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from patchtrail.contract.errors import PatchtrailError
from patchtrail.llm import Cancellation
from patchtrail.patching.checkers.node_tools import Eslint, Tsc
from patchtrail.patching.checkers.python_tools import Mypy, Pyright, PythonSyntax, Ruff
from patchtrail.patching.checkers.recipe import CheckRequest, Recipe, ToolFailed
from patchtrail.patching.checkers.tool_finder import ToolFinder
from patchtrail.patching.finding import Finding
from patchtrail.patching.ports import Checked, Workspace

__all__ = ["ToolCheckers", "default_recipes"]

TIMEOUT_S = 60.0


def default_recipes(*, cache_folder: Path | None = None) -> tuple[Recipe, ...]:
    """Return the recipes that need no setting; mypy keeps what it learned in `cache_folder`, if there is one."""
    return (PythonSyntax(), Ruff(), Mypy(cache_folder), Pyright(), Tsc(), Eslint())


class ToolCheckers:
    """Implements `Checker`: of two recipes for one tool the later one counts, so that the user's own go last."""

    def __init__(
        self, root: Path, recipes: Sequence[Recipe], finder: ToolFinder, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._root = root
        self._recipes = {recipe.tool: recipe for recipe in recipes}
        self._finder = finder
        self._timeout_s = timeout_s

    def can_check(self, tool: str, file_path: str) -> bool:
        """Return whether `tool` can be run here on such a file; starts no process."""
        recipe = self._recipes.get(tool)
        return recipe is not None and recipe.handles(file_path) and recipe.is_available(self._root, self._finder)

    def check(
        self, workspace: Workspace, texts: dict[str, str], tools: Sequence[str], cancellation: Cancellation
    ) -> Checked:
        """Run `tools` on the files of `texts` as if they held these texts; what gives no answer is in `not_run`."""
        findings: list[Finding] = []
        ran: list[str] = []
        not_run: list[str] = []
        for tool in dict.fromkeys(tools):
            try:
                findings += self._run(tool, workspace, texts, cancellation)
                ran.append(tool)
            except ToolFailed as error:
                not_run.append(f"{tool}: {error}")
            except PatchtrailError as error:
                not_run.append(f"{tool}: {error.message}")
            except OSError as error:
                not_run.append(f"{tool}: {error.strerror or error}")
        return Checked(tuple(findings), tuple(ran), tuple(not_run))

    def _run(self, tool: str, workspace: Workspace, texts: dict[str, str], cancellation: Cancellation) -> list[Finding]:
        recipe = self._recipes.get(tool)
        if recipe is None:
            raise ToolFailed("there is no recipe for this tool")
        looked_at = {path: text for path, text in texts.items() if recipe.handles(path)}
        if not looked_at:
            raise ToolFailed("it does not look at such files")
        request = CheckRequest(
            root=workspace.root,
            texts=looked_at,
            open_texts={**workspace.open_texts(), **texts},
            read=workspace.read,
            finder=self._finder,
            cancellation=cancellation,
            timeout_s=self._timeout_s,
        )
        return [finding for finding in recipe.run(request) if finding.file_path in looked_at]
