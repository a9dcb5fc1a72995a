"""Terminal output as text: escape sequences stripped, overwritten lines settled."""

from __future__ import annotations

import re

__all__ = ["plain_text", "sound_text"]

# ECMA-35 escapes with intermediate bytes, ECMA-48 control sequences, OSC strings (ended by BEL or ST), other string
# sequences, and two-byte escapes; the second line has the same as single characters.
ESCAPES = re.compile(
    r"\x1b[ -/]+[0-~]|\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[PX^_][^\x1b\x9c]*(?:\x1b\\|\x9c)?|\x1b[@-Z\\-_a-z0-9=>]"
    r"|\x9b[0-?]*[ -/]*[@-~]|\x9d[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|[\x90\x98\x9e\x9f][^\x1b\x9c]*(?:\x1b\\|\x9c)?"
)
OTHER_SCREEN = re.compile(r"(?:\x1b\[|\x9b)\?(?:1049|1047|47)h.*?(?:(?:\x1b\[|\x9b)\?(?:1049|1047|47)l|\Z)", re.DOTALL)
"""What vim, less or htop draw on the alternate screen is gone when they end, and is no output."""
CONTROLS = re.compile(r"[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def sound_text(text: str) -> str:
    """Return a text with lone surrogates replaced: a client that cuts by UTF-16 units sends them, UTF-8 has none."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def plain_text(output: str) -> str:
    """Return what a person would read: a secret cannot hide behind a colour or a progress bar's return."""
    text = sound_text(output)
    if "\x1b" in text or "\x9b" in text:
        text = OTHER_SCREEN.sub("", text)
    text = CONTROLS.sub("", ESCAPES.sub("", text)).replace("\r\n", "\n")
    if "\x08" in text:
        text = "\n".join(_struck(line) if "\x08" in line else line for line in text.split("\n"))
    if "\r" not in text:
        return text
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))


def _struck(line: str) -> str:
    """Take back what a backspace takes back."""
    kept: list[str] = []
    for character in line:
        if character != "\x08":
            kept.append(character)
        elif kept and kept[-1] != "\r":
            kept.pop()
    return "".join(kept)
