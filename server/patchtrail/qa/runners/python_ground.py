"""What every run of Python's tests stands on: an environment, the built project, and how a run is shown both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from configparser import ConfigParser
from configparser import Error as ConfigError
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from patchtrail.qa.build import Project
from patchtrail.qa.environment import PROJECT_AT, Environment
from patchtrail.qa.recipe import Recipe
from patchtrail.qa.runners.python_files import is_python_test_file
from patchtrail.qa.runners.watched import Program, Watched, watched
from patchtrail.sandbox import Bind, Cancelling, Limits, Sandbox
from patchtrail.trace.file_tree import FileTree

__all__ = ["PythonGround", "Rebuilt"]

Rebuilt = Callable[[FileTree, Cancelling], Project]
VARIABLES = {
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONNOUSERSITE": "1",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "COVERAGE_FILE": "/tmp/.coverage",
}


@dataclass(frozen=True)
class PythonGround:
    """An environment that stands.

    `project` is the start commit's, built, where it can be; `rebuilt` returns that of other files, which is the same
    while nothing changed that goes into building. `note` is what a reader of the output is to know beforehand.
    """

    walls: Sandbox
    environment: Environment
    limits: Limits
    recipe: Recipe
    project: Project | None = None
    rebuilt: Rebuilt | None = None
    note: str = ""

    @property
    def words(self) -> str:
        """The back end and the interpreter."""
        return f"{self.walls.name}, Python {self.environment.version}"

    def run(self, module: str, spec: Mapping[str, Any], tree: FileTree, cancellation: Cancelling) -> Watched:
        """Run a module of `inside` on these files."""
        project = self.rebuilt(tree, cancellation) if self.rebuilt else None
        binds = (Bind(project.folder, PROJECT_AT),) if project else ()
        tree = _with_made(tree, project) if project else tree
        variables = {**VARIABLES, **self.recipe.environment}
        program = Program(module, spec, self.environment, binds, variables, self.recipe.python_path)
        return watched(self.walls, tree, program, self.limits, cancellation)

    def plugins(self) -> set[str]:
        """Return the names under which packages offer themselves to pytest.

        The start commit decides: a plugin that a session declares is not loaded by itself.
        """
        folders = [self.environment.site, *([self.project.folder] if self.project else [])]
        return {name for folder in folders for name in _entry_points(folder)}


def _with_made(tree: FileTree, project: Project) -> FileTree:
    """Add what building wrote, but nothing in place of the project's own files, and nothing that decides on tests."""
    made = {path: content for path, content in project.made.items() if not is_python_test_file(path)}
    return replace(tree, files={**made, **tree.files})


def _entry_points(site: Path) -> list[str]:
    """Return the names under which packages offer themselves to pytest."""
    names = list[str]()
    for path in sorted(site.glob("*.dist-info/entry_points.txt")):
        reader = ConfigParser(interpolation=None, delimiters=("=",), strict=False)
        reader.optionxform = str  # type: ignore[assignment,method-assign]  # the library's own way
        try:
            reader.read_string(path.read_text(encoding="utf-8", errors="replace"))
        except ConfigError:
            continue
        names += reader.options("pytest11") if reader.has_section("pytest11") else []
    return names
