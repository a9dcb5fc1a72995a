"""A command of the recipe's own that writes a JUnit or CTRF report into the project."""

from __future__ import annotations

from patchtrail.contract.errors import InvalidInput
from patchtrail.qa.environment import ROOT_AT
from patchtrail.qa.recipe import Recipe
from patchtrail.qa.runners.command_suite import Asked, Command, Tool
from patchtrail.qa.runners.node_tools import is_node_test_file
from patchtrail.qa.runners.python_files import is_python_test_file

__all__ = ["own_command"]

NOTE = "[All tests were run: the recipe's command cannot be told to choose.]"


def own_command(recipe: Recipe) -> Tool:
    """Return the tool of a recipe with `command` and `report`; raises `InvalidInput` where one is missing."""
    if not recipe.command or not recipe.report:
        raise InvalidInput("A recipe for `junit` needs a `command` and the `report` that it writes.", code="recipe")
    lines = f"{ROOT_AT}/{recipe.line_report}" if recipe.line_report else ""

    def command(asked: Asked) -> Command:
        note = NOTE if asked.tests or asked.command_line else ""
        argv = (*recipe.command, *recipe.arguments)
        return Command(argv, f"{ROOT_AT}/{recipe.report}", lines if asked.with_lines else "", note)

    return Tool("junit", command, _is_test_file)


def _is_test_file(path: str) -> bool:
    return is_python_test_file(path) or is_node_test_file(path)
