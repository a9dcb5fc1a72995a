"""Whether a command line runs pytest by name.

What runs it behind another name (`make test`, `tox`, `nox`) is recognised by the report that appears.
"""

from __future__ import annotations

import re

from patchtrail.capture.shell_words import (
    PREFIXES,
    RUNNERS,
    SHELLS,
    after_options,
    parts_of,
    program_of,
    script_of,
    without_assignments,
)

__all__ = ["asks_for_junit", "runs_pytest"]

JUNIT_OPTION = re.compile(r"--junit-?xml\b")

PYTEST = re.compile(r"(?:py\.?test)(?:-?3(?:\.\d+)?)?")
PYTHON = re.compile(r"(?:python|pypy)(?:\d+(?:\.\d+)*)?[dt]?|py")
MODULES_THAT_RUN = frozenset({"coverage", "cProfile", "debugpy", "pdb", "trace"})
TELLS_ONLY = frozenset(
    {
        *("--version", "-V", "--help", "-h", "--collect-only", "--collectonly", "--co", "--cache-show"),
        *("--markers", "--fixtures", "--funcargs", "--fixtures-per-test"),
    }
)
"""Options with which pytest runs no test."""
MAX_WRAPPERS = 12
"""How deep `sudo`, `env`, `uv run`, `bash -c` and the like may be nested."""
PYTHON_OPTIONS_WITH_VALUE = frozenset({"-W", "-X", "--check-hash-based-pycs"})


def runs_pytest(command_line: str) -> bool:
    """Tell whether any part of a command line starts pytest and lets it run tests."""
    return _runs(command_line, 0)


def asks_for_junit(command_line: str) -> bool:
    """Tell whether pytest is asked for a JUnit report by hand: two askers get in each other's way."""
    return JUNIT_OPTION.search(command_line) is not None and runs_pytest(command_line)


def _runs(command_line: str, depth: int) -> bool:
    return depth < MAX_WRAPPERS and any(_starts(part, depth) for part in parts_of(command_line))


def _starts(words: list[str], depth: int) -> bool:
    words = without_assignments(words)
    if not words or depth > MAX_WRAPPERS:
        return False
    program, rest = program_of(words[0]), words[1:]
    if PYTEST.fullmatch(program):
        return TELLS_ONLY.isdisjoint(rest)
    if PYTHON.fullmatch(program):
        return _python_starts(rest, depth)
    if program in SHELLS:
        script = script_of(rest)
        return script is not None and _runs(script, depth + 1)
    if program in RUNNERS:
        verb = after_options(program, rest)
        return verb[:1] == [RUNNERS[program]] and _runner_starts(program, verb[1:], depth + 1)
    if program in PREFIXES:
        return _starts(after_options(program, rest)[PREFIXES[program] :], depth + 1)
    return False


def _python_starts(words: list[str], depth: int) -> bool:
    """Judge what follows an interpreter: `-m` and a module, or a script."""
    for index, word in enumerate(words):
        if index and words[index - 1] in PYTHON_OPTIONS_WITH_VALUE:
            continue
        module = re.fullmatch(r"-[A-VX-Za-bd-z]*?m(.*)", word)
        if module:
            given = [module[1]] if module[1] else []
            return _module_starts([*given, *words[index + 1 :]], depth)
        if not word.startswith("-"):
            return _starts(words[index:], depth) if PYTEST.fullmatch(program_of(word)) else False
        if re.fullmatch(r"-[A-Za-z]*c", word) or word == "-":
            return False
    return False


def _module_starts(words: list[str], depth: int) -> bool:
    if not words:
        return False
    if PYTEST.fullmatch(words[0]):
        return TELLS_ONLY.isdisjoint(words[1:])
    if words[0] == "coverage":
        return _starts(words, depth + 1)
    return words[0] in MODULES_THAT_RUN and _runner_starts(words[0], words[1:], depth + 1)


def _runner_starts(program: str, words: list[str], depth: int) -> bool:
    """Judge what follows a runner's own verb and options: a command, or `-m` and a module."""
    rest = after_options(program, words)
    if rest[:1] in (["-m"], ["--module"]):
        return _module_starts(rest[1:], depth)
    if program == "hatch" and rest:
        # `hatch run environment:command`
        rest = [rest[0].rpartition(":")[2], *rest[1:]]
    return _starts(rest, depth)
