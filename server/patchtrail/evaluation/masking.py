"""What is said of a failure, without what is said of this one alone: ids, numbers, paths, quoted names, addresses.

Frames of a traceback go, too: where it failed is for its signature, and every traceback has them.
"""

from __future__ import annotations

import re

__all__ = ["masked_text"]

MAX_CHARS = 4_000
MASKS = (
    (re.compile(r"Traceback \(most recent call last\):|File \"[^\"\n]{0,400}\", line \d+(?:, in \S+)?"), " "),
    (re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"), "<id>"),
    (re.compile(r"0x[0-9a-fA-F]+|\b(?=\w*\d)[0-9a-fA-F]{7,}\b"), "<hex>"),
    (re.compile(r"(?:[A-Za-z]:)?(?:[\w.@~-]*[/\\])+[\w.@~-]+"), "<path>"),
    (re.compile(r"'[^'\n]{0,200}'|\"[^\"\n]{0,200}\"|`[^`\n]{0,200}`"), "<name>"),
    # Letters and digits in turns are an id; a rule's name (D103) and a type's (int64) are words.
    (re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])(?![A-Z]{1,4}\d{1,4}\b|[A-Za-z]+\d{1,2}\b)\w{6,64}\b"), "<id>"),
    (re.compile(r"(?<![A-Za-z0-9<])\d+(?:[.:]\d+)*"), "<n>"),
)


def masked_text(text: str) -> str:
    """Return the first 4,000 characters on one line, what varies replaced by its kind."""
    text = text[:MAX_CHARS]
    for expression, mask in MASKS:
        text = expression.sub(mask, text)
    return " ".join(text.split())
