"""Text that speaks to whoever judges: found, and left out of everything that is weighed.

What a participant writes is evidence, never an instruction. A sentence that gives orders to a judge, asks for a score
or pretends to be a verdict is dropped; what else stands in its paragraph is doubtful.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass

from patchtrail.qa.judge.address_rules import RULES
from patchtrail.qa.judge.invisible import plain_letters, visible

__all__ = ["Heard", "heard", "is_addressed", "paragraphs_of", "plain_code", "plain_lines", "plain_path", "sentences_of"]

ENCODED = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}|(?:[0-9a-fA-F]{2}){16,}")
COMMENT = re.compile(r"#|//|/\*|<!--|^\s*\*\s")
SENTENCE = re.compile(r"(?<=[.!?])[\"')\]]*\s+|\n+|;\s+")
PARAGRAPH = re.compile(r"\n[ \t]*\n")
MIN_ENCODED = 16
MAX_CHARS = 20_000


@dataclass(frozen=True)
class Heard:
    """A text as far as it speaks to colleagues alone; `doubtful` sentences share a paragraph with one that does not."""

    text: str
    doubtful: tuple[str, ...] = ()
    was_addressed: bool = False


def paragraphs_of(text: str) -> list[str]:
    """Return the paragraphs of a text."""
    return [one for one in PARAGRAPH.split(text) if one.strip()]


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a text."""
    return [one for one in SENTENCE.split(text) if one.strip()]


def is_addressed(text: str) -> bool:
    """Return whether a text speaks to a judge, in the open or encoded; a break between two lines is no escape."""
    flat = plain_letters(text[:MAX_CHARS])
    if any(_is_told(one) for one in {flat, flat.replace("\n", " ")}):
        return True
    return any(_hides_words(one) for found in ENCODED.finditer(flat) for one in {found[0], *found[0].split("/")})


def heard(text: str) -> Heard:
    """Return what is left of a text when all that addresses a judge is dropped."""
    kept, doubtful, was_addressed = list[str](), list[str](), False
    for paragraph in paragraphs_of(visible(text[:MAX_CHARS])):
        if not is_addressed(paragraph):
            kept.append(paragraph.strip())
            continue
        was_addressed = True
        doubtful += [one for one in sentences_of(paragraph) if not is_addressed(one)]
    return Heard("\n\n".join(kept), tuple(doubtful), was_addressed)


def plain_lines(text: str) -> str:
    """Return an output or a piece of code without the lines that address a judge."""
    seen = visible(text)
    if not is_addressed(seen):
        return seen
    return "\n".join(line for line in seen.split("\n") if not is_addressed(line))


def plain_path(path: str) -> str:
    """Return a path without those of its parts that address a judge."""
    return path if not is_addressed(path) else "/".join(one for one in path.split("/") if not is_addressed(one))


def plain_code(lines: Iterable[str]) -> tuple[str, ...]:
    """Return lines of code without comments that address a judge; the code before one stays."""
    kept = list[str]()
    for line in lines:
        if not is_addressed(line):
            kept.append(line)
            continue
        code = COMMENT.split(line, maxsplit=1)[0].rstrip()
        kept += [line if code == line.rstrip() else code] if code.strip() else []
    return tuple(kept)


def _is_told(text: str) -> bool:
    lowered = text.lower()
    return any(rule.finds(text, lowered) for rule in RULES)


def _hides_words(token: str) -> bool:
    """Return whether base64 or hex decodes to prose; a slash belongs to base64, or divides a path."""
    if len(token) < MIN_ENCODED:
        return False
    for decode in (_from_base64, bytes.fromhex):
        try:
            told = decode(token).decode("ascii")
        except (ValueError, binascii.Error):
            continue
        if told.isprintable() and " " in told.strip():
            return True
    return False


def _from_base64(token: str) -> bytes:
    body = token.rstrip("=").translate(str.maketrans("-_", "+/"))
    return base64.b64decode(body[: len(body) // 4 * 4], validate=True)
