"""One table: a row per class of findings, a column per arm, each share with its interval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from patchtrail.learning.wilson import Proportion

__all__ = ["table"]


def table(title: str, columns: Sequence[str], rows: Mapping[str, Mapping[str, Proportion]]) -> str:
    """Return the table with its columns aligned; a cell that nothing is known of shows a dash."""
    none = Proportion(0, 0)
    cells = [["", "n", *columns]]
    for name, row in rows.items():
        size = max((one.of for one in row.values()), default=0)
        cells.append([name, str(size), *(str(row.get(column, none)) for column in columns)])
    return "\n".join([title, *_aligned(cells)])


def _aligned(cells: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = [one.rjust(width) for one, width in zip(row, widths, strict=True)]
        yield f"  {row[0].ljust(widths[0])}  {'  '.join(padded[1:])}".rstrip()
