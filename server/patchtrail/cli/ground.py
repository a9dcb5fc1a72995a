"""The ground of a replay: the repositories that hold the start commits of a trace's roots; and files written out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.events import SessionStart
from patchtrail.integrity.verify import VerifiedEvent
from patchtrail.trace import Replay, replay
from patchtrail.trace.cells import notebook_of
from patchtrail.trace.tree import Key, TreeFile

if TYPE_CHECKING:
    from git import Tree

__all__ = ["Ground", "roots_named", "start_texts"]


class Ground:
    """The start commits of a trace's roots, read in repositories on this machine."""

    def __init__(self, start: SessionStart, repo: Path, roots: dict[str, Path]) -> None:
        commits = {"": start.start_commit} | {root.name: root.start_commit for root in start.roots}
        unknown = sorted(set(roots) - set(commits))
        if unknown:
            raise InvalidInput(f"The trace has no root called {unknown[0]}.", code="no_root")
        places = {"": repo} | roots
        self._trees = {name: _tree(place, commits[name]) for name, place in places.items()}

    def replay(self, events: Sequence[VerifiedEvent], artifacts: Mapping[str, bytes]) -> Replay:
        """Replay a trace's edits."""
        readers = {name: _reader(tree) for name, tree in self._trees.items()}
        return replay(
            (held.event for held in events),
            start_text=readers.pop(""),
            artifacts=artifacts,
            root_texts=readers,
        )

    def write(self, result: Replay, target: Path) -> int:
        """Write the files that a replay led to, each root's below its name; return how many."""
        started = [(name, path) for name, tree in self._trees.items() for path in _paths(tree)]
        there = result.tree.now(started)
        for key, file in there.items():
            _put(target, key, file.content() if isinstance(file, TreeFile) else self._blob(file))
        for key, cells in result.notebooks.items():
            _put(target, key, notebook_of(cells).encode())
        return len(there | result.notebooks)

    def _blob(self, key: Key) -> bytes:
        tree = self._trees[key[0]]
        assert tree is not None, "a path of the start comes from a tree"
        return bytes((tree / key[1]).data_stream.read())


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
