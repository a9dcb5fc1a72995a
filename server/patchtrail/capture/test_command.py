"""What a command line says of tests in any language: which framework it runs, and whether a report may be its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from patchtrail.capture.pytest_command import runs_pytest
from patchtrail.capture.shell_words import PREFIXES, programs

__all__ = ["TestCommand", "read_command"]

NAMES = {
    **dict.fromkeys(("jest", "vitest", "mocha", "ava", "rspec", "phpunit", "ctest", "nose2", "busted"), ""),
    "pest": "phpunit",
    "gotestsum": "go",
    "react-scripts": "jest",
    "ginkgo": "go",
    "paratest": "phpunit",
    "trial": "unittest",
    "green": "unittest",
}
"""Programs that do nothing but run tests, and the framework where it has another name."""
VERBS = {
    "go": {"test": "go"},
    "cargo": {"test": "cargo", "t": "cargo", "nextest": "cargo-nextest"},
    "playwright": {"test": "playwright"},
    "cypress": {"run": "cypress"},
    "deno": {"test": "deno"},
    "bun": {"test": "bun"},
    "dotnet": {"test": "dotnet"},
    "swift": {"test": "swift"},
    "dart": {"test": "dart"},
    "flutter": {"test": "flutter"},
    "mix": {"test": "exunit"},
    "rails": {"test": "minitest"},
    "bazel": {"test": "bazel"},
    "zig": {"test": "zig"},
    "artisan": {"test": "phpunit"},
}
"""Programs whose verb decides."""
GOALS = {
    **dict.fromkeys(("mvn", "mvnw", "gradle", "gradlew"), "junit"),
    **dict.fromkeys(("sbt", "ant", "lein"), "junit"),
}
"""Build tools of the JVM, whose tests are one goal of several."""
GOAL = re.compile(r"(?:[\w:.-]*:)?(?:\w*[tT]est\w*|verify|check|build|install|package|integration-test)$")
SCRIPT_RUNNERS = frozenset(
    {
        *("npm", "pnpm", "yarn", "bun", "make", "gmake", "just", "task", "rake", "composer", "lerna", "nx", "turbo"),
        *("tox", "nox", "invoke", "inv", "meson", "ninja", "grunt", "gulp", "mage", "sbt", "ant", "lein", "earthly"),
    }
)
TEST_WORD = re.compile(r"(?:^|[-_:/.])(?:tests?|specs?|check|e2e|t)(?:$|[-_:/.])")
SCRIPT = re.compile(r".*\.(?:sh|bash|zsh|fish|py|js|mjs|ts|rb|ps1)|(?:\./|bin/|scripts?/).+")
TELL_ONLY = frozenset({"--version", "-V", "--help", "-h", "--list-tests", "--listTests", "--collect-only", "--list"})
TELLING_VERBS = frozenset({"init", "list", "show-config", "show-report", "codegen", "install"})
MOVERS = frozenset(
    {
        *("git", "hg", "jj", "cp", "mv", "rm", "ln", "rsync", "scp", "tar", "unzip", "zip", "curl", "wget", "touch"),
        *("ls", "cd", "cat", "less", "more", "head", "tail", "grep", "rg", "find", "fd", "echo", "printf", "pwd", "gh"),
        *("vim", "vi", "nvim", "nano", "emacs", "code", "xmllint", "jq", "diff", "ps", "top", "htop", "man", "which"),
    }
)
"""Programs that bring files along, or only look: a report that appears with them is no result of theirs."""


@dataclass(frozen=True)
class TestCommand:
    """What a command line says of tests."""

    is_named: bool
    """It runs tests, by its own words."""
    framework: str | None
    """Which, where the words tell it."""
    may_report: bool
    """A report that appears while it runs may be its own."""

    __test__ = False


def read_command(command_line: str) -> TestCommand:
    """Read a command line, which is plain text."""
    if runs_pytest(command_line):
        return TestCommand(is_named=True, framework="pytest", may_report=True)
    started = list(programs(command_line))
    told = [one for words in started for one in _frameworks(words)]
    if told:
        return TestCommand(is_named=True, framework=next((one for one in told if one), None), may_report=True)
    is_mover = bool(started) and all(words[0] in MOVERS or words[0] in PREFIXES for words in started)
    return TestCommand(is_named=False, framework=None, may_report=not is_mover)


def _frameworks(words: list[str]) -> Iterator[str]:
    """Yield the framework that one program runs; an empty name where it runs tests of some kind."""
    program, rest = re.sub(r"[.-]?\d+(?:\.\d+)*$", "", words[0]) or words[0], words[1:]
    if not TELL_ONLY.isdisjoint(rest):
        return
    verbs = [word for word in rest if not word.startswith(("-", "+"))]
    verb = verbs[0] if verbs else ""
    if program in NAMES:
        is_telling = verb in TELLING_VERBS or (program == "react-scripts" and verb != "test")
        yield from () if is_telling else (NAMES[program] or program,)
    elif program in GOALS:
        yield from (GOALS[program],) if any(GOAL.match(word) for word in verbs) else ()
    elif verb in VERBS.get(program, {}):
        is_telling = verbs[1:2] == ["list"]
        yield from () if is_telling else (VERBS[program][verb],)
    elif program in ("python", "pypy", "py"):
        yield from _of_python(rest)
    elif program == "node":
        yield from ("node",) if "--test" in rest else ()
    elif program == "php" and verb.rpartition("/")[2] in ("artisan", "phpunit", "pest"):
        yield from _frameworks([verb.rpartition("/")[2], *verbs[1:]])
    elif program in SCRIPT_RUNNERS:
        yield from _of_script(program, verbs)
    elif SCRIPT.fullmatch(words[0]) and TEST_WORD.search(words[0].rpartition("/")[2].rpartition(".")[0]):
        yield ""


def _of_python(words: list[str]) -> Iterator[str]:
    module = next((words[at + 1] for at, word in enumerate(words[:-1]) if word == "-m"), "")
    script = next((word for word in words if not word.startswith("-")), "")
    if module in ("unittest", "nose2", "twisted.trial"):
        yield "nose2" if module == "nose2" else "unittest"
    elif script.rpartition("/")[2] in ("manage.py", "runtests.py") and "test" in words:
        yield "unittest"
    elif module in ("tox", "nox", "invoke"):
        yield from _of_script(module, words)


def _of_script(program: str, verbs: list[str]) -> Iterator[str]:
    """Judge a script of a package, or a target: its name says test, or a known program follows."""
    words = verbs[1:] if verbs[:1] in (["run"], ["run-script"], ["workspace"]) else verbs
    if program in ("tox", "nox"):
        yield ""
    elif program == "yarn" and words and words[0] in {*NAMES, *VERBS}:
        yield from _frameworks(words)
    elif words and TEST_WORD.search(words[0] if program in ("npm", "pnpm", "yarn", "bun") else " ".join(words)):
        yield ""
