"""Cut an answer into fenced blocks and what stands around them."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["COMMENT_MARKS", "FENCE", "Block", "blocks_of", "cleaned", "named_path"]

FENCE = re.compile(r"^([ \t]{0,12})(`{3,}|~{3,})[ \t]*([^`\n]*)$")
TAG = re.compile(r"^</?(?:patch|diff|answer|solution)>[ \t]*$", re.IGNORECASE)
TAGS = (("<patch>", "</patch>"), ("<diff>", "</diff>"))
END_TOKENS = ("</s>", "<|endoftext|>", "<|im_end|>", "<|end|>", "<|eot_id|>")
NAME_LINE = re.compile(r"[\w./\\@+~()\[\]$-]{1,300}")
NAME_PREFIXES = (
    "file:",
    "filename:",
    "path:",
    "file path:",
    "in ",
    "update ",
    "file ",
    "modified ",
    "modify ",
    "edit ",
)
COMMENT_MARKS = ("#", "//", "/*", "<!--", "--", ";")


@dataclass(frozen=True)
class Block:
    """A run of lines: fenced ones have an `info`; `before` are the last lines of prose in front.

    `is_closed` says that a mark, a fence or a tag, ends it, and `is_open` that such a mark began it and none ends it.
    """

    lines: tuple[str, ...]
    info: str = ""
    is_fenced: bool = False
    is_closed: bool = True
    before: tuple[str, ...] = ()
    is_open: bool = False


def cleaned(answer: str) -> str:
    """Return an answer without carriage returns, byte-order mark and the end tokens of chat templates."""
    text = answer.removeprefix("\ufeff").replace("\r\n", "\n")
    shorn = text.rstrip()
    while token := next((one for one in END_TOKENS if shorn.endswith(one)), None):
        text = shorn = shorn.removesuffix(token).rstrip()
    for opening, closing in TAGS:
        if opening in text and closing in text:
            # A closing tag at the end of a line of the diff gets a line of its own.
            text = f"{text}\n".replace(f"{closing}\n", f"\n{closing}\n")
    return text


def blocks_of(text: str) -> list[Block]:
    """Return fenced blocks and the texts between them, in order. An `<patch>` tag counts as a fence."""
    found, lines = list[Block](), text.split("\n")
    i, plain, is_tagged, is_diff = 0, list[str](), False, False
    while i < len(lines):
        # Inside of a diff that stands without a fence, an indented one is a line of the diff.
        is_line = is_tagged or (is_diff and lines[i][:1] in (" ", "\t"))
        opening = None if is_line else FENCE.match(lines[i])
        is_tag = TAG.match(lines[i]) is not None
        if opening is None and not is_tag:
            plain.append(lines[i])
            is_diff = is_diff or lines[i].startswith(("@@", "diff --git "))
            i += 1
            continue
        if plain:
            found.append(Block(tuple(plain), is_closed=is_tag and is_tagged))
        before, plain, is_diff = tuple([one for one in plain if one.strip()][-3:]), [], False
        if opening is None:
            is_tagged = not lines[i].strip().startswith("</")
            i += 1
            continue
        block, i = _fenced(lines, i, opening, before)
        found.append(block)
    if plain:
        found.append(Block(tuple(plain), is_closed=False, is_open=is_tagged))
    return found


def _fenced(lines: list[str], i: int, opening: re.Match[str], before: tuple[str, ...]) -> tuple[Block, int]:
    indent, mark, info = opening[1], opening[2], opening[3].strip()
    inside, depth, is_prose = list[str](), 0, info.split(" ")[0].lower() in ("md", "markdown")
    for at in range(i + 1, len(lines)):
        match = FENCE.match(lines[at])
        if match and match[1] == indent and match[2][0] == mark[0] and len(match[2]) >= len(mark):
            if not match[3].strip() and depth == 0:
                return Block(tuple(inside), info, is_fenced=True, before=before), at + 1
            if is_prose:
                depth += 1 if match[3].strip() else -1
        inside.append(lines[at].removeprefix(indent))
    return Block(tuple(inside), info, is_fenced=True, is_closed=False, before=before, is_open=True), len(lines)


def named_path(line: str) -> str | None:
    """Return the path that a line consists of, once its decoration is taken off; None when it is no path."""
    name = line.strip()
    for mark in COMMENT_MARKS:
        name = name.removeprefix(mark).strip()
    name = name.removesuffix("*/").removesuffix("-->").strip(" \t*#")
    for prefix in NAME_PREFIXES:
        if name.lower().startswith(prefix):
            name = name[len(prefix) :].strip()
            break
    quoted = re.findall(r"`([^`\s]{1,300})`", name)
    if len(quoted) == 1:
        name = quoted[0]
    name = name.strip(" `*\"'").rstrip(":").strip(" `*\"'")
    is_path = NAME_LINE.fullmatch(name) and ("/" in name or "." in name.strip(".")) and not name.endswith((".", "/"))
    return name if is_path and re.search(r"[A-Za-z]", name) and not re.search(r"\(\)$", name) else None
