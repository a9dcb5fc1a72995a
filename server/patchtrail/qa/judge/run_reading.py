"""Commands and test runs as runs: whether they were red, what failed, and what they showed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from patchtrail.capture.shell_words import programs
from patchtrail.capture.test_command import read_command
from patchtrail.capture.test_output import read_test_output
from patchtrail.contract.events import CmdRun, TestRun, TestTotals
from patchtrail.qa.judge.address import plain_lines
from patchtrail.qa.judge.destructive import DOWNLOAD_INTO_SHELL
from patchtrail.qa.judge.moves import Command, Run
from patchtrail.qa.judge.words import terms_of

__all__ = ["command_of", "is_execution", "joined", "run_of_command", "run_of_tests", "without_comment"]

LOOKERS = frozenset(
    {
        *(
            "ls",
            "ll",
            "cd",
            "cat",
            "bat",
            "less",
            "more",
            "head",
            "tail",
            "grep",
            "egrep",
            "rg",
            "ag",
            "ack",
            "find",
            "fd",
        ),
        *("echo", "printf", "pwd", "tree", "wc", "stat", "file", "which", "type", "whereis", "man", "history", "clear"),
        *(
            "git",
            "gh",
            "hg",
            "jj",
            "svn",
            "diff",
            "sort",
            "uniq",
            "cut",
            "awk",
            "sed",
            "tr",
            "xargs",
            "tee",
            "jq",
            "yq",
        ),
        *("cp", "mv", "rm", "ln", "mkdir", "rmdir", "touch", "chmod", "chown", "tar", "unzip", "zip", "rsync", "scp"),
        *("vim", "vi", "nvim", "nano", "emacs", "code", "open", "xdg-open", "top", "htop", "ps", "kill", "pkill", "df"),
        *(
            "du",
            "free",
            "uname",
            "whoami",
            "id",
            "env",
            "export",
            "set",
            "alias",
            "source",
            ".",
            "sleep",
            "date",
            "exit",
        ),
        *("pip", "pip3", "npm-install", "apt", "apt-get", "brew", "conda", "poetry", "pipenv", "sudo", "ssh", "true"),
        *(
            "black",
            "isort",
            "prettier",
            "ruff",
            "flake8",
            "pylint",
            "eslint",
            "mypy",
            "pyright",
            "watch",
            "tmux",
            "screen",
        ),
    }
)
"""Programs that execute nothing of the project."""
INSTALLS = re.compile(
    r"\b(?:npm|yarn|pnpm|uv|bundle|go|cargo|composer)\s+(?:i|ci|install|add|sync|get|mod|fetch|update|config|cache|audit|login|outdated|ls|list|init)\b"
)
BARE_IMPORT = re.compile(r"^\s*python[\d.]* -c [\"']\s*(?:import|from) [\w., ]+(?:import [\w., ]+)?;?\s*[\"']\s*$")
"""Whether a module can be imported tells nothing of what it does."""
NOT_RED = frozenset({126, 127, 130, 137, 143})
NO_TESTS_RAN = frozenset({4, 5})
COMMENT = re.compile(r"(?<!\S)#\s.*$")
BROKEN = re.compile(
    r"^Traceback \(most recent call last\)|\b\w*(?:Error|Exception)\b\s*[:(]|^panic: |\bAssertion failed|^FAIL(?:ED)?\b"
    r"|\bHTTP/[\d.]+ [45]\d\d\b|\bSegmentation fault|Internal Server Error|^E  ",
    re.MULTILINE,
)
MAX_TEXT = 16_000


def without_comment(command_line: str) -> str:
    """Return a command line without the comment behind it."""
    found = COMMENT.search(command_line)
    is_quoted = found is not None and any(command_line[: found.start()].count(quote) % 2 for quote in "'\"")
    return command_line if found is None or is_quoted else command_line[: found.start()]


def is_execution(command_line: str) -> bool:
    """Return whether a command line executes something of the project."""
    command_line = without_comment(command_line)
    if INSTALLS.search(command_line) and not read_command(command_line).is_named:
        return False
    if BARE_IMPORT.search(command_line) or DOWNLOAD_INTO_SHELL.search(command_line):
        return False
    started = {words[0] for words in programs(command_line)}
    return bool(started - LOOKERS)


def run_of_command(seq: int, at_ms: int, told: CmdRun) -> Run:
    """Return a command that executed something, as a run."""
    output = told.output_tail[-MAX_TEXT:]
    command = read_command(without_comment(told.command_line))
    tells = read_test_output(output, command.framework) if command.is_named else None
    is_red = _is_red(told.exit_code, tells.totals if tells else None, is_test=command.is_named)
    if is_red is None and told.exit_code is None:
        is_red = True if BROKEN.search(output) else False if tells and tells.totals else None
    failed = frozenset(case.test_id for case in tells.cases) if tells and is_red else frozenset[str]()
    text = plain_lines(output)
    return Run(
        seq,
        at_ms,
        without_comment(told.command_line),
        is_test=command.is_named,
        is_red=is_red,
        failed=failed,
        total=tells.totals.tests if tells and tells.totals else None,
        shows_failure=bool(is_red) or BROKEN.search(text) is not None,
        text=text,
        seqs=(seq,),
        is_of_terminal=True,
        told=terms_of(text),
    )


def run_of_tests(seq: int, at_ms: int, told: TestRun) -> Run:
    """Return a test run."""
    broken = [case for case in told.cases if case.outcome in ("failed", "error")]
    is_red = True if broken else _is_red(told.exit_code, told.totals, is_test=True)
    text = plain_lines("\n".join(f"{case.test_id}\n{case.message}" for case in broken[:200]))
    return Run(
        seq,
        at_ms,
        without_comment(told.command_line),
        is_test=True,
        is_red=is_red,
        failed=frozenset(case.test_id for case in broken),
        total=told.totals.tests if told.totals else len(told.cases) or None,
        has_names=bool(told.cases),
        shows_failure=bool(is_red),
        text=text,
        seqs=(seq,),
        told=terms_of(text),
    )


def joined(command: Run, tests: Run) -> Run:
    """Return a command and the test run that it was as one run, which stands where the test run does."""
    return Run(
        tests.seq,
        tests.at_ms,
        tests.command or command.command,
        is_test=True,
        is_red=command.is_red if tests.is_red is None else tests.is_red,
        failed=tests.failed or command.failed,
        total=command.total if tests.total is None else tests.total,
        has_names=tests.has_names or command.has_names,
        shows_failure=tests.shows_failure or command.shows_failure,
        text=f"{command.text}\n{tests.text}",
        seqs=(*command.seqs, *tests.seqs),
        told=command.told | tests.told,
    )


def command_of(seq: int, at_ms: int, told: CmdRun) -> Command:
    """Return a command that executed nothing of the project."""
    return Command(seq, at_ms, without_comment(told.command_line), told.exit_code, _started(told.command_line))


def _started(command_line: str) -> frozenset[str]:
    names: Iterable[str] = (words[0] for words in programs(command_line))
    return frozenset(names)


def _is_red(exit_code: int | None, totals: TestTotals | None, *, is_test: bool) -> bool | None:
    if totals is not None and totals.failed + totals.errors:
        return True
    if exit_code is None:
        return False if totals is not None and totals.tests else None
    if exit_code in NOT_RED or (is_test and exit_code in NO_TESTS_RAN):
        return None
    return exit_code != 0
