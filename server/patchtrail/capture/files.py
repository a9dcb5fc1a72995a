"""The files of one session beside what is saved: created, deleted and renamed, by the editor or by anyone on disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from patchtrail.capture.cells import CellRecorder, cells_on_disk
from patchtrail.capture.content import Content, content_on_disk, settled_stamp, stamp_of
from patchtrail.capture.disk import MAX_BATCH_BYTES, MAX_BATCH_FILES, Batch, Pending
from patchtrail.capture.edits import Edit, EditRecorder, Source
from patchtrail.capture.ignored import Ignored, is_of_a_tool
from patchtrail.capture.roots import Place, Roots
from patchtrail.contract.event_lines import EventData
from patchtrail.contract.events import Gap
from patchtrail.contract.files import FileDelete, FileRename, SaveReason, SeenBy
from patchtrail.contract.lsp_notebooks import CellRan
from patchtrail.trace.cells import Cell, is_notebook

__all__ = ["Files"]

RECENT_GIT_S = 20
CERTAIN_MILLI, BY_GIT_MILLI = 950, 990
Append = Callable[[EventData | Edit], int]


class Files:
    """Compares the disk with what the trace holds, and records the difference. Runs on the worker's thread."""

    def __init__(self, edits: EditRecorder, is_saving: Callable[[Path], bool], append: Append) -> None:
        self.edits = edits
        self.cells = CellRecorder(edits)
        self.pending = Pending(edits.snapshots, is_saving)
        self.patterns: tuple[str, ...] = ()
        self.authored: Callable[[Path, Edit], Edit] = _as_it_is
        """Tells more of who made a change that was found on disk."""
        self.moved: Callable[[Path, Path], None] = _nobody_follows
        """Learns of files that have another path."""
        self._ignored = Ignored()
        self._append = append

    @property
    def roots(self) -> Roots:
        """The roots that are recorded."""
        return self.edits.roots

    def is_left_out(self, path: Path) -> bool:
        """Return whether nothing of a file is recorded: it is elsewhere, or ignored, or excluded."""
        place = self.roots.place_of(path)
        return place is None or bool(self._ignored.left_out([path], place.root.path, self.patterns))

    def saved(self, path: Path) -> None:
        """Note that the trace holds what an editor just wrote."""
        self.pending.drop(path)
        self._stamped(path)
        if path.name == ".gitignore":
            self._ignored.forget()

    def created(self, paths: list[Path]) -> None:
        """Record files that were made in the editor."""
        self._settle(Batch(paths, set(paths)), "editor")

    def deleted(self, paths: list[Path]) -> None:
        """Record files and folders that were deleted in the editor."""
        for place in self._places(paths):
            self._deleted(place, Source("editor"), is_told=True)
            self.pending.drop(place.path)

    def renamed(self, pairs: list[tuple[Path, Path]]) -> None:
        """Record files and folders that were renamed in the editor: one that leaves the session is deleted for it."""
        self._ignored.forget()
        for old, new in pairs:
            is_from, is_to = not self.is_left_out(old), not self.is_left_out(new)
            if is_from and is_to:
                place = self._place(old)
                is_folder = new.is_dir() or self._was_folder(place, self.edits.key_of(place))
                self._renamed(place, self._place(new), Source("editor"), is_folder=is_folder)
            elif is_from:
                self.deleted([old])
            elif is_to:
                self.created([new])

    def look(self, *, at_once: bool = False) -> None:
        """Record what changed on disk, once it is quiet."""
        batch = self.pending.take(at_once=at_once)
        if batch is not None:
            self._settle(batch, "disk")

    def tracked_anew(self) -> None:
        """Note that a commit may have changed what git ignores."""
        self._ignored.forget()

    def read_again(self) -> None:
        """Take what the known files hold now as what they held before: nobody may say how they came to it."""
        snapshots = self.edits.snapshots
        known = list(snapshots.saved)
        snapshots.saved.clear()
        self.start_from(known)
        snapshots.saved_cells = {
            path: cells for path in snapshots.saved_cells if (cells := cells_on_disk(path)) is not None
        }
        self.discard()

    def notebook_saved(self, path: Path, cells: list[Cell], reason: SaveReason) -> None:
        """Record a notebook that an editor saved, by cell."""
        place = self.roots.place_of(path)
        if place is None or self.is_left_out(path):
            return
        source = Source("save", reason=reason)
        if self.edits.redactor.denies(place.relative):
            self._tell(self.edits.denied(place, source))
            return
        for event in self.cells.saved(place, cells, source):
            self._append(event)
        self.saved(path)

    def cell_ran(self, path: Path, report: CellRan) -> int:
        """Record a cell's execution."""
        return self._append(self.cells.ran(self._place(path), report))

    def discard(self) -> None:
        """Forget what is pending: nothing may be captured."""
        self.pending.clear()

    def start_from(self, paths: Iterable[Path]) -> None:
        """Read files that differ from the start commit, so that their first edit starts from what they held."""
        left = MAX_BATCH_BYTES
        for path in paths:
            place = self.roots.place_of(path)
            if place is None or self.edits.redactor.denies(place.relative) or path in self.edits.snapshots.saved:
                continue
            content = content_on_disk(path, self.edits.key, None)
            if content is not None and content.text is not None:
                left -= content.size_bytes
                if left < 0:
                    return
                self.edits.snapshots.saved[path] = content.text

    def _place(self, path: Path) -> Place:
        place = self.roots.place_of(path)
        assert place is not None, "only what is in a root gets here"
        return place

    def _places(self, paths: Iterable[Path]) -> list[Place]:
        """Return where paths belong, without those that are left out."""
        by_root: dict[Path, list[Place]] = {}
        for path in paths:
            place = self.roots.place_of(path)
            if place is not None and not is_of_a_tool(Path(place.relative)):
                by_root.setdefault(place.root.path, []).append(place)
        kept = list[Place]()
        for root, places in by_root.items():
            out = self._ignored.left_out([place.path for place in places], root, self.patterns)
            kept += [place for place in places if place.path not in out]
        return kept

    def _settle(self, batch: Batch, seen_by: SeenBy) -> None:
        created = set(batch.created)
        paths = dict.fromkeys(batch.paths)
        for folder in [path for path in batch.paths if path.is_dir() and not path.is_symlink()]:
            inside = list(_files_below(folder, 10 * MAX_BATCH_FILES)) if folder in created else []
            del paths[folder]
            paths |= dict.fromkeys(inside)
            created.update(inside)
        if any(path.name == ".gitignore" for path in paths):
            self._ignored.forget()
        places = [place for place in self._places(paths) if not self._is_as_recorded(place.path)]
        if places:
            source = self._source(places, seen_by)
            taken, left = self._affordable(places)
            self._record(taken, created, source)
            if left:
                self._declare(left)

    def _affordable(self, places: list[Place]) -> tuple[list[Place], list[Place]]:
        """Return what is recorded one by one, and what is only counted: a burst may cost so much and no more."""
        if len(places) > MAX_BATCH_FILES:
            return [], places
        bytes_left, taken = MAX_BATCH_BYTES, list[Place]()
        for at, place in enumerate(places):
            stamp = stamp_of(place.path)
            # A large file is hashed, not recorded, and costs no room.
            bytes_left -= 0 if stamp is None else min(stamp[1], MAX_BATCH_BYTES // 8)
            if bytes_left < 0:
                return taken, places[at:]
            taken.append(place)
        return taken, []

    def _declare(self, left: list[Place]) -> None:
        """Say how much was not recorded; these files bring their base along at their next edit."""
        snapshots = self.edits.snapshots
        for place in left:
            snapshots.tree.forget(self.edits.key_of(place))
            snapshots.notebooks.pop(self.edits.key_of(place), None)
            snapshots.stamps.pop(place.path, None)
            if snapshots.saved.pop(place.path, None) is not None:
                self.start_from([place.path])
        snapshots.recount()
        now_ms = self.edits.log.mono_ms()
        self._append(Gap(from_ms=now_ms, to_ms=now_ms, reason="too_many_changes", detail=f"{len(left)} files"))

    def _source(self, places: list[Place], seen_by: SeenBy) -> Source:
        if seen_by == "editor":
            return Source("editor")
        roots = {place.root.name: place.root for place in places}
        since_s = self.edits.log.wall_ms() / 1000 - RECENT_GIT_S
        acts = sorted({act for root in roots.values() if (act := root.repository.last_act(since_s))})
        cause = ("changed on disk without a save", *(f"git {act} at that time" for act in acts))
        return Source("disk", "external", cause=cause, certainty_milli=BY_GIT_MILLI if acts else CERTAIN_MILLI)

    def _record(self, places: list[Place], created: set[Path], source: Source) -> None:
        present = [(place, content) for place in places if (content := self._read(place)) is not None]
        there = {place.path for place, _ in present}
        gone = [place for place in places if place.path not in there and not place.path.exists()]
        found = [(place, content, self._is_new(place, created)) for place, content in present]
        renamed = self._renames(gone, [(place, content) for place, content, is_new in found if is_new])
        for new, old in renamed.items():
            self._renamed(old, new, source, is_folder=False)
        # A folder before what was in it: then it is one event.
        for place in sorted(gone, key=lambda one: len(one.relative)):
            if place not in renamed.values():
                self._deleted(place, source, is_told=False)
        for place, content, is_new in found:
            self._changed(place, content, source, is_new=is_new and place not in renamed)

    def _changed(self, place: Place, content: Content, source: Source, *, is_new: bool) -> None:
        before = self.edits.snapshots.saved.get(place.path)
        if self.edits.redactor.denies(place.relative):
            self._tell(self.edits.denied(place, source, is_new=is_new))
        elif is_notebook(place.relative):
            for event in self.cells.on_disk(place, source):
                self._append(event)
        else:
            edit = self.edits.change(place, content, before=before, source=source, is_new=is_new)
            self._tell(self.authored(place.path, edit) if edit is not None and source.seen_by == "disk" else edit)
        if before is not None and content.text is not None:
            self.edits.snapshots.saved[place.path] = content.text
        self.pending.looked_at(place.path, content.size_bytes)
        self._stamped(place.path)

    def _tell(self, edit: Edit | None) -> None:
        if edit is not None:
            self._append(edit)

    def _read(self, place: Place) -> Content | None:
        if not place.path.is_file():
            return None
        if self.edits.redactor.denies(place.relative) or is_notebook(place.relative):
            # Never read, or read by cell.
            return Content(None, "utf-8", None, 0, None)
        return content_on_disk(place.path, self.edits.key, self.edits.known_encoding(place))

    def _is_new(self, place: Place, created: set[Path]) -> bool:
        if place.path not in created or place.path in self.edits.snapshots.saved:
            return False
        key = self.edits.key_of(place)
        return key not in self.edits.snapshots.notebooks and not self.edits.snapshots.tree.has(key)

    def _is_as_recorded(self, path: Path) -> bool:
        stamp = self.edits.snapshots.stamps.get(path)
        return stamp is not None and stamp == stamp_of(path)

    def _renames(self, gone: list[Place], new: list[tuple[Place, Content]]) -> dict[Place, Place]:
        """Return, by their new place, files that went away and came back elsewhere with the same content."""
        lost = dict[str, list[Place]]()
        for place in gone if new else []:
            text = self._last_known(place)
            if text:
                lost.setdefault(text, []).append(place)
        pairs = dict[Place, Place]()
        for place, content in new:
            same = lost.get(self.edits.redactor.text(content.text)) if content.text else None
            if same:
                alike = [old for old in same if old.path.name == place.path.name] or same
                pairs[place] = alike[0]
                same.remove(alike[0])
        return pairs

    def _last_known(self, place: Place) -> str | None:
        key = self.edits.key_of(place)
        file = self.edits.snapshots.tree.find(key)
        if file is None:
            return None
        return file.text if key in self.edits.snapshots.tree.files else self.edits.redactor.text(file.text)

    def _renamed(self, old: Place, new: Place, source: Source, *, is_folder: bool) -> None:
        old_key, new_key = self.edits.key_of(old), self.edits.key_of(new)
        snapshots = self.edits.snapshots
        self.cells.renamed(old_key, new_key)
        snapshots.tree.rename(old_key, new_key)
        snapshots.hashes.clear()
        snapshots.moved(old.path, new.path)
        self.moved(old.path, new.path)
        snapshots.recount()
        self._append(
            FileRename(
                file_path=old_key[1],
                new_path=new_key[1],
                evidence=source.evidence,
                is_folder=is_folder,
                root=old_key[0],
                new_root=new_key[0],
                seen_by=source.seen_by,
            )
        )
        self.pending.drop(old.path)

    def _deleted(self, place: Place, source: Source, *, is_told: bool) -> None:
        key, snapshots = self.edits.key_of(place), self.edits.snapshots
        is_folder = self._was_folder(place, key)
        is_known = is_folder or snapshots.tree.has(key) or key in snapshots.notebooks or place.path in snapshots.saved
        if not is_known and not is_told:
            return
        snapshots.tree.delete(key)
        snapshots.hashes.clear()
        self.cells.deleted(key)
        snapshots.recount()
        for held in (snapshots.saved, snapshots.saved_cells, snapshots.stamps):
            for path in [path for path in held if path.is_relative_to(place.path)]:
                del held[path]
        self._append(
            FileDelete(
                file_path=key[1],
                evidence=source.evidence,
                is_folder=is_folder,
                root=key[0],
                seen_by=source.seen_by,
            )
        )

    def _was_folder(self, place: Place, key: tuple[str, str]) -> bool:
        below = f"{key[1]}/"
        tree = self.edits.snapshots.tree
        recorded = (*tree.files, *tree.unknown, *self.edits.snapshots.notebooks)
        if any(known[0] == key[0] and known[1].startswith(below) for known in recorded):
            return True
        if any(path != place.path and path.is_relative_to(place.path) for path in self.edits.snapshots.saved):
            return True
        first = self.edits.snapshots.tree.started_as(key)
        root = None if first is None else self.roots.named(first[0])
        return first is not None and root is not None and root.repository.started_with(first[1]) == "tree"

    def _stamped(self, path: Path) -> None:
        stamp = settled_stamp(path, self.edits.log.wall_ms() * 1_000_000)
        self.edits.snapshots.stamps.pop(path, None)
        if stamp is not None:
            self.edits.snapshots.stamps[path] = stamp


def _files_below(folder: Path, limit: int) -> Iterator[Path]:
    """Yield the files in a folder, outside of those that tools fill."""
    count = 0
    for at, folders, files in os.walk(folder):
        folders[:] = [one for one in folders if not is_of_a_tool(Path(one))]
        for name in files:
            count += 1
            if count > limit:
                return
            yield Path(at, name)


def _nobody_follows(_old: Path, _new: Path) -> None:
    return


def _as_it_is(_path: Path, edit: Edit) -> Edit:
    return edit
