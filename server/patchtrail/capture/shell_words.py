"""Command lines split as shells split them, and the programs that their parts start behind wrappers."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

__all__ = [
    "PREFIXES",
    "RUNNERS",
    "SHELLS",
    "after_options",
    "parts_of",
    "program_of",
    "programs",
    "script_of",
    "without_assignments",
]

ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=.*", re.DOTALL)
SEPARATOR = re.compile(r"[;|&()]+")
PUNCTUATION = ";|&()<>"
KEYWORDS = frozenset({"if", "then", "elif", "else", "do", "while", "until", "time", "!", "{"})
SHELLS = frozenset({"bash", "dash", "fish", "ksh", "sh", "zsh"})
MAX_DEPTH = 4
MAX_LINE_CHARS = 100_000
"""A longer line is a pasted file rather than a command; its start tells what it runs."""

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
PACKAGE_RUNNERS = {
    **dict.fromkeys(
        ("npx", "bunx", "pnpx", "dotenvx", "cross-env", "c8", "nyc", "unbuffer", "stdbuf", "ddtrace-run"), ()
    ),
    "npm": ("exec", "x"),
    "pnpm": ("exec", "dlx"),
    "yarn": ("exec", "dlx", "run"),
    "bundle": ("exec",),
}
"""Of other languages: programs that run what follows them, behind one of these verbs where there are any."""
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
    "npx": frozenset({"-p", "--package", "-c", "--call"}),
    "pdb": frozenset({"-c"}),
    "pdm": frozenset({"-p", "--project"}),
    "pipx": frozenset({"--spec", "--python", "--pip-args"}),
    "pixi": frozenset({"-e", "--environment", "--manifest-path"}),
    "poetry": frozenset({"-C", "--directory", "-P", "--project"}),
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


def parts_of(command_line: str) -> Iterator[list[str]]:
    """Give the simple commands of a list or pipe, without redirections and comments."""
    return _parts(_words(command_line[:MAX_LINE_CHARS]))


def programs(command_line: str) -> Iterator[list[str]]:
    """Give each program that a command line starts, with its arguments, taken out of what wraps it.

    Wrappers are assignments, `sudo`, `env`, `timeout` and the like, `uv run`, `npx`, and `bash -c '...'`.
    """
    yield from _programs(command_line, 0)


def without_assignments(words: list[str]) -> list[str]:
    """Drop the shell's own words and variables before a program."""
    while words and (words[0] in KEYWORDS or ASSIGNMENT.fullmatch(words[0])):
        words = words[1:]
    return words


def program_of(word: str) -> str:
    """Return a program's name without its folder."""
    return re.split(r"[/\\]", word)[-1].removesuffix(".exe").removesuffix(".cmd")


def after_options(program: str, words: list[str]) -> list[str]:
    """Drop a runner's options and their values; `-m` stays, because what follows it is run."""
    valued = OPTIONS_WITH_VALUE.get("conda" if program in ("mamba", "micromamba") else program, frozenset())
    index = 0
    while index < len(words) and words[index].startswith("-") and words[index] not in ("-m", "--module", "--"):
        index += 2 if words[index] in valued else 1
    return words[index + 1 :] if words[index : index + 1] == ["--"] else words[index:]


def _programs(command_line: str, depth: int) -> Iterator[list[str]]:
    for part in parts_of(command_line) if depth < MAX_DEPTH else ():
        words = _unwrapped(without_assignments(part), depth)
        if words and program_of(words[0]) in SHELLS and (script := script_of(words[1:])) is not None:
            yield from _programs(script, depth + 1)
        elif words:
            yield [program_of(words[0]), *words[1:]]


def script_of(words: list[str]) -> str | None:
    """Return what a shell is told to run by `-c`."""
    at = next((index for index, word in enumerate(words) if re.fullmatch(r"-[a-z]*c", word)), None)
    return None if at is None else " ".join(words[at + 1 : at + 2])


def _unwrapped(words: list[str], depth: int) -> list[str]:
    if not words or depth > 2 * MAX_DEPTH:
        return words
    program, rest = program_of(words[0]), words[1:]
    if program in PREFIXES:
        inner = after_options(program, rest)[PREFIXES[program] :]
    elif program in RUNNERS:
        verb = after_options(program, rest)
        inner = after_options(program, verb[1:]) if verb[:1] == [RUNNERS[program]] else []
    elif program in PACKAGE_RUNNERS:
        verbs = PACKAGE_RUNNERS[program]
        is_verb = not verbs or (rest[:1] and rest[0] in verbs)
        inner = after_options(program, rest[1:] if verbs else rest) if is_verb else []
    else:
        return words
    return _unwrapped(without_assignments(inner), depth + 1) if inner else words


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
