"""The encoding of a file on disk, found so that the recorded text gives exactly the file's bytes."""

from __future__ import annotations

import codecs

__all__ = ["decoded", "encoding_of", "is_binary"]

BOM = "\ufeff"
MARKED = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks; the longer one first where one begins like another."""
CANDIDATES = (
    *("utf-8", "utf-16-le", "utf-16-be", "cp1252", "iso8859-1", "iso8859-15", "cp1250", "iso8859-2", "cp1251"),
    *("koi8-r", "koi8-u", "iso8859-5", "cp866", "cp1253", "iso8859-7", "cp1254", "iso8859-9", "cp1255", "iso8859-8"),
    *("cp1256", "iso8859-6", "cp1257", "iso8859-4", "iso8859-13", "cp1258", "cp874", "cp437", "cp850", "cp852"),
    *("mac-roman", "shift_jis", "cp932", "euc_jp", "gb18030", "gbk", "big5", "big5hkscs", "cp949", "euc_kr"),
)
"""What editors offer to save in; the first that fits is taken, and any that fits gives the same bytes."""
SNIFFED_BYTES = 8_000


def encoding_of(text: str, content: bytes, known: str | None) -> tuple[str, str] | None:
    """Return the text with the byte order mark that editors hide, and the encoding that gives `content` from it.

    `known` is tried first. None when nothing does: the text is not what is on disk.
    """
    for mark, encoding in MARKED:
        if content.startswith(mark):
            marked = text if text.startswith(BOM) else BOM + text
            if _encoded(marked, encoding) == content:
                return marked, encoding
    for encoding in (known, *CANDIDATES) if known else CANDIDATES:
        if _encoded(text, encoding) == content:
            return text, encoding
    return None


def decoded(content: bytes, known: str | None) -> tuple[str, str] | None:
    """Return the text of bytes that no editor vouches for, and their encoding; None when it would be a guess.

    UTF-8, what a byte order mark says, and what the file was known to be in before are no guesses. Only what gives
    the same bytes back is taken.
    """
    marked = next((encoding for mark, encoding in MARKED if content.startswith(mark)), None)
    for encoding in (marked, known, "utf-8"):
        if encoding is None:
            continue
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _encoded(text, encoding) == content and (encoding != "utf-8" or "\0" not in text[:SNIFFED_BYTES]):
            return text, encoding
    return None


def is_binary(content: bytes) -> bool:
    """Return whether content is none for people to read, by git's measure: a zero byte near its start."""
    return b"\0" in content[:SNIFFED_BYTES]


def _encoded(text: str, encoding: str) -> bytes | None:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return None
