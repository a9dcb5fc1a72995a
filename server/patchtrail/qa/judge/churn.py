"""What became of the lines that a session wrote: standing at the end, taken back, or written again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from patchtrail.qa.judge.moves import Edit
from patchtrail.qa.judge.roles import is_probe_line

__all__ = ["Net", "churn_of"]

COMMENT = re.compile(r"(?<!\S)(?:#|//).*$")


@dataclass
class Net:
    """One file: lines that were added and stand, and original lines that are gone."""

    path: str
    role: str
    added: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    seqs: list[int] = field(default_factory=list)
    is_new: bool = False
    is_gone: bool = False

    @property
    def is_inert(self) -> bool:
        """Whether it differs in nothing but debug output, comments and blank lines."""
        return _code_of(self.added) == _code_of(self.removed)

    @property
    def is_changed(self) -> bool:
        """Whether it differs at the end from what it was at the start."""
        return bool(self.added or self.removed) if not self.is_gone else not self.is_new


def _code_of(lines: Iterable[str]) -> set[str]:
    bare = {COMMENT.sub("", line).strip() for line in lines if not is_probe_line(line)}
    return bare - {""}


@dataclass
class Churn:
    """All files of a session; `written` and `wasted` count lines that are not blank."""

    files: dict[str, Net] = field(default_factory=dict)
    written: int = 0
    wasted: int = 0

    def take(self, edit: Edit) -> None:
        """Take the next edit."""
        net = self.files.setdefault(edit.path, Net(edit.path, edit.role, is_new=edit.is_new))
        net.seqs.append(edit.seq)
        net.is_gone = edit.is_gone
        if edit.is_gone:
            self._drop(net)
            return
        counts = edit.role != "scratch" and not edit.by_machine
        for line in edit.removed:
            self._remove(net, line, counts and bool(line.strip()))
        for line in edit.added:
            self._add(net, line, counts and bool(line.strip()))

    def _drop(self, net: Net) -> None:
        if net.role != "scratch":
            self.wasted += sum(count for line, count in net.added.items() if line.strip())
        net.added.clear()

    def _remove(self, net: Net, line: str, counts: bool) -> None:
        if net.added[line] > 0:
            _take_one(net.added, line)
            self.wasted += counts
        else:
            net.removed[line] += 1

    def _add(self, net: Net, line: str, counts: bool) -> None:
        self.written += counts
        if net.removed[line] > 0:
            _take_one(net.removed, line)
        else:
            net.added[line] += 1


def _take_one(lines: Counter[str], line: str) -> None:
    lines[line] -= 1
    if not lines[line]:
        del lines[line]


def churn_of(edits: Iterable[Edit]) -> Churn:
    """Follow every line through a session."""
    churn = Churn()
    for edit in edits:
        churn.take(edit)
    return churn
