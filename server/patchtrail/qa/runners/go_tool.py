"""Tests of Go, by `go test -json`."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path, PurePosixPath

from patchtrail.capture.shell_words import programs
from patchtrail.contract.errors import NotFound
from patchtrail.qa.recipe import Recipe
from patchtrail.qa.runners.command_suite import Asked, Command, Tool
from patchtrail.sandbox import Bind
from patchtrail.trace.file_tree import FileTree

__all__ = ["GO_MODULES_AT", "Go", "found_go", "go_tool", "is_go_test_file"]

ASKED_S = 30
GO_MODULES_AT = Path("/opt/go-modules")
MODULE = re.compile(r"^module\s+\"?([^\s\"]+)", re.MULTILINE)
DECIDING = frozenset({"go.mod", "go.sum", "go.work", "go.work.sum"})
VARIABLES = {
    "GOPATH": "/tmp/go",
    "GOCACHE": "/tmp/go-cache",
    "GOPROXY": "off",
    "GOSUMDB": "off",
    "GOENV": "off",
    "GOTOOLCHAIN": "local",
    "GOMODCACHE": str(GO_MODULES_AT),
    "CGO_ENABLED": "0",
    "GOFLAGS": "-vet=off -p=1",
}
# What the tool prints is the report; what it complains about stays in the output.
INTO = 'report=$1; shift; exec "$@" > "$report"'


class Go:
    """An installation of Go: the program, its root and its version."""

    def __init__(self, program: Path, root: Path, version: str) -> None:
        self.program = program
        self.root = root
        self.version = version


def found_go() -> Go:
    """Return the machine's Go; raises `NotFound` where there is none."""
    found = shutil.which("go")
    if found is None:
        raise NotFound("Go is not installed here.")
    try:
        with tempfile.TemporaryDirectory(prefix="patchtrail-go-") as empty:
            argv = [found, "env", "GOROOT", "GOVERSION"]
            done = subprocess.run(argv, cwd=empty, capture_output=True, text=True, timeout=ASKED_S, check=True)
        root, version = done.stdout.split()
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise NotFound(f"Go cannot be run here: {error}") from error
    return Go(Path(root) / "bin/go", Path(root), version.removeprefix("go"))


def go_tool(go: Go, recipe: Recipe, modules: Path | None, start: FileTree) -> Tool:
    """Return the tool for a module."""
    binds = [] if go.root.is_relative_to("/usr") else [Bind(go.root, go.root)]
    if modules is not None:
        binds.append(Bind(modules, GO_MODULES_AT))
    named = MODULE.search(start.text("go.mod") or "")
    module = named[1] if named else ""

    def command(asked: Asked) -> Command:
        report, lines = f"{asked.folder}/tests", f"{asked.folder}/lines" if asked.with_lines else ""
        words = [str(go.program), "test", "-json", "-count=1", *recipe.arguments]
        # Of each package by its own tests: asked for all, one that cannot be built takes the others along.
        words += [f"-coverprofile={lines}"] if lines else []
        words += _chosen(asked)
        return Command(("sh", "-c", INTO, "sh", report, *words), report, lines, root=module)

    return Tool("go", command, is_go_test_file, tuple(binds), VARIABLES, f"Go {go.version}")


def is_go_test_file(path: str) -> bool:
    """Return whether a file is a test, data of tests, or names modules."""
    pure = PurePosixPath(path)
    return pure.name in DECIDING or pure.name.endswith("_test.go") or "testdata" in pure.parts


def _chosen(asked: Asked) -> list[str]:
    """Return what chooses tests: of ids the packages and names, of a recorded command `-run` and packages."""
    if asked.tests:
        named = [one.partition("::") for one in asked.tests]
        tests = sorted({re.escape(name.partition("/")[0]) for _, _, name in named if name})
        run = ["-run", f"^({'|'.join(tests)})$"] if tests else []
        return [*run, *sorted({package for package, _, _ in named if not package.startswith("-")})]
    words = next((one[1:] for one in programs(asked.command_line) if one[:2] == ["go", "test"]), [])
    chosen, packages = list[str](), list[str]()
    for at, word in enumerate(words):
        name, equals, value = word.lstrip("-").partition("=")
        if word.startswith("-") and name in ("run", "skip"):
            chosen += [f"-{name}", value if equals else "".join(words[at + 1 : at + 2])]
        elif word.startswith("./") and ".." not in word.split("/"):
            packages.append(word)
    return [*chosen, *(packages or ["./..."])]
