"""Notebooks, cell by cell: sources as edits, creations and deletions; executions by their keyed hash."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from patchtrail.capture.content import MAX_FILE_BYTES, Content
from patchtrail.capture.edits import Edit, EditRecorder, Source
from patchtrail.capture.roots import Place
from patchtrail.capture.terminal import sound_text
from patchtrail.contract.artifact import ArtifactRef
from patchtrail.contract.files import CellRun, FileCreate, FileDelete, FileEdit, Withheld
from patchtrail.contract.lsp import EditTexts
from patchtrail.contract.lsp_notebooks import CellRan
from patchtrail.trace.cells import CELLS_MEDIA_TYPE, Cell, cells_of, matched, notebook_of
from patchtrail.trace.tree import Key

__all__ = ["CellRecorder", "cells_on_disk", "named_as_on_disk"]

MAX_NOTEBOOK_BYTES = 32 * 1024 * 1024
"""A notebook's file holds its outputs too; only its sources are held to a file's limit."""


class CellRecorder:
    """Turns a notebook's cells into events that replay to the same cells, in order."""

    def __init__(self, edits: EditRecorder) -> None:
        self._edits = edits
        self._snapshots = edits.snapshots

    def saved(self, place: Place, cells: list[Cell], source: Source) -> list[Edit | FileDelete]:
        """Return the events of a save."""
        cells = named_as_on_disk(place.path, cells)
        before = self._snapshots.saved_cells.get(place.path)
        self._snapshots.saved_cells[place.path] = cells
        return self._changes(place, cells, _named_alike(before, cells), source)

    def on_disk(self, place: Place, source: Source) -> list[Edit | FileDelete]:
        """Return the events of a notebook that was changed by no editor."""
        cells = cells_on_disk(place.path)
        if cells is None:
            return [] if not place.path.exists() else [self._withheld(place, source)]
        before = self._snapshots.saved_cells.get(place.path)
        if before is not None:
            before = _named_alike(before, cells)
            self._snapshots.saved_cells[place.path] = cells
        return self._changes(place, cells, before, source)

    def ran(self, place: Place, report: CellRan) -> CellRun:
        """Return the event of an execution; what the outputs hash to is keyed before it leaves this process."""
        key = self._edits.key_of(place)
        told = [output.model_dump() for output in report.outputs]
        content = json.dumps(told, sort_keys=True).encode("utf-8", "replace")
        known = self._snapshots.notebooks.get(key) or self._snapshots.saved_cells.get(place.path) or []
        cell = Cell(report.cell_id, report.kind, report.language, "")
        if not cell.cell_id:
            at_index = known[report.index].cell_id if report.index < len(known) else f"#{report.index}"
            cell = replace(cell, cell_id=at_index)
        return CellRun(
            file_path=key[1],
            root=key[0],
            cell=cell.at(report.index),
            execution_order=report.execution_order,
            is_success=report.is_success,
            duration_ms=report.duration_ms,
            outputs_hash=hmac.new(self._edits.key, content, hashlib.sha256).hexdigest(),
            output_types=[media_type for output in report.outputs for media_type in output.media_types],
            error_name=report.error_name,
        )

    def renamed(self, old_key: Key, new_key: Key) -> None:
        """Follow notebooks to another path."""
        notebooks = self._snapshots.notebooks
        for key in [key for key in notebooks if _is_below(key, old_key)]:
            notebooks[new_key[0], new_key[1] + key[1][len(old_key[1]) :]] = notebooks.pop(key)

    def deleted(self, place: Key) -> None:
        """Forget notebooks that are gone."""
        notebooks = self._snapshots.notebooks
        for key in [key for key in notebooks if _is_below(key, place)]:
            del notebooks[key]

    def _changes(
        self, place: Place, cells: Sequence[Cell], before: list[Cell] | None, source: Source
    ) -> list[Edit | FileDelete]:
        if sum(len(cell.source) for cell in cells) > MAX_FILE_BYTES:
            return [self._withheld(place, source)]
        key = self._edits.key_of(place)
        named = self._redacted(cells)
        recorded = self._snapshots.notebooks.get(key)
        if self._snapshots.reveal(place.path, key):
            old: list[Cell] = matched([], named)
            base: ArtifactRef | None = self._stored(old)
        else:
            old, base = (recorded, None) if recorded is not None else self._ground(place, key, before, named)
        current = list(old)
        events = list(self._steps(key, current, matched(old, named), source))
        self._snapshots.notebooks[key] = current
        return self._with_base(key, events, old, base, source)

    def _ground(
        self, place: Place, key: Key, before: list[Cell] | None, after: list[Cell]
    ) -> tuple[list[Cell], ArtifactRef | None]:
        """Return the redacted cells that replay starts from, and the artifact that holds them where it needs one."""
        start: list[Cell] | None = None
        if self._edits.is_trusted(place, key):
            start = self._at_start(key)
        if before is None and start is not None:
            before = start
        if before is None:
            return matched([], after), self._stored(matched([], after))
        known = self._redacted(before if start is None else matched(start, before))
        if start is not None and [_told(cell) for cell in known] == [_told(cell) for cell in start]:
            self._edits.note_start(key)
            return start, None
        known = matched([], known)
        return known, self._stored(known)

    def _at_start(self, key: Key) -> list[Cell]:
        file = self._snapshots.tree.find(key)
        return [] if file is None else cells_of(file.text) or []

    def _steps(
        self, key: Key, current: list[Cell], wanted: Sequence[Cell], source: Source
    ) -> Iterator[Edit | FileDelete]:
        """Change `current` into `wanted` step by step, yielding the event of each."""
        kept = {cell.cell_id for cell in wanted}
        for cell in [cell for cell in current if cell.cell_id not in kept]:
            yield self._removed(key, current, cell, source)
        for index, cell in enumerate(wanted):
            here = current[index] if index < len(current) else None
            if here is None or here.cell_id != cell.cell_id:
                moved = next((one for one in current if one.cell_id == cell.cell_id), None)
                if moved is not None:
                    yield self._removed(key, current, moved, source)
                current.insert(index, cell)
                yield self._cell(key, "", cell, index, source, is_new=True)
            elif _told(here) != _told(cell):
                current[index] = cell
                yield self._cell(key, here.source, cell, index, source)

    def _removed(self, key: Key, current: list[Cell], cell: Cell, source: Source) -> FileDelete:
        index = current.index(cell)
        del current[index]
        return FileDelete(
            file_path=key[1], root=key[0], evidence=source.evidence, cell=cell.at(index), seen_by=source.seen_by
        )

    def _cell(
        self,
        key: Key,
        before: str,
        cell: Cell,
        index: int,
        source: Source,
        *,
        is_new: bool = False,
        base: ArtifactRef | None = None,
    ) -> Edit:
        fields = self._edits.content_fields(key, before, cell.source, source, cell.at(index))
        event = (FileCreate if is_new else FileEdit).model_validate(fields | {"base_artifact": base})
        return Edit(event, EditTexts(file_path=key[1], before=before, after=cell.source))

    def _with_base(
        self, key: Key, events: list[Edit | FileDelete], old: Sequence[Cell], base: ArtifactRef | None, source: Source
    ) -> list[Edit | FileDelete]:
        """Let the first event bring the base along; a deletion cannot, so that an edit of nothing goes before it."""
        if base is None:
            return events
        first = events[0] if events else None
        if isinstance(first, Edit):
            brought = first.event.model_copy(update={"base_artifact": base})
            return [replace(first, event=brought), *events[1:]]
        return [self._cell(key, old[0].source, old[0], 0, source, base=base), *events] if old else events

    def _withheld(self, place: Place, source: Source) -> Edit:
        key = self._edits.key_of(place)
        self._snapshots.notebooks.pop(key, None)
        self._snapshots.tree.forget(key)
        try:
            size = place.path.stat().st_size
        except OSError:
            size = 0
        why: Withheld = "too_large" if size > MAX_FILE_BYTES else "undecodable"
        fields = self._edits.withheld_fields(key, why, Content(None, "utf-8", why, size, None), source)
        return Edit(FileEdit.model_validate(fields), None)

    def _redacted(self, cells: Sequence[Cell]) -> list[Cell]:
        text = self._edits.redactor.text
        return [replace(cell, cell_id=text(cell.cell_id), source=text(sound_text(cell.source))) for cell in cells]

    def _stored(self, cells: Sequence[Cell]) -> ArtifactRef:
        return self._edits.store(notebook_of(cells), CELLS_MEDIA_TYPE)


