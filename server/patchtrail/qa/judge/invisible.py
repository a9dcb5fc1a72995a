"""Characters that nobody sees, and letters that look like others."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["plain_letters", "shown", "visible"]

RANGES = (
    *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F)),
    *((0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB)),
    (0xE0000, 0xE0FFF),
)
"""Of zero width, of another direction, variation selectors and tags (Unicode 15, Default_Ignorable_Code_Point)."""
CONTROLS = ((0x00, 0x08), (0x0B, 0x1F), (0x7F, 0x9F))


def _class_of(ranges: tuple[tuple[int, int], ...]) -> str:
    return "[" + "".join(f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in ranges) + "]"


INVISIBLE = re.compile(_class_of(RANGES))
HIDDEN = re.compile(_class_of((*RANGES, *CONTROLS)))
TAGS = {0xE0000 + code: chr(code) for code in range(0x20, 0x7F)}
"""Tag characters spell ASCII that nobody sees."""
LOOKALIKES = {
    **dict(zip((0x430, 0x435, 0x43E, 0x440, 0x441, 0x443, 0x445, 0x456, 0x458, 0x455), "aeopcyxijs", strict=True)),
    **dict(zip((0x391, 0x392, 0x395, 0x396, 0x397, 0x399, 0x39A, 0x39C, 0x39D, 0x39F), "ABEZHIKMNO", strict=True)),
    **dict(zip((0x3A1, 0x3A4, 0x3A5, 0x3A7, 0x3BF, 0x501, 0x261), "PTYXodg", strict=True)),
}
"""Cyrillic and Greek letters by the Latin ones that they look like."""


def visible(text: str) -> str:
    """Return a text as a person sees it: without invisible characters, in the plain form of each letter."""
    return text if text.isascii() else unicodedata.normalize("NFKC", INVISIBLE.sub("", text))


def plain_letters(text: str) -> str:
    """Return a text in which nothing hides: tags spelled out, and letters of other alphabets by what they look like."""
    return text if text.isascii() else visible(text.translate(TAGS)).translate(LOOKALIKES)


def shown(text: str) -> str:
    """Return a text with its invisible characters written out."""
    return HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)
