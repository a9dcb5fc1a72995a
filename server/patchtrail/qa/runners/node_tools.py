"""Tests of JavaScript and TypeScript: Node's own runner, Jest and Vitest."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path, PurePosixPath

from patchtrail.capture.shell_words import programs
from patchtrail.contract.errors import NotFound
from patchtrail.qa.environment import ROOT_AT
from patchtrail.qa.recipe import Recipe, RunnerName
from patchtrail.qa.runners.command_suite import Asked, Command, Tool
from patchtrail.qa.runners.named_files import NamedFiles
from patchtrail.sandbox import Bind
from patchtrail.trace.file_tree import FileTree

__all__ = ["is_node_test_file", "node_tool"]

NODE_AT = Path("/opt/node/bin/node")
ASKED_S = 30
TEST_FILE = re.compile(r".*[._-](?:test|spec)\.[cm]?[jt]sx?|test\.[cm]?[jt]sx?|.*\.snap")
TEST_FOLDERS = frozenset({"test", "tests", "__tests__", "__mocks__", "__snapshots__", "spec"})
DECIDING = re.compile(
    r"(?:jest|vitest|vite|babel)\.(?:config|setup|preset|workspace|projects|environment)[.\w-]*|package(?:-lock)?\.json"
    r"|tsconfig[.\w-]*\.json|\.babelrc[.\w]*|\.swcrc|\.npmrc"
    # What a configuration runs before the tests is called like this.
    r"|(?:setup[._-]?(?:tests?|jest|vitest|env|files?)|(?:tests?|jest|vitest|global)[._-]?setup)[.\w-]*\.[cm]?[jt]sx?",
    re.IGNORECASE,
)
MAX_WORDS = 2_000
VITEST_COVERAGE = (b"@vitest/coverage-v8", b"@vitest/coverage-istanbul")


def node_tool(runner: RunnerName, recipe: Recipe, packages: Path | None, start: FileTree) -> Tool:
    """Return one of the three; raises `NotFound` where Node is not installed here."""
    executable, version = _node()
    is_shown = executable.is_relative_to("/usr")
    node = executable if is_shown else NODE_AT
    binds = [] if is_shown else [Bind(executable, NODE_AT)]
    if packages is not None:
        binds.append(Bind(packages, ROOT_AT / "node_modules"))
    measures = any(one in start.files.get("package.json", b"") for one in VITEST_COVERAGE)

    def command(asked: Asked) -> Command:
        lines = f"{asked.folder}/lines/lcov.info" if asked.with_lines and (runner != "vitest" or measures) else ""
        words = {"node": _of_node, "jest": _of_jest, "vitest": _of_vitest}[runner](asked.folder, lines)
        return Command((str(node), *words, *recipe.arguments, *_files(asked)), f"{asked.folder}/tests", lines)

    return Tool(runner, command, is_node_test_file, tuple(binds), {"NODE_ENV": "test"}, f"Node {version}")


def is_node_test_file(path: str) -> bool:
    """Return whether a file is a test, a snapshot, a mock, or a runner's configuration."""
    pure = PurePosixPath(path)
    is_named = TEST_FILE.fullmatch(pure.name) or DECIDING.fullmatch(pure.name)
    return bool(is_named) or not TEST_FOLDERS.isdisjoint(pure.parts[:-1])


def _of_node(folder: str, lines: str) -> list[str]:
    words = ["--test", "--test-reporter=spec", "--test-reporter-destination=stdout"]
    words += ["--test-reporter=junit", f"--test-reporter-destination={folder}/tests"]
    if lines:
        words += ["--experimental-test-coverage", "--test-reporter=lcov", f"--test-reporter-destination={lines}"]
    return words


def _of_jest(folder: str, lines: str) -> list[str]:
    words = ["node_modules/jest/bin/jest.js", "--ci", "--runInBand", "--json", f"--outputFile={folder}/tests"]
    words += [f"--cacheDirectory={folder}/cache"]
    if lines:
        words += ["--coverage", "--coverageReporters=lcovonly", f"--coverageDirectory={PurePosixPath(lines).parent}"]
    return words


def _of_vitest(folder: str, lines: str) -> list[str]:
    words = ["node_modules/vitest/vitest.mjs", "run", "--reporter=default", "--reporter=junit"]
    words += [f"--outputFile.junit={folder}/tests", "--no-cache"]
    if lines:
        words += ["--coverage.enabled", "--coverage.reporter=lcovonly"]
        words += [f"--coverage.reportsDirectory={PurePosixPath(lines).parent}"]
    return words


def _files(asked: Asked) -> list[str]:
    """Return the files that these ids or a recorded command name; none, so that all are run, where one is unknown."""
    named = [one.partition("::")[0] for one in asked.tests]
    if not all(one in asked.tree.files for one in named):
        return []
    words = [word for program in programs(asked.command_line) for word in program[1:] if is_node_test_file(word)]
    files = NamedFiles(asked.tree)
    told = [files.existing(word) for word in words[:MAX_WORDS] if not word.startswith("-")]
    return sorted({*named, *(one for one in told if one is not None and one in asked.tree.files)})


def _node() -> tuple[Path, str]:
    """Return the real Node behind the one on the PATH, and its version; asked in a folder that nobody else writes."""
    found = shutil.which("node")
    if found is None:
        raise NotFound("Node is not installed here.")
    try:
        with tempfile.TemporaryDirectory(prefix="patchtrail-node-") as empty:
            argv = [found, "-p", "process.execPath + ' ' + process.versions.node"]
            done = subprocess.run(argv, cwd=empty, capture_output=True, text=True, timeout=ASKED_S, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise NotFound(f"Node cannot be run here: {error}") from error
    path, _, version = done.stdout.strip().rpartition(" ")
    return Path(path), version