def cells_on_disk(path: Path) -> list[Cell] | None:
    """Return the cells of a notebook's file; None when it is not there, too large or no notebook."""
    try:
        if path.stat().st_size > MAX_NOTEBOOK_BYTES:
            return None
        return cells_of(path.read_bytes().decode("utf-8-sig", "replace"))
    except OSError:
        return None


def named_as_on_disk(path: Path, cells: list[Cell]) -> list[Cell]:
    """Return an editor's cells with the ids that the file gives them, where it holds the same cells."""
    if all(cell.cell_id for cell in cells):
        return cells
    there = cells_on_disk(path) or []
    if [cell.source for cell in there] == [cell.source for cell in cells]:
        return [replace(cell, cell_id=cell.cell_id or same.cell_id) for cell, same in zip(cells, there, strict=True)]
    return cells


def _named_alike(before: list[Cell] | None, cells: list[Cell]) -> list[Cell] | None:
    """Return the cells before with the ids that they have now, where an editor had none for them."""
    if before is None or all(cell.cell_id for cell in before):
        return before
    return matched(cells, before)


def _told(cell: Cell) -> tuple[str, str, str]:
    return cell.cell_id, cell.kind, cell.source


def _is_below(key: Key, place: Key) -> bool:
    return key[0] == place[0] and (key[1] == place[1] or key[1].startswith(f"{place[1]}/"))
