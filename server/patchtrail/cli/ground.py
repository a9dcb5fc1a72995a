"""The ground of a replay: the start commits of a trace's roots, in repositories or in its own base snapshot.

And the files that a replay led to, written out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.event_lines import Event
from patchtrail.contract.events import SessionEnd, SessionStart
from patchtrail.integrity.verify import VerifiedEvent
from patchtrail.trace import Replay, replay
from patchtrail.trace.base_snapshot import read_base
from patchtrail.trace.cells import notebook_of
from patchtrail.trace.file_tree import FileTree
from patchtrail.trace.tree import Key, TreeFile

if TYPE_CHECKING:
    from git import Tree

__all__ = ["Ground", "roots_named", "snapshot_of", "start_texts", "start_tree"]

LINK = 0o120000


class Start(Protocol):
    """The files of one start commit."""

    def text(self, path: str) -> str | None:
        """Return a file's text; None when it is not there or no UTF-8."""

    def paths(self) -> Iterable[str]:
        """Return the paths of all files."""

    def content(self, path: str) -> bytes:
        """Return the bytes of a file that is there."""


class Ground:
    """The start commits of a trace's roots, by the roots' names; the first one's is empty."""

    def __init__(self, starts: Mapping[str, Start]) -> None:
        self._starts = starts

    @classmethod
    def in_repositories(cls, start: SessionStart, repo: Path, roots: dict[str, Path]) -> Ground:
        """Return the ground in repositories on this machine.

        Raises `InvalidInput` for a root that the trace does not have, and where a commit is not there.
        """
        commits = {"": start.start_commit} | {root.name: root.start_commit for root in start.roots}
        unknown = sorted(set(roots) - set(commits))
        if unknown:
            raise InvalidInput(f"The trace has no root called {unknown[0]}.", code="no_root")
        places = {"": repo} | roots
        return cls({name: _Commit(_tree(place, commits[name])) for name, place in places.items()})

    @classmethod
    def in_snapshot(cls, tree: FileTree) -> Ground:
        """Return the ground that a trace brought along, which is its first root's alone."""
        return cls({"": _Snapshot(tree)})

    def replay(self, events: Sequence[VerifiedEvent], artifacts: Mapping[str, bytes]) -> Replay:
        """Replay a trace's edits."""
        readers = {name: start.text for name, start in self._starts.items()}
        return replay(
            (held.event for held in events),
            start_text=readers.pop(""),
            artifacts=artifacts,
            root_texts=readers,
        )

    def write(self, result: Replay, target: Path) -> int:
        """Write the files that a replay led to, each root's below its name; return how many."""
        started = [(name, path) for name, start in self._starts.items() for path in start.paths()]
        there = result.tree.now(started)
        for key, file in there.items():
            _put(target, key, file.content() if isinstance(file, TreeFile) else self._starts[file[0]].content(file[1]))
        for key, cells in result.notebooks.items():
            _put(target, key, notebook_of(cells).encode())
        return len(there | result.notebooks)


@dataclass(frozen=True)
class _Snapshot:
    tree: FileTree

    def text(self, path: str) -> str | None:
        return self.tree.text(path)

    def paths(self) -> Iterable[str]:
        return self.tree.files

    def content(self, path: str) -> bytes:
        return self.tree.files[path]


@dataclass(frozen=True)
class _Commit:
    tree: Tree | None

    def text(self, path: str) -> str | None:
        return _reader(self.tree)(path)

    def paths(self) -> Iterable[str]:
        return _paths(self.tree)

    def content(self, path: str) -> bytes:
        assert self.tree is not None, "a path of the start comes from a tree"
        return bytes((self.tree / path).data_stream.read())


def snapshot_of(events: Sequence[Event], artifacts: Mapping[str, bytes]) -> FileTree | None:
    """Return the base snapshot that a session's end names; None where there is none.

    Raises `InvalidInput` for one that cannot be read.
    """
    ended = events[-1].data if events else None
    named = ended.base_snapshot if isinstance(ended, SessionEnd) else None
    return None if named is None or named.sha256 not in artifacts else read_base(artifacts[named.sha256])


def roots_named(told: list[str]) -> dict[str, Path]:
    """Return the places of further roots, each told as NAME=PATH."""
    pairs = [one.partition("=") for one in told]
    wrong = [name for name, sign, place in pairs if not (name and sign and place)]
    if wrong:
        raise InvalidInput(f"--root wants NAME=PATH, not {wrong[0]}.", code="bad_root")
    return {name: Path(place) for name, _, place in pairs}


def start_texts(repo: Path, commit: str) -> Callable[[str], str | None]:
    """Return how to read texts at a commit."""
    return _reader(_tree(repo, commit))


def start_tree(repo: Path, commit: str) -> FileTree:
    """Return the files at a commit as values; links and submodules are left out, and named.

    Raises `InvalidInput` when the repository does not hold the commit.
    """
    tree = _tree(repo, commit)
    items = [] if tree is None else [item for item in tree.traverse() if not isinstance(item, tuple)]
    files = {str(item.path): item for item in items if item.type == "blob" and item.mode != LINK}
    return FileTree(
        {path: bytes(item.data_stream.read()) for path, item in files.items()},
        frozenset(path for path, item in files.items() if item.mode & 0o100),
        tuple(str(item.path) for item in items if item.type != "tree" and str(item.path) not in files),
    )


def _put(target: Path, key: Key, content: bytes) -> None:
    path = target.joinpath(*filter(None, key[0].split("/")), *key[1].split("/"))
    if (
        ".." in (*key[0].split("/"), *key[1].split("/"))
        or not path.is_relative_to(target)
        or ".git" in key[1].split("/")
    ):
        raise InvalidInput(f"The trace names a file outside of its root: {key[1]}", code="bad_path")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _tree(repo: Path, commit: str) -> Tree | None:
    from git import BadName, InvalidGitRepositoryError, NoSuchPathError, Repo

    try:
        return Repo(repo, search_parent_directories=True).commit(commit).tree if commit else None
    except (InvalidGitRepositoryError, NoSuchPathError, BadName, ValueError) as error:
        raise InvalidInput(f"{repo} does not hold the start commit {commit[:12]}.", code="no_start_commit") from error


def _reader(tree: Tree | None) -> Callable[[str], str | None]:
    def text(path: str) -> str | None:
        try:
            found = None if tree is None else tree / path
            return str(found.data_stream.read().decode()) if found is not None and found.type == "blob" else None
        except (KeyError, UnicodeDecodeError):
            return None

    return text


def _paths(tree: Tree | None) -> list[str]:
    if tree is None:
        return []
    found = (item for item in tree.traverse() if not isinstance(item, tuple) and item.type == "blob")
    return [str(item.path) for item in found]
