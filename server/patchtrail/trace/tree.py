"""The files of a session as its events tell them: texts where they are recorded, the start commit where they are not.

The recorder and the replay keep one tree each and do the same to it, so that what the recorder takes as the ground
of an edit is what the replay will have there.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

__all__ = ["Key", "StartText", "Tree", "TreeFile"]

Key = tuple[str, str]
"""A root's name and a path below it."""
StartText = Callable[[str, str], str | None]
"""Reads a root's path at the root's start commit; None when there is no UTF-8 text."""


@dataclass(frozen=True)
class TreeFile:
    """A file's text, and the encoding that gives its bytes."""

    text: str
    encoding: str = "utf-8"

    def content(self) -> bytes:
        """Return the file's bytes; what its encoding cannot say, a placeholder cannot have put there.

        An encoding that no editor saves in is taken for UTF-8: the name is somebody else's word, and encoding names of
        the internet takes quadratic time.
        """
        try:
            is_text = codecs.lookup(self.encoding).name not in ("idna", "punycode")
            return self.text.encode(self.encoding if is_text else "utf-8", "replace")
        except (LookupError, ValueError):
            return self.text.encode("utf-8", "replace")


@dataclass(frozen=True)
class _Moved:
    """A path that went away, or to another path; everything below it went too."""

    old: Key
    new: Key | None


class Tree:
    """Recorded texts over a start commit."""

    def __init__(self, start_text: StartText, started_with: Callable[[str, str], bool] | None = None) -> None:
        self._start_text = start_text
        self._started_with = started_with or (lambda root, path: start_text(root, path) is not None)
        self._moves: list[_Moved] = []
        self.files: dict[Key, TreeFile] = {}
        self.unknown: set[Key] = set()
        """Files that are there, but whose content is not known: withheld, or changed unseen."""

    def find(self, key: Key) -> TreeFile | None:
        """Return a file as it is known here; None when it is not there, or its content is not known."""
        if key in self.files:
            return self.files[key]
        return None if key in self.unknown else self._at_start(key)

    def has(self, key: Key) -> bool:
        """Return whether there is such a file, whatever is known of its content."""
        return key in self.files or key in self.unknown or self.starts(key)

    def starts(self, key: Key) -> bool:
        """Return whether a file stood at the start commit, text or not."""
        first = self.started_as(key)
        return first is not None and self._started_with(*first)

    def put(self, key: Key, file: TreeFile) -> None:
        """Set a file's content."""
        self.unknown.discard(key)
        self.files.pop(key, None)
        self.files[key] = file

    def forget(self, key: Key) -> None:
        """Note that a file's content is no longer known."""
        self.files.pop(key, None)
        self.unknown.add(key)

    def forget_all(self) -> None:
        """Note that no recorded file's content is known any more."""
        self.unknown.update(self.files)
        self.files.clear()

    def delete(self, key: Key) -> None:
        """Remove a file, or a folder with everything below it."""
        for gone in list(self.below(key)):
            self.files.pop(gone, None)
            self.unknown.discard(gone)
        self._moves.append(_Moved(key, None))

    def rename(self, old: Key, new: Key) -> None:
        """Move a file, or a folder with everything below it; what was there is replaced."""
        moving = list(self.below(old))
        for replaced in set(self.below(new)) - set(moving):
            self.files.pop(replaced, None)
            self.unknown.discard(replaced)
        for key in moving:
            there = (new[0], new[1] + key[1][len(old[1]) :])
            if key in self.unknown:
                self.unknown.discard(key)
                self.unknown.add(there)
            else:
                self.files[there] = self.files.pop(key)
        self._moves.append(_Moved(old, new))

    def below(self, key: Key) -> Iterator[Key]:
        """Yield the recorded files at and below a path."""
        for known in (*self.files, *self.unknown):
            if _is_at(known, key):
                yield known

    def started_as(self, key: Key) -> Key | None:
        """Return where a file that no event told the content of stood at the start; None when it has gone."""
        at: Key | None = key
        for move in reversed(self._moves):
            if at is None:
                return None
            if move.new is not None and _is_at(at, move.new):
                at = (move.old[0], move.old[1] + at[1][len(move.new[1]) :])
            elif _is_at(at, move.old):
                at = None
        return at

    def now(self, started: Iterable[Key]) -> dict[Key, TreeFile | Key]:
        """Return every file there is, given those of the start: its content, or the start's file that it still is."""
        there: dict[Key, TreeFile | Key] = {}
        for first in started:
            key: Key | None = first
            for move in self._moves:
                key = None if key is None else _followed(key, move)
            if key is not None and key not in self.unknown and self.started_as(key) == first:
                there[key] = first
        return there | self.files

    def _at_start(self, key: Key) -> TreeFile | None:
        first = self.started_as(key)
        text = None if first is None else self._start_text(*first)
        return None if text is None else TreeFile(text)


def _is_at(key: Key, place: Key) -> bool:
    return key[0] == place[0] and (key[1] == place[1] or key[1].startswith(f"{place[1]}/"))


def _followed(key: Key, move: _Moved) -> Key | None:
    if move.new is not None and _is_at(key, move.new):
        return None if not _is_at(key, move.old) else _moved(key, move.old, move.new)
    if not _is_at(key, move.old):
        return key
    return None if move.new is None else _moved(key, move.old, move.new)


def _moved(key: Key, old: Key, new: Key) -> Key:
    return new[0], new[1] + key[1][len(old[1]) :]
