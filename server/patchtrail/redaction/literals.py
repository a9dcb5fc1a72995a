"""Known literals: values that are secret or personal on this machine, wherever they turn up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

__all__ = ["Literal", "from_dotenv", "from_environment", "from_machine"]

MIN_SECRET_LENGTH = 8
MIN_NAME_LENGTH = 3
SECRET_LIKE_NAME = re.compile(r"pass|secret|token|key|cred|auth|private|pwd", re.IGNORECASE)
INNOCENT_NAME = re.compile(r"^(?:OLD)?PWD$|_SOCK$|KEYBOARD|AUTHOR", re.IGNORECASE)
DOTENV_LINE = re.compile(
    r"""^\s*(?:export\s+)?[A-Za-z_][\w.-]*\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>.*?))(?:\s+\#.*)?\s*$"""
)
COMMON_WORDS = (
    "admin administrator app build builder ci coder debian default dev developer docker git github gitlab guest "
    "host jenkins local localhost node nobody postgres python root runner server student system test tester "
    "ubuntu user username vagrant vm vscode web work www-data"
)
COMMON_NAMES = frozenset(COMMON_WORDS.split())
"""User and host names that are words of every code base: to replace them would hide code, not a person."""


@dataclass(frozen=True)
class Literal:
    """A value to replace; a `word` only where it stands alone."""

    rule: str
    value: str
    is_word: bool


def from_environment(environment: Mapping[str, str]) -> Iterator[Literal]:
    """Yield the values of secret-like names; each line of a longer value counts by itself."""
    for name, value in environment.items():
        if SECRET_LIKE_NAME.search(name) and not INNOCENT_NAME.search(name):
            yield from _secrets("env", value)


def from_dotenv(text: str) -> Iterator[Literal]:
    """Yield every value of a `.env` file that is long enough to be a secret."""
    for line in text.split("\n"):
        match = DOTENV_LINE.match(line)
        if match:
            yield from _secrets("dotenv", match["double"] or match["single"] or match["bare"] or "")


def from_machine(*, homes: Iterable[str], users: Iterable[str], hosts: Iterable[str]) -> Iterator[Literal]:
    """Yield home directories, user names and host names, save those that are ordinary words."""
    for home in homes:
        trimmed = home.rstrip("/\\")
        if len(trimmed) > MIN_NAME_LENGTH:
            yield Literal("home", trimmed, is_word=True)
    for rule, names in (("user", users), ("host", hosts)):
        for name in names:
            if len(name) >= MIN_NAME_LENGTH and name.lower() not in COMMON_NAMES:
                yield Literal(rule, name, is_word=True)


def _secrets(rule: str, value: str) -> Iterator[Literal]:
    for line in value.split("\n"):
        secret = line.strip()
        if len(secret) >= MIN_SECRET_LENGTH:
            yield Literal(rule, secret, is_word=False)
