"""Redact what another recorder wrote: JSON of any shape, and diffs of texts that nobody redacted.

Our own recorder diffs redacted texts and leaves the diff alone. Here only the diff is at hand, so it is redacted
line by line without its prefixes, which keeps it a diff wherever no secret goes over a prefix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from patchtrail.redaction.literals import Literal, from_environment
from patchtrail.redaction.placeholder import placeholder
from patchtrail.redaction.redactor import Redactor

__all__ = ["redact_fields"]

DIFF_FIELDS = frozenset({"diff", "diff_unified"})
PATH_FIELDS = ("file_path", "file")
PREFIXES = (" ", "+", "-")
GIT_HEADER = re.compile(r"^diff --git (?P<old>\S.*?) (?P<new>\S*)$")
HUNK = re.compile(r"^@@[^@]*@@")


def redact_fields(key: bytes, fields: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return an event's fields with every secret replaced; of a file that is never captured only its path is left.

    The value of a secret-like name, at any depth, is replaced wherever it stands in the event.
    """
    redactor = Redactor(key, set(_named_secrets(dict(fields))))
    path = next((value for name in PATH_FIELDS if isinstance(value := fields.get(name), str)), None)
    if path is not None and redactor.denies(path):
        kept: dict[str, JsonValue] = {name: fields[name] for name in PATH_FIELDS if name in fields}
        return kept | {name: "" for name in DIFF_FIELDS if name in fields} | {"withheld": "denied_path"}
    return {redactor.text(name): _value(redactor, key, name, value) for name, value in fields.items()}


def _named_secrets(value: JsonValue) -> Iterator[Literal]:
    if isinstance(value, dict):
        yield from from_environment({name: one for name, one in value.items() if isinstance(one, str)})
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _named_secrets(one)


def _value(redactor: Redactor, key: bytes, name: str, value: JsonValue) -> JsonValue:
    match value:
        case str():
            return _diff(redactor, key, value) if name in DIFF_FIELDS else redactor.text(value)
        case list():
            return [_value(redactor, key, name, one) for one in value]
        case dict():
            return {redactor.text(inner): _value(redactor, key, inner, one) for inner, one in value.items()}
        case _:
            return value


def _diff(redactor: Redactor, key: bytes, diff: str) -> str:
    """Redact the texts behind the prefixes; then the whole, in case that it was no diff after all."""
    lines = list(_without_denied(redactor, key, diff.split("\n")))
    prefixes = [line[:1] if line.startswith(PREFIXES) else "" for line in lines]
    bodies = (line[len(prefix) :] for prefix, line in zip(prefixes, lines, strict=True))
    redacted = redactor.text("\n".join(bodies)).split("\n")
    return redactor.text("\n".join(prefix + body for prefix, body in zip(prefixes, redacted, strict=True)))


def _without_denied(redactor: Redactor, key: bytes, lines: list[str]) -> Iterator[str]:
    """Yield a diff's lines, those of files that are never captured replaced one by one."""
    is_denied = False
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        git = GIT_HEADER.match(line)
        if git or (line.startswith("--- ") and after.startswith("+++ ")):
            named = (git["old"], git["new"]) if git else (line[4:], after[4:])
            is_denied = any(redactor.denies(_path(name)) for name in named)
            yield line
        elif not is_denied or line.startswith("+++ ") or not line:
            yield line
        elif hunk := HUNK.match(line):
            yield hunk[0]
        elif line.startswith(PREFIXES):
            yield line[0] + (placeholder("denied_path", line[1:], key) if line[1:] else "")
        else:
            yield line


def _path(name: str) -> str:
    """Return the path that a diff's header names, without git's `a/` and a time behind a tab."""
    path = name.split("\t")[0].strip().strip('"')
    return path[2:] if path.startswith(("a/", "b/")) else path
