"""Python's tests, run by unittest itself under watch, where a recipe asks for it: its loading differs from pytest's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from patchtrail.capture.shell_words import programs
from patchtrail.qa.environment import ROOT_AT
from patchtrail.qa.runners.python_files import is_python_test_file
from patchtrail.qa.runners.python_ground import PythonGround
from patchtrail.qa.runners.python_reading import run_of
from patchtrail.qa.suite import SuiteRun
from patchtrail.sandbox import Cancelling
from patchtrail.trace.file_tree import FileTree

__all__ = ["UnittestSuite"]

FIELDS = {
    **dict.fromkeys(("-s", "--start-directory"), "start"),
    **dict.fromkeys(("-p", "--pattern"), "pattern"),
    **dict.fromkeys(("-t", "--top-level-directory"), "top"),
}


@dataclass
class _Choice:
    """What words after `unittest` choose."""

    names: list[str] = field(default_factory=list)
    patterns: list[str] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class UnittestSuite:
    """A suite of unittest; ids are dotted names, as its own output tells them."""

    ground: PythonGround

    runner = "unittest"

    @property
    def sandbox(self) -> str:
        """The back end and the interpreter."""
        return self.ground.words

    def is_test_file(self, path: str) -> bool:
        """Return whether a file decides what is tested."""
        return is_python_test_file(path)

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
        choice = _chosen(_recorded(command_line) or list(self.ground.recipe.arguments), tree)
        spec = {
            "start": _start(tree),
            "pattern": "test*.py",
            "top": "",
            **choice.places,
            "names": choice.names,
            "patterns": choice.patterns,
            "wanted": list(tests),
            "root": str(ROOT_AT),
            "coverage": with_coverage,
        }
        run = run_of(self.ground.run("unittest_run", spec, tree, cancellation))
        return replace(run, output="\n".join(one for one in (self.ground.note, run.output) if one))


def _start(tree: FileTree) -> str:
    """Return where discovery starts by itself: it walks into packages alone."""
    if any("/" not in path and path.startswith("test") and path.endswith(".py") for path in tree.files):
        return "."
    folders = ("tests", "test")
    found = [one for one in folders if any(path.startswith(f"{one}/") for path in tree.files)]
    is_package = bool(found) and f"{found[0]}/__init__.py" in tree.files
    return "." if is_package or not found else found[0]


def _recorded(command_line: str) -> list[str]:
    for words in programs(command_line):
        if "unittest" in words and words[words.index("unittest") - 1] == "-m":
            return words[words.index("unittest") + 1 :]
    return []


def _chosen(words: Sequence[str], tree: FileTree) -> _Choice:
    choice, left = _Choice(), list(words)
    while left:
        word = left.pop(0)
        name, equals, value = word.partition("=")
        if word.startswith("-"):
            if name in FIELDS or name == "-k":
                value = value if equals else (left.pop(0) if left else "")
            if name == "-k":
                choice.patterns.append(value if "*" in value else f"*{value}*")
            elif name in FIELDS and ".." not in value.split("/") and not value.startswith("/"):
                choice.places[FIELDS[name]] = value
        elif word != "discover":
            is_file = word.removeprefix("./") in tree.files
            choice.names.append(word.removeprefix("./").removesuffix(".py").replace("/", ".") if is_file else word)
    return choice
