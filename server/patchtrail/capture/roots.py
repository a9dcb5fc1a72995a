"""The roots of a session: the work trees, or plain folders, of every workspace folder that may be recorded.

A file belongs to the root that holds it most closely. A repository inside a root that is no workspace folder itself
(a submodule, a nested clone) is part of that root: its files are not at the root's start commit, so they bring their
base along, read at their own repository's HEAD; that it was committed to is declared as a gap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from patchtrail.capture.nested import NestedRepositories
from patchtrail.capture.repository import Repository
from patchtrail.contract.events import SessionRoot

__all__ = ["Place", "Root", "Roots"]

MAX_ORIGIN_CHARS = 2_000


@dataclass(eq=False)
class Root:
    """One work tree or plain folder, and the workspace folders in it that are recorded.

    `is_declared` tells whether the trace names its start commit; a root that joined later is replayed from bases.
    """

    name: str
    repository: Repository
    scopes: list[Path]
    is_declared: bool

    @property
    def path(self) -> Path:
        """What the events' paths of this root are relative to."""
        return self.repository.root


@dataclass(frozen=True)
class Place:
    """A file in its root; `relative` has `/` between its parts."""

    root: Root
    path: Path
    relative: str


@dataclass
class Roots:
    """The roots that are recorded now; the first one is the folder that the session was started in."""

    first: Root
    further: list[Root] = field(default_factory=list)
    nested: NestedRepositories = field(default_factory=NestedRepositories)
    _left: dict[Path, Root] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Root]:
        """Yield every root, the first one first."""
        yield self.first
        yield from self.further

    @property
    def scopes(self) -> list[Path]:
        """The folders that are recorded."""
        return [scope for root in self for scope in root.scopes]

    def named(self, name: str) -> Root | None:
        """Return the root of that name, if it is recorded now."""
        return next((root for root in self if root.name == name), None)

    def start_text(self, name: str, path: str) -> str | None:
        """Return a text at the start commit of a root that the trace names one of."""
        root = self.named(name)
        return root.repository.start_text(path) if root is not None and root.is_declared else None

    def started_with(self, name: str, path: str) -> bool:
        """Return whether a root had such a file at its start commit, text or not."""
        root = self.named(name)
        return root is not None and root.repository.started_with(path) == "blob"

    def place_of(self, path: Path) -> Place | None:
        """Return where a file belongs; None when it lies in no folder that is recorded."""
        if not any(path.is_relative_to(scope) for scope in self.scopes):
            return None
        holding = [root for root in self if path.is_relative_to(root.path)]
        if not holding:
            return None
        root = max(holding, key=lambda one: len(one.path.parts))
        return Place(root, path, path.relative_to(root.path).as_posix())

    def hold(self, folder: Path) -> bool:
        """Return whether a folder lies in one that is recorded."""
        try:
            resolved = folder.resolve()
        except (OSError, ValueError):
            return False
        return any(resolved.is_relative_to(scope) for scope in self.scopes)

    def told(self, shown: Callable[[str], str]) -> list[SessionRoot]:
        """Return the further roots as the session's start tells them; `shown` redacts."""
        return [
            SessionRoot(
                name=root.name,
                repo_origin=shown(root.repository.origin)[:MAX_ORIGIN_CHARS],
                start_commit=root.repository.start_commit,
            )
            for root in self.further
        ]

    def follow(self, folders: list[Path], *, is_declared: bool, shown: Callable[[str], str]) -> list[Root]:
        """Record the given workspace folders beside the first, and no others; return the roots that are new.

        `shown` redacts a folder's name, which the trace names the root by.
        """
        for root in list(self.further):
            root.scopes = [scope for scope in root.scopes if scope in folders]
            if not root.scopes:
                self.further.remove(root)
                self._left[root.path] = root
        self.first.scopes = [self.first.scopes[0], *(one for one in self.first.scopes[1:] if one in folders)]
        return [new for folder in folders if (new := self._join(folder, shown(folder.name), is_declared=is_declared))]

    def nested_text(self, place: Place) -> str | None:
        """Return a file's text at the HEAD of the repository nested in its root that it belongs to."""
        repository = self.nested.holding(place.path.parent, place.root.path)
        return None if repository is None else repository.start_text(place.path.relative_to(repository.root).as_posix())

    def committed_inside(self) -> Iterator[Place]:
        """Yield the recorded folders of nested repositories that were committed to since the last look, each once."""
        for root in self:
            self.nested.watch_submodules(root.path)
        own = {root.path for root in self}
        for tree in self.nested.committed():
            place = self.place_of(tree)
            if place is not None and tree not in own:
                yield place

    def met(self, folder: Path) -> None:
        """Learn that something happened in a folder: the repository that it is part of may be a nested one."""
        if not self.hold(folder):
            return
        place = self.place_of(folder.resolve())
        if place is not None:
            self.nested.holding(place.path, place.root.path)

    def close(self) -> None:
        """End the git processes that reading started."""
        self.nested.close()
        for root in self:
            root.repository.close()
        for left in self._left.values():
            left.repository.close()

    def _join(self, folder: Path, name: str, *, is_declared: bool) -> Root | None:
        if folder in self.scopes:
            return None
        repository = Repository(folder)
        known = next((root for root in self if root.path == repository.root), None) or self._left.pop(
            repository.root, None
        )
        if known is None:
            known = Root(self._free_name(name or "root"), repository, [folder], is_declared)
            self.further.append(known)
            return known
        repository.close()
        known.scopes.append(folder)
        if known is not self.first and known not in self.further:
            # What was committed there meanwhile is nobody's business.
            known.repository.new_commits()
            self.further.append(known)
        return None

    def _free_name(self, wanted: str) -> str:
        taken = {root.name for root in (*self, *self._left.values())}
        name, number = wanted, 2
        while name in taken:
            name, number = f"{wanted}-{number}", number + 1
        return name
