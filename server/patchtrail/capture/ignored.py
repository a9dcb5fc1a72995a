"""Files that are left out: what tools fill, what the settings exclude, and what git itself ignores."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from patchtrail.capture.machine import TOOL_FOLDERS
from patchtrail.redaction import matches

__all__ = ["OWN_FOLDER", "Ignored", "is_of_a_tool", "nearest_work_tree"]

OWN_FOLDER = ".patchtrail"
"""Holds prompts and answers of every attempt: never recorded, whether git ignores it or not."""
LEFT_OUT_FOLDERS = TOOL_FOLDERS | {
    *(OWN_FOLDER, ".svn", ".nox", ".eggs", ".mypy_cache", ".pytest_cache", ".ruff_cache")
}
RULE_FILES = (".gitignore", ".git/info/exclude")
MAX_REMEMBERED = 50_000
GIT_TIMEOUT_S = 20


def is_of_a_tool(relative: Path) -> bool:
    """Return whether a path lies in (or is) a folder that tools fill: it is neither watched nor read."""
    return not LEFT_OUT_FOLDERS.isdisjoint(relative.parts)


class Ignored:
    """Asks git, in batches, and remembers its answers until a file of its rules changes."""

    def __init__(self) -> None:
        self._answers: dict[Path, bool] = {}
        self._work_trees: dict[Path, Path | None] = {}
        self._rules: dict[Path, int] = {}

    def forget(self) -> None:
        """Ask anew: the rules, or what is tracked, may have changed."""
        self._answers.clear()
        self._work_trees.clear()

    def left_out(self, paths: Iterable[Path], root: Path, patterns: tuple[str, ...]) -> set[Path]:
        """Return those of the paths below `root` that are left out."""
        self._look_at_rules(root)
        asked, out = list[Path](), set[Path]()
        for path in paths:
            relative = path.relative_to(root)
            if is_of_a_tool(relative) or matches(relative.as_posix(), patterns):
                out.add(path)
            elif path not in self._answers:
                asked.append(path)
            elif self._answers[path]:
                out.add(path)
        return out | self._ask(asked)

    def _ask(self, paths: list[Path]) -> set[Path]:
        by_tree: dict[Path, list[Path]] = {}
        for path in paths:
            tree = self._work_tree(path.parent)
            if tree is not None:
                by_tree.setdefault(tree, []).append(path)
        ignored = {path for tree, asked in by_tree.items() for path in _checked(tree, asked)}
        if len(self._answers) + len(paths) > MAX_REMEMBERED:
            self._answers.clear()
        self._answers |= {path: path in ignored for path in paths}
        return ignored

    def _work_tree(self, folder: Path) -> Path | None:
        """Return the work tree that a folder is part of: git refuses paths of a repository inside its own."""
        if folder not in self._work_trees:
            self._work_trees[folder] = nearest_work_tree(folder)
        return self._work_trees[folder]

    def _look_at_rules(self, root: Path) -> None:
        for name in RULE_FILES:
            path = root / name
            try:
                changed_ns = path.stat().st_mtime_ns
            except OSError:
                changed_ns = 0
            if self._rules.setdefault(path, changed_ns) != changed_ns:
                self._rules[path] = changed_ns
                self.forget()


def nearest_work_tree(folder: Path) -> Path | None:
    """Return the nearest folder at or above this one that git calls a work tree; None when there is none."""
    return next((one for one in (folder, *folder.parents) if (one / ".git").exists()), None)


def _checked(tree: Path, paths: list[Path]) -> list[Path]:
    """Return which of the paths git ignores; where git does not answer, none."""
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    from git.cmd import Git
    from git.exc import GitError

    # A name that begins with a colon would be taken for something else.
    names = {f"./{path.relative_to(tree).as_posix()}": path for path in paths}
    asked = "\0".join(names).encode("utf-8", "surrogateescape")
    git = Git(tree)
    git.update_environment(GIT_OPTIONAL_LOCKS="0")
    try:
        process = git.execute(["git", "check-ignore", "-z", "--stdin"], istream=subprocess.PIPE, as_process=True)
        told, _ = process.communicate(asked, timeout=GIT_TIMEOUT_S)
    except (GitError, OSError, ValueError, subprocess.SubprocessError):
        return []
    answers = told.decode("utf-8", "surrogateescape").split("\0")
    return [names[name] for name in answers if name in names]
