"""The files of a session at its start, at its end, and when its tests ran: what is replayed, as trees."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from patchtrail.contract.event_lines import Event
from patchtrail.contract.events import TestRun
from patchtrail.contract.files import FileContent, FileCreate, FileDelete, FileEdit, FileRename
from patchtrail.contract.qa import Divergence, ReplayResult, StartSource
from patchtrail.integrity.verify import Finding
from patchtrail.redaction.placeholder import PLACEHOLDER
from patchtrail.trace.cells import notebook_of
from patchtrail.trace.file_tree import FileTree
from patchtrail.trace.replay import Player
from patchtrail.trace.tree import TreeFile

__all__ = ["States", "moment_of", "replay_states"]


FILE_DATA = (FileContent, FileDelete, FileRename)


@dataclass(frozen=True)
class States:
    """The start, the end, and the files after the first so many events, for each number that was asked for.

    `tree.redacted` names the files whose text is not the participant's own, `tree.left_out` those whose content is not
    known there.
    """

    start: FileTree
    end: FileTree
    after: Mapping[int, FileTree]
    result: ReplayResult


def replay_states(
    start: FileTree,
    source: StartSource,
    events: Sequence[Event],
    artifacts: Mapping[str, bytes],
    moments: Collection[int] = (),
    *,
    is_signed: bool = True,
) -> States:
    """Play every event about files on the start commit, comparing each content hash where somebody signed it.

    `moments` are numbers of events. Files of further roots are played where no start commit of theirs is needed, and
    stand in no tree.
    """
    player = Player(lambda root, path: None if root else start.text(path), artifacts, compares_hashes=is_signed)
    paths, after = _Paths(start), dict[int, FileTree]()
    for count, event in enumerate(events):
        if count in moments:
            after[count] = paths.tree(player)
        player.play(event.seq, event.data)
    end = paths.tree(player)
    after |= {moment: end for moment in moments if moment >= len(events)}
    return States(start, end, after, _result(player, source, start, end))


def moment_of(events: Sequence[Event], run_at: int) -> int:
    """Return how many events had told of files when the test run at this place in the list began.

    A run is told when it ends. A save while it ran came too late for it; what was found on disk may have been there.
    Runs with the same number ran on the same files.
    """
    run = events[run_at]
    duration_ms = run.data.duration_ms if isinstance(run.data, TestRun) else 0
    began_ms, count = run.mono_ms - duration_ms, run_at
    for at in range(run_at - 1, -1, -1):
        event = events[at]
        if not began_ms < event.mono_ms <= run.mono_ms:
            break
        if isinstance(event.data, FileEdit | FileCreate) and event.data.seen_by == "save":
            count = at
    while count and not isinstance(events[count - 1].data, FILE_DATA):
        count -= 1
    return count


class _Paths:
    """Turns what a player holds into trees, one content at a time only once."""

    def __init__(self, start: FileTree) -> None:
        self._start = start
        self._keys = [("", path) for path in start.files]
        self._contents: dict[TreeFile, bytes] = {}

    def tree(self, player: Player) -> FileTree:
        """Return the files of the first root as they are now."""
        files, executable, redacted = dict[str, bytes](), set[str](), set[str]()
        for (root, path), held in player.result.tree.now(self._keys).items():
            if root:
                continue
            first = player.result.tree.started_as(("", path)) if isinstance(held, TreeFile) else held
            if first is not None and first[1] in self._start.executable:
                executable.add(path)
            if isinstance(held, TreeFile):
                files[path] = self._content(held)
                is_redacted = PLACEHOLDER.search(held.text) is not None
            else:
                files[path] = self._start.files[held[1]]
                is_redacted = held[1] in self._start.redacted
            if is_redacted:
                redacted.add(path)
        for (root, path), cells in player.result.notebooks.items():
            if not root:
                files[path] = notebook_of(cells).encode("utf-8", "replace")
        # A file whose folder an unseen change made of another file cannot stand beside it.
        folders = {parent.as_posix() for path in files for parent in PurePosixPath(path).parents}
        for path in folders & files.keys():
            del files[path]
        unknown = sorted(path for root, path in player.result.tree.unknown if not root)
        left_out = tuple(dict.fromkeys([*self._start.left_out, *unknown]))
        return FileTree(files, frozenset(executable), left_out, frozenset(redacted))

    def _content(self, file: TreeFile) -> bytes:
        if file not in self._contents:
            self._contents[file] = file.content()
        return self._contents[file]


def _result(player: Player, source: StartSource, start: FileTree, end: FileTree) -> ReplayResult:
    played = player.result
    errors = [one for one in played.errors if not one.root]
    withheld = sorted({one.file_path for one in played.findings if one.weight != "error"})
    rootless = sorted({one.root for one in played.errors if one.root})
    reason = ""
    if errors:
        reason = f"The replay does not agree: {errors[0]}"
    elif withheld:
        reason = f"The content of {_listed(withheld)} is not recorded, so it cannot be replayed."
    elif rootless:
        reason = f"The start commit of the further root {_listed(rootless)} is not at hand."
    return ReplayResult(
        agrees=not reason,
        start=source,
        edits=played.edits,
        divergence=_divergence(errors[0]) if errors else None,
        withheld_files=withheld,
        redacted_files=sorted(start.redacted | end.redacted),
        reason=reason,
    )


def _divergence(first: Finding) -> Divergence:
    return Divergence(seq=first.seq, file_path=first.file_path, message=first.message)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
