"""Makes a repository's tests runnable: its recipe, what it needs, and the runner that knows its kind of tests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from patchtrail.contract.errors import InvalidInput, NotFound
from patchtrail.qa.build import Builder, Project, is_buildable
from patchtrail.qa.detection import detected, elder_parts, of_tests, project_file, test_file_names, wanted
from patchtrail.qa.environment import Environments
from patchtrail.qa.go_modules import GoModules
from patchtrail.qa.node_modules import NodePackages
from patchtrail.qa.recipe import Recipe, overridden
from patchtrail.qa.requirements import names_of, requirement_of
from patchtrail.qa.runners.command_suite import CommandSuite
from patchtrail.qa.runners.go_tool import found_go, go_tool
from patchtrail.qa.runners.node_tools import node_tool
from patchtrail.qa.runners.own_command import own_command
from patchtrail.qa.runners.pytest_suite import PytestSuite
from patchtrail.qa.runners.python_ground import PythonGround
from patchtrail.qa.runners.unittest_suite import UnittestSuite
from patchtrail.qa.suite import Suite, Unrunnable
from patchtrail.sandbox import Cancelling, Limits, Sandbox
from patchtrail.trace.file_tree import FileTree

__all__ = ["RepositorySuites"]

MIB = 1 << 20
MAX_PROBLEM_CHARS = 500
BUILD_S = 240.0
RESERVED_BYTES = 128 << 30
"""Of address space: Node and Go reserve many times what they use, which is bounded for all processes together."""


class RepositorySuites:
    """Suites that run in `sandbox`; what they need is kept below `cache_dir`, and made anew where it was deleted.

    `python` is the interpreter that tests get, 3.11 or later: an installation, not a virtual environment; by default
    our own one's.
    `limits` bound every run, and a recipe changes its time and memory alone.
    """

    def __init__(
        self, sandbox: Sandbox, cache_dir: Path, python: Path | None = None, *, limits: Limits | None = None
    ) -> None:
        self._sandbox = sandbox
        self._limits = limits or Limits()
        self._environments = Environments(cache_dir / "environments", python or _own_python())
        self._node_packages = NodePackages(cache_dir / "node_modules")
        self._go_modules = GoModules(cache_dir / "go_modules")
        self._builder = Builder(sandbox, self._environments, cache_dir, replace(self._limits, wall_s=BUILD_S))

    def suite_of(self, start: FileTree, recipe_toml: str, cancellation: Cancelling) -> Suite | Unrunnable:
        """Return the suite of a start commit, or why its tests cannot be run."""
        if (reason := self._sandbox.is_usable()) is not None:
            return Unrunnable("no_sandbox", reason)
        try:
            recipe = _recipe(start, recipe_toml)
            if recipe.runner in ("pytest", "unittest"):
                return self._python(start, recipe, cancellation)
            return self._command(start, recipe, cancellation)
        except (InvalidInput, NotFound) as error:
            return Unrunnable("no_environment", error.message)
        except (TypeError, ValueError, AttributeError, LookupError, RecursionError) as error:
            # Tables and lists of a project's files may hold anything, however deep.
            problem = f"What the project says of itself has no form that is known: {type(error).__name__}: {error}"
            return Unrunnable("no_environment", problem[:MAX_PROBLEM_CHARS])

    def _python(self, start: FileTree, recipe: Recipe, cancellation: Cancelling) -> Suite:
        project, note = self._project(start, recipe, cancellation)
        required = [*self._required(start, project, recipe), *of_tests(start, recipe)]
        if "setuptools" not in names_of(required):
            required += elder_parts(start)
        environment = self._environments.with_tools(
            required, cancellation, lambda one: self._builder.wheel_of(one, cancellation)
        )
        rebuilt = None if project is None else self._rebuilding(start, project)
        limits = self._limits_of(recipe)
        ground = PythonGround(self._sandbox, environment, limits, recipe, project, rebuilt, note)
        if recipe.runner == "unittest":
            return UnittestSuite(ground)
        return PytestSuite(ground, test_file_names(start))

    def _command(self, start: FileTree, recipe: Recipe, cancellation: Cancelling) -> Suite:
        if recipe.runner == "junit":
            tool = own_command(recipe)
        elif recipe.runner in ("node", "jest", "vitest"):
            tool = node_tool(recipe.runner, recipe, self._node_packages.of(start, cancellation), start)
        else:
            go = found_go()
            tool = go_tool(go, recipe, self._go_modules.of(start, str(go.program), cancellation), start)
        required = of_tests(start, recipe)
        environment = self._environments.with_tools(
            required, cancellation, lambda one: self._builder.wheel_of(one, cancellation)
        )
        limits = replace(self._limits_of(recipe), process_bytes=RESERVED_BYTES)
        return CommandSuite(self._sandbox, environment, limits, recipe, tool)

    def _limits_of(self, recipe: Recipe) -> Limits:
        seconds, memory = recipe.timeout_s, recipe.memory_mb * MIB
        return replace(self._limits, wall_s=float(seconds), cpu_s=seconds, memory_bytes=memory)

    def _rebuilding(self, start: FileTree, project: Project) -> Callable[[FileTree, Cancelling], Project]:
        told = project_file(start)

        def rebuilt(tree: FileTree, cancellation: Cancelling) -> Project:
            try:
                return self._builder.project(tree, told, cancellation)
            except (InvalidInput, NotFound):
                # Sources that cannot be built fail their tests, or do not need to be built for them.
                return project

        return rebuilt

    def _required(self, start: FileTree, project: Project | None, recipe: Recipe) -> Sequence[str]:
        told = project_file(start)
        if project is not None:
            return project.required(recipe.extras or wanted(project.extras), self._environments.version)
        of_extras = [str(each) for one in recipe.extras or wanted(told.extras) for each in told.extras.get(one, ())]
        return [requirement_of(one, "`pyproject.toml`") for one in [*told.dependencies, *of_extras]]

    def _project(self, start: FileTree, recipe: Recipe, cancellation: Cancelling) -> tuple[Project | None, str]:
        """Return the built project, or none and a note where it is imported by its folders alone."""
        if not recipe.install_project or not is_buildable(start):
            return None, ""
        try:
            return self._builder.project(start, project_file(start), cancellation), ""
        except (InvalidInput, NotFound) as error:
            return None, f"[The project was not installed, its folders are imported: {error.message}]"


def _recipe(start: FileTree, recipe_toml: str) -> Recipe:
    try:
        found = detected(start)
    except InvalidInput:
        # A task's own recipe is there for repositories that cannot be read, too.
        if not recipe_toml.strip():
            raise
        found = Recipe()
    return overridden(found, recipe_toml)


def _own_python() -> Path:
    # Where this process runs in a virtual environment, the installation that it was made of.
    return Path(getattr(sys, "_base_executable", sys.executable)).absolute()
