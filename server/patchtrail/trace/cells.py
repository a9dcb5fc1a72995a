"""Notebooks as cells: read from their file, leniently, and kept in order while events change them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any, Literal

from patchtrail.contract.files import NotebookCell

__all__ = ["CELLS_MEDIA_TYPE", "Cell", "cells_of", "is_notebook", "matched", "notebook_of"]

CELLS_MEDIA_TYPE = "application/x-ipynb+json"
CellKind = Literal["code", "markdown"]


@dataclass(frozen=True)
class Cell:
    """One cell: its id (empty until one is known or given), its kind and language, its source."""

    cell_id: str
    kind: CellKind
    language: str
    source: str

    def at(self, index: int) -> NotebookCell:
        """Return how an event names this cell at its place."""
        return NotebookCell(cell_id=self.cell_id, index=index, kind=self.kind, language=self.language)


def is_notebook(path: str) -> bool:
    """Return whether a file of this name is recorded by cell."""
    return path.endswith(".ipynb")


def cells_of(text: str) -> list[Cell] | None:
    """Return the cells of a notebook's file; None when it is none. A cell without an id is named by its place."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(parsed, dict) or not isinstance(parsed.get("cells"), list):
        return None
    language = _language(parsed.get("metadata"))
    cells, seen = list[Cell](), set[str]()
    for index, raw in enumerate(parsed["cells"]):
        told = raw if isinstance(raw, dict) else {}
        kind: CellKind = "code" if told.get("cell_type") == "code" else "markdown"
        cell_id = told.get("id")
        if not isinstance(cell_id, str) or not cell_id or cell_id in seen:
            cell_id = f"#{index}"
        seen.add(cell_id)
        cells.append(Cell(cell_id, kind, language if kind == "code" else "markdown", _source(told.get("source"))))
    return cells


def notebook_of(cells: Sequence[Cell]) -> str:
    """Return cells as a notebook's file that holds their sources and nothing else."""
    language = next((cell.language for cell in cells if cell.kind == "code"), "python")
    told = [{"cell_type": cell.kind, "id": cell.cell_id, "source": cell.source} for cell in cells]
    whole = {"cells": told, "metadata": {"language_info": {"name": language}}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def matched(old: Sequence[Cell], new: Sequence[Cell]) -> list[Cell]:
    """Return `new` with every cell named: by its own id, else by the old cell that it is or has become."""
    kept = {cell.cell_id for cell in new if not _is_placed(cell)}
    free = [cell for cell in old if cell.cell_id not in kept]
    loose = [index for index, cell in enumerate(new) if _is_placed(cell)]
    names = dict(zip(loose, _names(free, [new[index] for index in loose]), strict=True))
    taken = kept | {name for name in names.values() if name}
    named: list[Cell] = []
    for index, cell in enumerate(new):
        name = names.get(index, cell.cell_id)
        if not name:
            used = taken | {one.cell_id for one in old}
            name = next(f"#{number}" for number in range(len(used) + 1) if f"#{number}" not in used)
            taken.add(name)
        named.append(replace(cell, cell_id=name))
    return named


def _names(free: Sequence[Cell], loose: Sequence[Cell]) -> list[str]:
    names = [""] * len(loose)
    matcher = SequenceMatcher(None, [cell.source for cell in free], [cell.source for cell in loose], autojunk=False)
    for tag, a_from, a_to, b_from, b_to in matcher.get_opcodes():
        if tag == "equal" or (tag == "replace" and a_to - a_from == b_to - b_from):
            for step in range(b_to - b_from):
                names[b_from + step] = free[a_from + step].cell_id
    return names


def _is_placed(cell: Cell) -> bool:
    return not cell.cell_id or cell.cell_id.startswith("#")


def _source(source: Any) -> str:  # noqa: ANN401 -- whatever JSON a notebook holds
    if isinstance(source, list):
        return "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def _language(metadata: Any) -> str:  # noqa: ANN401 -- whatever JSON a notebook holds
    told = metadata if isinstance(metadata, dict) else {}
    for block, name in (("language_info", "name"), ("kernelspec", "language")):
        value = told.get(block)
        if isinstance(value, dict) and isinstance(value.get(name), str):
            return str(value[name])
    return "python"
