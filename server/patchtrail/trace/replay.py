"""Replay a trace's edits on its start commit, and compare each content hash on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from patchtrail.contract.artifact import ArtifactRef
from patchtrail.contract.errors import InvalidInput, PatchtrailError
from patchtrail.contract.event_lines import Event
from patchtrail.contract.files import FileContent, FileCreate, FileDelete, FileEdit, FileRename, NotebookCell
from patchtrail.integrity import digest
from patchtrail.integrity.verify import Finding
from patchtrail.text import apply
from patchtrail.trace.cells import CELLS_MEDIA_TYPE, Cell, cells_of
from patchtrail.trace.file_tree import why_no_place
from patchtrail.trace.tree import Key, StartText, Tree, TreeFile

__all__ = ["Player", "Replay", "replay"]


@dataclass
class Replay:
    """What the edits lead to, and where the replay did not agree.

    `tree` holds the files; `notebooks` holds, by root and path, the cells of the notebooks that were edited, in
    order. A notebook is no file here: its outputs are not recorded, so its bytes cannot be given.
    """

    tree: Tree = field(default_factory=lambda: Tree(lambda _root, _path: None))
    notebooks: dict[Key, list[Cell]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    edits: int = 0

    @property
    def texts(self) -> dict[str, str]:
        """The recorded texts of the first root, by path."""
        return {path: file.text for (root, path), file in self.tree.files.items() if not root}

    @property
    def errors(self) -> list[Finding]:
        """The places where the replay does not agree; content that was withheld is none."""
        return [finding for finding in self.findings if finding.weight == "error"]

    @property
    def disagreement(self) -> str | None:
        """What keeps the replay from agreeing, as one sentence; None when it agrees."""
        if self.errors:
            return f"The replay does not agree: {self.errors[0]}"
        if self.findings:
            return f"{len(self.findings)} files were saved whose content is not recorded, so they cannot be replayed."
        return None


def replay(
    events: Iterable[Event],
    *,
    start_text: Callable[[str], str | None],
    artifacts: Mapping[str, bytes],
    root_texts: Mapping[str, Callable[[str], str | None]] | None = None,
) -> Replay:
    """Apply every event that tells of files, in order.

    `start_text` reads a path at the start commit (None when it is not there), `root_texts` does so for the further
    roots, by name. A file whose first edit names a base artifact starts at that instead. A file stops at its first
    disagreement, the others go on; one that was withheld goes on where a later edit brings its base along.
    """
    readers = {"": start_text, **(root_texts or {})}

    def read(root: str, path: str) -> str | None:
        reader = readers.get(root)
        return None if reader is None else reader(path)

    player = Player(read, artifacts)
    for event in events:
        player.play(event.seq, event.data)
    return player.result


class Player:
    """Plays one event after the other; `result` holds what they led to so far.

    Without `compares_hashes`, for events that nobody vouches for, a diff has to apply and that is all.
    """

    def __init__(self, start_text: StartText, artifacts: Mapping[str, bytes], *, compares_hashes: bool = True) -> None:
        self.result = Replay(Tree(start_text))
        self._start_text = start_text
        self._artifacts = artifacts
        self._compares_hashes = compares_hashes
        self._places: dict[str, str | None] = {}
        self._stopped: set[Key] = set()
        self._withheld: set[Key] = set()

    def play(self, seq: int, data: object) -> None:
        """Play the next event; one that names no place in a tree changes nothing."""
        for path in _paths(data):
            if reason := self._why_no_place(path):
                message = f"The event names no place in a tree: {reason}."
                where = f"event {seq}, {path[:200]!r}"
                self.result.findings.append(Finding("replay.path", where, message, seq=seq, file_path=path[:200]))
                return
        match data:
            case FileEdit() | FileCreate() if data.cell is None:
                self._content(seq, data)
            case FileEdit() | FileCreate():
                self._cell_content(seq, data)
            case FileDelete() if data.cell is None:
                self.result.tree.delete((data.root, data.file_path))
                self._gone((data.root, data.file_path))
            case FileDelete():
                self._cell_deleted(seq, data)
            case FileRename():
                self._renamed(data)
            case _:
                pass

    def _why_no_place(self, path: str) -> str | None:
        if path not in self._places:
            self._places[path] = why_no_place(path)
        return self._places[path]

    def _content(self, seq: int, edit: FileEdit | FileCreate) -> None:
        key = (edit.root, edit.file_path)
        if key in self._stopped:
            return
        if edit.is_replayable:
            after = self._after(seq, edit, lambda: self._before(edit, key))
            if after is not None:
                self.result.tree.put(key, TreeFile(after, edit.encoding))
            return
        self.result.tree.forget(key)
        self.result.notebooks.pop(key, None)
        if key not in self._withheld:
            self._withheld.add(key)
            message = f"The content was not captured ({edit.withheld})."
            self.result.findings.append(_finding("replay.withheld", seq, edit, message, "remark"))

    def _before(self, edit: FileEdit | FileCreate, key: Key) -> str | None:
        if edit.base_artifact:
            return self._text(edit.base_artifact)
        if isinstance(edit, FileCreate):
            return ""
        if key in self.result.tree.unknown:
            return None
        file = self.result.tree.find(key)
        return "" if file is None else file.text

    def _after(self, seq: int, edit: FileContent, before: Callable[[], str | None]) -> str | None:
        """Return the text after an edit; None, with a finding, when it cannot be had."""
        try:
            ground = before()
            if ground is None:
                return None
            after = apply(self._text(edit.diff_artifact) if edit.diff_artifact else edit.diff_unified, ground)
        except PatchtrailError as error:
            self._stop(seq, edit, f"replay.{error.code}", error.message)
            return None
        except KeyError as error:
            self._stop(seq, edit, "replay.artifact_missing", f"The artifact {error} is not there.")
            return None
        if self._compares_hashes and digest.sha256(after.encode()) != edit.buffer_hash_after:
            self._stop(seq, edit, "replay.content_hash", "The replayed text is not the one that was saved.")
            return None
        self.result.edits += 1
        return after

    def _stop(self, seq: int, edit: FileContent, code: str, message: str) -> None:
        self.result.findings.append(_finding(code, seq, edit, message))
        self._stopped.add((edit.root, edit.file_path))

    def _renamed(self, data: FileRename) -> None:
        old, new = (data.root, data.file_path), (data.new_root, data.new_path)
        self.result.tree.rename(old, new)
        notebooks = self.result.notebooks
        for key in [key for key in notebooks if _is_below(key, old)]:
            notebooks[_moved(key, old, new)] = notebooks.pop(key)
        for marked in (self._stopped, self._withheld):
            moving = {key for key in marked if _is_below(key, old)}
            marked -= moving | {key for key in marked if _is_below(key, new)}
            marked |= {_moved(key, old, new) for key in moving}

    def _gone(self, place: Key) -> None:
        for key in [key for key in self.result.notebooks if _is_below(key, place)]:
            del self.result.notebooks[key]
        # Whatever was wrong with what is gone is over.
        self._stopped = {key for key in self._stopped if not _is_below(key, place)}

    def _cell_content(self, seq: int, edit: FileEdit | FileCreate) -> None:
        key = (edit.root, edit.file_path)
        if key in self._stopped or edit.cell is None:
            return
        try:
            cells = self._cells_before(edit, key)
        except PatchtrailError as error:
            self._stop(seq, edit, f"replay.{error.code}", error.message)
            return
        except KeyError as error:
            self._stop(seq, edit, "replay.artifact_missing", f"The artifact {error} is not there.")
            return
        sources = {cell.cell_id: cell.source for cell in cells}
        is_new = isinstance(edit, FileCreate)
        ground = "" if is_new else sources.get(edit.cell.cell_id, "")
        after = self._after(seq, edit, lambda: ground)
        if after is not None:
            _put(cells, _named(edit.cell, after), edit.cell.index, is_new=is_new)

    def _cells_before(self, edit: FileContent, key: Key) -> list[Cell]:
        if edit.base_artifact and edit.base_artifact.media_type == CELLS_MEDIA_TYPE:
            cells = cells_of(self._text(edit.base_artifact)) or []
            self.result.notebooks[key] = cells
            return cells
        return self._cells(key)

    def _cells(self, key: Key) -> list[Cell]:
        """Return a notebook's cells, read at the start commit when no event told of it before."""
        notebooks = self.result.notebooks
        if key not in notebooks:
            first = self.result.tree.started_as(key)
            text = None if first is None else self._start_text(*first)
            notebooks[key] = cells_of(text or "") or []
        return notebooks[key]

    def _cell_deleted(self, seq: int, data: FileDelete) -> None:
        cells = self._cells((data.root, data.file_path))
        gone = [cell for cell in cells if data.cell is not None and cell.cell_id == data.cell.cell_id]
        if not gone and (data.root, data.file_path) not in self._stopped:
            self.result.findings.append(_finding("replay.no_cell", seq, data, "The deleted cell is not there."))
        for cell in gone:
            cells.remove(cell)

    def _text(self, ref: ArtifactRef) -> str:
        try:
            return self._artifacts[ref.sha256].decode()
        except UnicodeDecodeError as error:
            message = f"The artifact {ref.sha256[:12]} is no UTF-8 text."
            raise InvalidInput(message, code="artifact_not_text") from error


def _put(cells: list[Cell], cell: Cell, index: int, *, is_new: bool) -> None:
    places = [place for place, one in enumerate(cells) if one.cell_id == cell.cell_id]
    if places and not is_new:
        cells[places[0]] = cell
    else:
        cells.insert(index, cell)


def _named(told: NotebookCell, source: str) -> Cell:
    return Cell(told.cell_id, told.kind, told.language, source)


def _finding(
    code: str, seq: int, data: FileContent | FileDelete, message: str, weight: Literal["error", "remark"] = "error"
) -> Finding:
    path = f"{data.root}:{data.file_path}" if data.root else data.file_path
    return Finding(code, f"event {seq}, {path}", message, weight, seq, data.root, data.file_path)


def _paths(data: object) -> tuple[str, ...]:
    match data:
        case FileContent() | FileDelete():
            return (data.file_path,)
        case FileRename():
            return data.file_path, data.new_path
        case _:
            return ()


def _is_below(key: Key, place: Key) -> bool:
    return key[0] == place[0] and (key[1] == place[1] or key[1].startswith(f"{place[1]}/"))


def _moved(key: Key, old: Key, new: Key) -> Key:
    return new[0], new[1] + key[1][len(old[1]) :]
