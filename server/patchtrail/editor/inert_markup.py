"""Text that a repository wrote, as Markdown in which it does nothing: no links, no commands, no fence of its own."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["fenced", "inline", "one_line"]

SPECIAL = re.compile(r"[\\`*\[\]<>!|~@$&#]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:(?=/)|(?<=www)\.", re.IGNORECASE)
"""What begins anything in Markdown, autolinks, editors' icons and emphasis included."""
TICKS = re.compile("`+")
MAX_CODE_LINES = 30
MAX_CODE = 3_000


def one_line(text: str, limit: int) -> str:
    """Return a text on one line, without what is invisible or turns it around, cut where it is too long."""
    line = " ".join(_visible(text[: 4 * limit]).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def inline(text: str, limit: int) -> str:
    """Return a text as Markdown that shows it as it is."""
    return SPECIAL.sub(r"\\\g<0>", one_line(text, limit))


def fenced(code: str, language: str = "") -> str:
    """Return code in a fence that it cannot close; a long one is cut, and says so."""
    lines = _visible(code[:MAX_CODE]).rstrip().split("\n")
    is_cut = len(code) > MAX_CODE or len(lines) > MAX_CODE_LINES
    body = "\n".join([*lines[:MAX_CODE_LINES], *(["…"] if is_cut else [])])
    fence = "`" * max(3, *(len(ticks) + 1 for ticks in TICKS.findall(body)), 3)
    return f"{fence}{language}\n{body}\n{fence}"


def _visible(text: str) -> str:
    """Leave out control and format characters; every kind of line end is a line feed."""
    ended = re.sub("\r\n|[\r\x0b\x0c\x85\u2028\u2029]", "\n", text)
    return "".join(one for one in ended if one in "\n\t" or unicodedata.category(one) not in ("Cc", "Cf", "Cs"))
