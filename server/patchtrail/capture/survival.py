"""Whether the lines of an accepted patch still stand some saves later; texts are compared by digest, in memory only."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

__all__ = ["SAVES_UNTIL_TOLD", "Standing", "Survivals", "Traced"]

SAVES_UNTIL_TOLD = 5
MAX_OFFERED, MAX_ACCEPTED = 100, 200
DIGEST_BYTES = 12


@dataclass(frozen=True)
class Standing:
    """How much of a patch stands: `changed` lines it inserted and removed, `standing` of them are still so."""

    changed: int
    standing: int

    @property
    def outcome(self) -> Literal["survived", "changed", "gone"]:
        """What became of the patch."""
        if self.standing == self.changed:
            return "survived"
        return "changed" if self.standing else "gone"


class Traced:
    """One file of a patch: how often each line that it inserted or removed stood there before and after."""

    def __init__(self, path: Path, before: str | None, after: str, key: bytes) -> None:
        self.path = path
        self._key = key
        old, new = self._counted(before or ""), self._counted(after)
        self._before = {line: old[line] for line in {*old, *new} if old[line] != new[line]}
        self._after = {line: new[line] for line in self._before}

    def look(self, text: str | None) -> Standing:
        """Compare with what the file holds now; None when it is gone."""
        changed = sum(abs(self._after[line] - was) for line, was in self._before.items())
        if text is None:
            return Standing(changed, 0)
        now = self._counted(text)
        return Standing(changed, sum(_kept(was, self._after[line], now[line]) for line, was in self._before.items()))

    def _counted(self, text: str) -> Counter[bytes]:
        lines = (line.rstrip() for line in text.split("\n"))
        return Counter(
            hashlib.blake2b(line.encode("utf-8", "replace"), digest_size=DIGEST_BYTES, key=self._key).digest()
            for line in lines
            if line
        )


def _kept(was: int, became: int, now: int) -> int:
    """Return how many of the lines that were inserted, or removed, are still there, or still away."""
    if became > was:
        return min(max(now - was, 0), became - was)
    return min(max(was - now, 0), was - became)


@dataclass
class _Accepted:
    attempt_id: str
    root: str
    files: tuple[tuple[str, Traced], ...]
    accepted_ms: int
    saves: dict[Path, int] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.files]


@dataclass(frozen=True)
class Survival:
    """What is to be told of one accepted patch."""

    attempt_id: str
    root: str
    file_paths: list[str]
    accepted_ms: int
    standing: Standing


class Survivals:
    """The patches of one session that were offered or accepted, the oldest making room."""

    def __init__(self) -> None:
        self._offered: dict[str, tuple[str, tuple[tuple[str, Traced], ...], int]] = {}
        self._accepted: dict[str, _Accepted] = {}

    def offered(self, attempt_id: str, root: str, files: Iterable[tuple[str, Traced]], at_ms: int) -> None:
        """Remember a patch that may be accepted: its files by the paths under which the trace tells them."""
        self._offered.pop(attempt_id, None)
        self._offered[attempt_id] = (root, tuple(files), at_ms)
        while len(self._offered) > MAX_OFFERED:
            del self._offered[next(iter(self._offered))]

    def accepted(self, attempt_id: str, at_ms: int) -> None:
        """Follow a patch from now on."""
        root, files, _ = self._offered.get(attempt_id, ("", (), 0))
        if not files:
            return
        self._accepted[attempt_id] = _Accepted(attempt_id, root, files, at_ms)
        while len(self._accepted) > MAX_ACCEPTED:
            del self._accepted[next(iter(self._accepted))]

    def dropped(self, attempt_id: str) -> None:
        """Follow a patch no more: it was undone, or rejected."""
        self._accepted.pop(attempt_id, None)

    def moved(self, old: Path, new: Path) -> None:
        """Follow files to their new paths."""
        for one in self._accepted.values():
            for _, traced in one.files:
                if traced.path.is_relative_to(old):
                    traced.path = new / traced.path.relative_to(old)

    def forget(self, since_ms: int) -> None:
        """Forget what was offered or accepted since an instant."""
        self._offered = {name: held for name, held in self._offered.items() if held[2] < since_ms}
        self._accepted = {name: one for name, one in self._accepted.items() if one.accepted_ms < since_ms}

    def saved(self, path: Path) -> list[str]:
        """Count a save; return the patches that it makes due."""
        due = list[str]()
        for one in self._accepted.values():
            if any(traced.path == path for _, traced in one.files):
                one.saves[path] = one.saves.get(path, 0) + 1
                if one.saves[path] >= SAVES_UNTIL_TOLD:
                    due.append(one.attempt_id)
        return due

    @property
    def followed(self) -> list[str]:
        """Every patch that is followed now."""
        return list(self._accepted)

    def paths(self, attempt_id: str) -> Iterator[Path]:
        """Yield the files of a followed patch."""
        yield from (traced.path for _, traced in self._accepted[attempt_id].files)

    def take(self, attempt_id: str, texts: dict[Path, str | None]) -> Survival:
        """Return what became of a patch by what its files hold now, and follow it no more."""
        one = self._accepted.pop(attempt_id)
        looks = [traced.look(texts.get(traced.path)) for _, traced in one.files]
        total = Standing(sum(look.changed for look in looks), sum(look.standing for look in looks))
        return Survival(attempt_id, one.root, one.names, one.accepted_ms, total)
