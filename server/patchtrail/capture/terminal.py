"""Terminal output as text: escape sequences stripped, overwritten lines settled."""

from __future__ import annotations

import re

__all__ = ["plain_text", "sound_text"]

# ECMA-35 escapes with intermediate bytes, ECMA-48 control sequences, OSC strings (ended by BEL or ST), other string
# sequences, and two-byte escapes.
ESCAPES = re.compile(
    r"\x1b[ -/]+[0-~]|\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?|\x1b[@-Z\\-_a-z0-9=>]"
)
OVERSTRIKE = re.compile(r".\x08")
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def sound_text(text: str) -> str:
    """Return a text with lone surrogates replaced: a client that cuts by UTF-16 units sends them, UTF-8 has none."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def plain_text(output: str) -> str:
    """Return what a person would read: a secret cannot hide behind a colour or a progress bar's return."""
    text = CONTROLS.sub("", OVERSTRIKE.sub("", ESCAPES.sub("", sound_text(output))).replace("\r\n", "\n"))
    if "\r" not in text:
        return text
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
