"""Whether a command line runs pytest by name.

What runs it behind another name (`make test`, `tox`, `nox`) is recognised by the report that appears.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

__all__ = ["asks_for_junit", "runs_pytest"]

JUNIT_OPTION = re.compile(r"--junit-?xml\b")

PYTEST = re.compile(r"(?:py\.?test)(?:-?3(?:\.\d+)?)?")
PYTHON = re.compile(r"(?:python|pypy)(?:\d+(?:\.\d+)*)?[dt]?|py")
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=.*", re.DOTALL)
SEPARATOR = re.compile(r"[;|&()]+")
PUNCTUATION = ";|&()<>"
KEYWORDS = frozenset({"if", "then", "elif", "else", "do", "while", "until", "time", "!", "{"})
SHELLS = frozenset({"bash", "dash", "fish", "ksh", "sh", "zsh"})
MODULES_THAT_RUN = frozenset({"coverage", "cProfile", "debugpy", "pdb", "trace"})
TELLS_ONLY = frozenset(
    {
        *("--version", "-V", "--help", "-h", "--collect-only", "--collectonly", "--co", "--cache-show"),
        *("--markers", "--fixtures", "--funcargs", "--fixtures-per-test"),
    }
)
"""Options with which pytest runs no test."""
MAX_DEPTH = 4

RUNNERS = {
    "coverage": "run",
    "conda": "run",
    "dotenv": "run",
    "hatch": "run",
    "mamba": "run",
    "micromamba": "run",
    "pdm": "run",
    "pipenv": "run",
    "pipx": "run",
    "pixi": "run",
    "poetry": "run",
    "rye": "run",
    "uv": "run",
}
"""Programs with a verb that runs another program."""
PREFIXES = {
    **dict.fromkeys(("builtin", "command", "doas", "env", "exec", "nice", "nohup", "sudo", "uvx", "xvfb-run"), 0),
    "timeout": 1,
}
"""Programs that run what follows them, and how many arguments of their own come before it."""
OPTIONS_WITH_VALUE = {
    "conda": frozenset({"-n", "--name", "-p", "--prefix", "--cwd"}),
    "coverage": frozenset({"--rcfile", "--source", "--include", "--omit", "--data-file", "--context", "--concurrency"}),
    "debugpy": frozenset({"--listen", "--connect", "--pid", "--log-to"}),
    "cProfile": frozenset({"-o", "-s"}),
    "dotenv": frozenset({"-f", "--file"}),
    "doas": frozenset({"-u"}),
    "env": frozenset({"-u", "--unset", "-C", "--chdir"}),
    "hatch": frozenset({"-e", "--env", "-p", "--project"}),
    "nice": frozenset({"-n", "--adjustment"}),
    "pdb": frozenset({"-c"}),
    "pdm": frozenset({"-p", "--project"}),
    "pipx": frozenset({"--spec", "--python", "--pip-args"}),
    "pixi": frozenset({"-e", "--environment", "--manifest-path"}),
    "poetry": frozenset({"-C", "--directory", "-P", "--project"}),
    "python": frozenset({"-W", "-X", "--check-hash-based-pycs"}),
    "sudo": frozenset({"-u", "--user", "-g", "--group", "-D", "--chdir"}),
    "timeout": frozenset({"-k", "--kill-after", "-s", "--signal"}),
    "uv": frozenset(
        {
            *("--with", "--with-editable", "--with-requirements", "--python", "-p", "--group", "--only-group"),
            *("--no-group", "--extra", "--env-file", "--directory", "--project", "--package", "--index"),
        }
    ),
    "uvx": frozenset({"--with", "--python", "-p", "--from", "--index"}),
    "xvfb-run": frozenset({"-n", "--server-num", "-s", "--server-args"}),
}


def runs_pytest(command_line: str) -> bool:
    """Tell whether any part of a command line starts pytest and lets it run tests."""
    return _runs(command_line, 0)


def asks_for_junit(command_line: str) -> bool:
    """Tell whether pytest is asked for a JUnit report by hand: two askers get in each other's way."""
    return JUNIT_OPTION.search(command_line) is not None and runs_pytest(command_line)


def _runs(command_line: str, depth: int) -> bool:
    return depth < MAX_DEPTH and any(_starts(part, depth) for part in _parts(_words(command_line)))


