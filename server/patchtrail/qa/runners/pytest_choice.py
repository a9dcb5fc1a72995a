"""Which tests a recorded command line would have chosen. The command itself is never run: its words are only read."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from patchtrail.capture.shell_words import program_of, programs
from patchtrail.qa.runners.named_files import NamedFiles
from patchtrail.trace.file_tree import FileTree

__all__ = ["Choice", "choice_of"]

PYTEST = re.compile(r"py\.?test(?:-?3(?:\.\d+)?)?")
CHOOSING = frozenset({"-k", "-m", "--deselect", "--ignore", "--ignore-glob"})
WITH_VALUE = frozenset(
    {
        *("-p", "-c", "-o", "-n", "-W", "-r", "--override-ini", "--config-file", "--rootdir", "--maxfail", "--tb"),
        *("--junitxml", "--junit-xml", "--cov-report", "--cov-config", "--durations", "--color", "--confcutdir"),
        *("--basetemp", "--import-mode", "--log-level", "--log-cli-level", "--timeout", "--verbosity", "--capture"),
        *("--show-capture", "--dist", "--reruns", "--reruns-delay", "--log-file", "--pdbcls", "--asyncio-mode"),
    }
)
"""Options whose value may be a word of its own, so that it is not taken for a file."""
MAX_WORDS = 2_000
SILENT = re.compile(
    r"-[vqsxrlfE]+\w*|--(?:verbose|quiet|exitfirst|color|tb|no-header|no-summary|durations\S*|capture|showlocals"
    r"|junit-?xml|maxfail|show-capture|cache-clear|lf|ff|nf|last-failed|failed-first|new-first|sw|stepwise)\b.*"
)
"""Options that change what is shown, or how early a run ends, and are left out without a word."""


@dataclass(frozen=True)
class Choice:
    """Options that choose, ids and files that exist, and what was left out of the command line."""

    options: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    is_pytest: bool = True


def choice_of(command_line: str, tree: FileTree) -> Choice:
    """Return what a command line chooses on these files; all tests where it does not run pytest by name."""
    words = next(_pytest_words(command_line), None)
    if words is None:
        return Choice(is_pytest=False)
    options, targets, dropped = list[str](), list[str](), list[str]()
    files, left = NamedFiles(tree), deque(words[:MAX_WORDS])
    if len(words) > MAX_WORDS:
        dropped.append(f"all but the first {MAX_WORDS} words")
    while left:
        word = left.popleft()
        if word == "--":
            continue
        if not word.startswith("-"):
            found = files.existing(word)
            (targets if found else dropped).append(found or word)
            continue
        name, has_value, value = _split(word)
        if not has_value and (name in CHOOSING or name in WITH_VALUE):
            value = left.popleft() if left else ""
        if name in CHOOSING:
            options.append(f"{name}{'=' if name.startswith('--') else ''}{value}")
        elif not SILENT.fullmatch(word):
            dropped.append(word if has_value or not value else f"{word} {value}")
    return Choice(tuple(options), tuple(dict.fromkeys(targets)), tuple(dropped))


def _split(word: str) -> tuple[str, bool, str]:
    """Return an option's name, whether its value stands in the same word, and the value."""
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return name, bool(equals), value
    name, value = word[:2], word[2:]
    return name, bool(value), value.removeprefix("=")


def _pytest_words(command_line: str) -> Iterator[Sequence[str]]:
    for words in programs(command_line):
        for at, word in enumerate(words):
            if PYTEST.fullmatch(program_of(word)) and (at == 0 or words[at - 1] in ("-m", "--module")):
                yield words[at + 1 :]
                break
