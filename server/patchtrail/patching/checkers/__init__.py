"""Runs the tools that report findings, on texts that are not on disk."""

from patchtrail.patching.checkers.tool_checkers import ToolCheckers, default_recipes
from patchtrail.patching.checkers.tool_finder import ToolFinder
from patchtrail.patching.checkers.user_command import UserCommand

__all__ = ["ToolCheckers", "ToolFinder", "UserCommand", "default_recipes"]
