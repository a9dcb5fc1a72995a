"""Characters that models swap: equal for finding, never for writing."""

from __future__ import annotations

from difflib import SequenceMatcher

__all__ = ["folded", "with_file_characters"]

MOST_LENGTH = 2_000
SWAPPED = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u2032`\u00b4", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2008\u2009\u202f\u3000", " "),
    }
)


def folded(line: str) -> str:
    """Return a line with each swapped character in its plain form; its length stays the same."""
    return line if line.isascii() and "`" not in line else line.translate(SWAPPED)


def with_file_characters(added: str, quoted: str, real: str) -> str:
    """Return an added line with the file's own characters wherever it repeats what the answer quoted of the file.

    `quoted` is the old line as the answer spelt it, `real` the same line in the file; both have the same length.
    """
    if quoted == real or len(quoted) != len(real) or max(len(added), len(real)) > MOST_LENGTH:
        return added
    written = list(added)
    for a, b, size in SequenceMatcher(None, quoted, added, autojunk=False).get_matching_blocks():
        written[b : b + size] = real[a : a + size]
    return "".join(written)