def _words(command_line: str) -> list[str]:
    """Split as a shell does; a line with an open quote is split at spaces, because some shells allow it."""
    # A backslash is no escape here: it stands in paths of Windows more often than before a space.
    joined = re.sub(r"[\\`^]?\r?\n", lambda match: " " if len(match[0].strip("\r\n")) else " ; ", command_line)
    lexer = shlex.shlex(joined, posix=True, punctuation_chars=PUNCTUATION)
    lexer.commenters, lexer.escape, lexer.whitespace_split = "", "", True
    try:
        return list(lexer)
    except ValueError:
        return re.sub(r"([;|&()]+)", r" \1 ", joined).split()


def _parts(words: list[str]) -> Iterator[list[str]]:
    """Give the simple commands of a list or pipe, without redirections and comments."""
    part: list[str] = []
    is_target, is_comment = False, False
    for word in words:
        if SEPARATOR.fullmatch(word) or (set(word) <= set(PUNCTUATION) and "(" in word):
            yield part
            part, is_target, is_comment = [], False, is_comment and word != ";"
        elif set(word) <= set(PUNCTUATION):
            is_target = True
        elif is_target:
            is_target = False
        elif word.startswith("#"):
            is_comment = True
        elif not is_comment:
            part.append(word)
    yield part


def _starts(words: list[str], depth: int) -> bool:
    while words and (words[0] in KEYWORDS or ASSIGNMENT.fullmatch(words[0])):
        words = words[1:]
    if not words:
        return False
    program, rest = _program(words[0]), words[1:]
    if PYTEST.fullmatch(program):
        return TELLS_ONLY.isdisjoint(rest)
    if PYTHON.fullmatch(program):
        return _python_starts(rest, depth)
    if program in SHELLS:
        script = next((index for index, word in enumerate(rest) if re.fullmatch(r"-[a-z]*c", word)), None)
        return script is not None and _runs(" ".join(rest[script + 1 : script + 2]), depth + 1)
    if program in RUNNERS:
        verb = _after_options(program, rest)
        return verb[:1] == [RUNNERS[program]] and _runner_starts(program, verb[1:], depth)
    if program in PREFIXES:
        return _starts(_after_options(program, rest)[PREFIXES[program] :], depth)
    return False


def _program(word: str) -> str:
    """Return a program's name without its folder."""
    return re.split(r"[/\\]", word)[-1].removesuffix(".exe")


def _python_starts(words: list[str], depth: int) -> bool:
    """Judge what follows an interpreter: `-m` and a module, or a script."""
    for index, word in enumerate(words):
        if index and words[index - 1] in OPTIONS_WITH_VALUE["python"]:
            continue
        module = re.fullmatch(r"-[A-VX-Za-bd-z]*?m(.*)", word)
        if module:
            given = [module[1]] if module[1] else []
            return _module_starts([*given, *words[index + 1 :]], depth)
        if not word.startswith("-"):
            return _starts(words[index:], depth) if PYTEST.fullmatch(_program(word)) else False
        if re.fullmatch(r"-[A-Za-z]*c", word) or word == "-":
            return False
    return False


def _module_starts(words: list[str], depth: int) -> bool:
    if not words:
        return False
    if PYTEST.fullmatch(words[0]):
        return TELLS_ONLY.isdisjoint(words[1:])
    if words[0] == "coverage":
        return _starts(words, depth)
    return words[0] in MODULES_THAT_RUN and _runner_starts(words[0], words[1:], depth)


def _runner_starts(program: str, words: list[str], depth: int) -> bool:
    """Judge what follows a runner's own verb and options: a command, or `-m` and a module."""
    rest = _after_options(program, words)
    if rest[:1] in (["-m"], ["--module"]):
        return _module_starts(rest[1:], depth)
    if program == "hatch" and rest:
        # `hatch run environment:command`
        rest = [rest[0].rpartition(":")[2], *rest[1:]]
    return _starts(rest, depth)


def _after_options(program: str, words: list[str]) -> list[str]:
    """Drop a runner's options and their values; `-m` stays, because what follows it is run."""
    valued = OPTIONS_WITH_VALUE.get("conda" if program in ("mamba", "micromamba") else program, frozenset())
    index = 0
    while index < len(words) and words[index].startswith("-") and words[index] not in ("-m", "--module", "--"):
        index += 2 if words[index] in valued else 1
    return words[index + 1 :] if words[index : index + 1] == ["--"] else words[index:]
