"""Python's tests, run by pytest under watch, with plugins that the project's own requirements brought along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch

from patchtrail.qa.environment import ROOT_AT
from patchtrail.qa.runners.named_files import NamedFiles
from patchtrail.qa.runners.pytest_choice import Choice, choice_of
from patchtrail.qa.runners.python_files import is_python_test_file
from patchtrail.qa.runners.python_ground import PythonGround
from patchtrail.qa.runners.python_reading import run_of
from patchtrail.qa.suite import SuiteRun
from patchtrail.sandbox import Cancelling
from patchtrail.trace.file_tree import FileTree

__all__ = ["PytestSuite"]

# What the project configures stands, save what would stop early, choose by an earlier run or measure by itself.
OPTIONS = (
    *("-o", "cache_dir=/tmp/.pytest_cache", "--color=no", "--tb=short", "-ra"),
    *("--maxfail=0", "--continue-on-collection-errors", f"--rootdir={ROOT_AT}"),
)
OFF = {"xdist": ("-n", "0"), "pytest_cov": ("--no-cov",)}
"""How plugins are told to leave a run to us: each test in one process, lines counted by us."""
LEFT_OUT = frozenset({"randomly", "random_order", "patchtrail"})


@dataclass(frozen=True)
class PytestSuite:
    """A suite of pytest; `names` are patterns by which the start commit's configuration knows test files besides."""

    ground: PythonGround
    names: tuple[str, ...] = ()

    runner = "pytest"

    @property
    def sandbox(self) -> str:
        """The back end and the interpreter."""
        return self.ground.words

    def is_test_file(self, path: str) -> bool:
        """Return whether a file decides what is tested."""
        return is_python_test_file(path) or any(fnmatch(path.rpartition("/")[2], one) for one in self.names)

    def run(
        self,
        tree: FileTree,
        *,
        tests: Sequence[str] = (),
        command_line: str = "",
        with_coverage: bool = False,
        cancellation: Cancelling,
    ) -> SuiteRun:
        """Run all, these ids, or what a recorded command line would have chosen."""
        choice = choice_of(command_line, tree) if command_line else Choice(targets=tuple(tests))
        wanted = tests or choice.targets
        spec = {
            "arguments": [*self._options(), *choice.options, "--", *_places(wanted, tree)],
            "wanted": list(wanted),
            "root": str(ROOT_AT),
            "coverage": with_coverage,
        }
        run = run_of(self.ground.run("pytest_run", spec, tree, cancellation))
        notes = [one for one in (self.ground.note, _note(choice)) if one]
        return replace(run, output="\n".join([*notes, run.output]))

    def _options(self) -> list[str]:
        plugins = sorted(self.ground.plugins() - LEFT_OUT)
        enabled = [word for name in plugins for word in ("-p", name)]
        off = [word for name, words in OFF.items() if name in plugins for word in words]
        return [*OPTIONS, *enabled, *off, *self.ground.recipe.arguments]


def _places(wanted: Sequence[str], tree: FileTree) -> list[str]:
    """Return the files and folders that hold these tests; none, so that all are collected, where one has no file."""
    named = [one.partition("[")[0] for one in wanted]
    files = NamedFiles(tree)
    there = [(files.existing(one.partition("::")[0]), "::" in one or one.endswith(".py")) for one in named]
    if any(place is None and not is_path for place, is_path in there):
        return []
    return sorted({f"./{place}" for place, _ in there if place is not None})


def _note(choice: Choice) -> str:
    if not choice.is_pytest:
        return "[The recorded command does not run pytest by name: all tests were run.]"
    return f"[Left out of the recorded command: {' '.join(choice.dropped)}]" if choice.dropped else ""
