"""Marks that stand for code which the answer leaves out: a jump, and never a deletion."""

from __future__ import annotations

import re

from patchtrail.patching.response.proposal import Line

__all__ = ["is_elision", "paired_elisions"]

COMMENT = r"(?:#|//|/\*|<!--|--|;|%|\{/\*)"
WORDS = (
    r"(?:existing|rest|remaining|unchanged|other|previous|same|omitted|the rest|code|more|skipped|keep|snip|as before)"
)
MARK = re.compile(
    rf"^\s*(?:{COMMENT}\s*)?(?:\[|\()?(?:\.{{3,}}|…|⋮)\s*(?:[^.…]{{0,80}}(?:\.{{3,}}|…)?)?(?:\]|\))?\s*(?:\*/\}}?|-->)?\s*$"
)
WORDED = re.compile(
    rf"^\s*{COMMENT}\s*(?:\[|\()?\s*{WORDS}\b[^\n]{{0,80}}(?:\.{{3}}|…)\s*(?:\]|\))?\s*(?:\*/\}}?|-->)?\s*$", re.I
)
BARE = re.compile(r"^\s*(?:\.{3,}|…|⋮|\[\.{3}\]|\[…\]|\(\.{3}\))\s*$")
SPREAD = re.compile(r"^\s*\.{3}[\w\[({]")


def is_elision(text: str) -> bool:
    """Return whether a line is such a mark; a spread argument (`...rest`) is none."""
    if len(text) > 200 or ("..." not in text and "…" not in text and "⋮" not in text):
        return False
    if SPREAD.match(text):
        return False
    if BARE.match(text) or WORDED.match(text):
        return True
    stripped = text.strip()
    is_comment = re.match(COMMENT, stripped) is not None
    return is_comment and MARK.match(text) is not None


def paired_elisions(lines: tuple[Line, ...]) -> tuple[Line, ...] | None:
    """Return the lines with every removed and added mark turned into one of context; None when they do not pair.

    A mark that is only removed would delete what nobody has seen. A mark that is only added stands for nothing that
    was left out, unless it directly follows or precedes one: then both are the same mark.
    """
    removed = [line for line in lines if line.sign == "-" and is_elision(line.text)]
    added = [line for line in lines if line.sign == "+" and is_elision(line.text)]
    if not removed and not added:
        return lines
    if len(removed) != len(added):
        return None
    return tuple(
        Line(" ", line.text) if line.sign == "-" and is_elision(line.text) else line
        for line in lines
        if not (line.sign == "+" and is_elision(line.text))
    )
