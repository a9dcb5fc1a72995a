"""Lines as diffs know them: they end with LF and nothing else ends them.

`str.splitlines` also splits at form feeds and U+2028, which would shift every line number behind them.
"""

from __future__ import annotations

__all__ = ["split_lines"]


def split_lines(text: str) -> list[str]:
    """Return the lines of `text`, each with its LF; only the last may lack one. Empty text has no lines."""
    lines = text.split("\n")
    last = lines.pop()
    kept = [line + "\n" for line in lines]
    if last:
        kept.append(last)
    return kept
