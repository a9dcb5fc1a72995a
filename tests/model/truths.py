"""Answers from a known correct change.

A request names its findings on lines of the form `Finding: RULE in PATH:LINE`. Each is looked up in a table, and the
changes found are rendered as an answer; how is the seam where answers are damaged as real models damage them.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from patchtrail.text.diff import diff, diff_of_names
from tests.model.reply import Answerer, Asked, Reply

__all__ = ["Belief", "Key", "Render", "Truth", "TruthTable", "clean", "findings_of", "load", "merged", "truthful"]

FINDING = re.compile(r"^Finding: (?P<rule>\S+) in (?P<path>.+):(?P<line>\d+)[ \t\r]*$", re.MULTILINE)
NOTHING = "I could not find a change that I am sure of."


@dataclass(frozen=True)
class Truth:
    """The right change for one finding: a file's whole text before and after; `before` is None for a new file."""

    file_path: str
    before: str | None
    after: str


Key = tuple[str, str, int]
"""Path, rule and line, from 1, of a finding."""
TruthTable = Mapping[Key, Truth | Sequence[Truth]]
"""A finding's change; several truths where it touches several files."""
Render = Callable[[Sequence[Truth], int, int], str]
"""(truths, seed, retry) → answer. Truths are at most one per file; the seed is the same for the same request."""
Belief = Callable[[Asked, Truth], Truth]
"""What the model takes for right where it is asked so: the truth, or another change."""


def findings_of(prompt: str) -> list[Key]:
    """Return the findings that a prompt names, each once, in order."""
    found = [(one["path"], one["rule"], int(one["line"])) for one in FINDING.finditer(prompt)]
    return list(dict.fromkeys(found))


def truthful(
    table: TruthTable,
    render: Render | None = None,
    *,
    seed: int = 0,
    retry_of: Callable[[Asked], int] = lambda ask: ask.retry,
    belief: Belief = lambda _, truth: truth,
) -> Answerer:
    """Return what answers from a table of truths; what is in no table is not known to it."""
    rendered = render or clean

    def answer(ask: Asked) -> Reply:
        # A retry repeats earlier answers and prompts; findings are named by the user and the system alone.
        keys = findings_of("\n".join(one.content for one in ask.messages if one.role != "assistant"))
        known = [belief(ask, truth) for key in keys if key in table for truth in _several(table[key])]
        truths = [one for one in known if one.before != one.after]
        if not truths:
            return Reply(NOTHING)
        retry = retry_of(ask)
        # Of a conversation a retry may show the last answer alone: that tells the second retry from the first.
        earlier = [one.content for one in ask.messages if one.role == "assistant"]
        own_seed = zlib.crc32(f"{seed} {retry} {keys} {earlier}".encode())
        return Reply(rendered(merged(truths), own_seed, retry))

    return answer


def clean(truths: Sequence[Truth], seed: int = 0, retry: int = 0) -> str:
    """Render truths as one clean unified diff."""
    return "".join(
        diff_of_names("", one.after, "/dev/null", f"b/{one.file_path}")
        if one.before is None
        else diff(one.before, one.after, one.file_path)
        for one in truths
    )


def merged(truths: Iterable[Truth]) -> tuple[Truth, ...]:
    """Return one truth per file, in the order of their first, with the changes of all that start from the same text.

    Of two changes to the same lines the first stays.
    """
    by_file = dict[str, list[Truth]]()
    for one in truths:
        by_file.setdefault(one.file_path, []).append(one)
    return tuple(_merged_file(several) for several in by_file.values())


def load(path: Path) -> dict[Key, list[Truth]]:
    """Read a table: objects with `file_path`, `rule_id`, `line`, `before`, `after`, as a JSON list or one per line.

    A finding whose change is in another file says which by `truth_path`.
    """
    text = path.read_text(encoding="utf-8")
    rows = (
        json.loads(text) if text.lstrip().startswith("[") else [json.loads(line) for line in text.splitlines() if line]
    )
    table = dict[Key, list[Truth]]()
    for row in rows:
        key = (row["file_path"], row["rule_id"], row["line"])
        table.setdefault(key, []).append(Truth(row.get("truth_path", row["file_path"]), row["before"], row["after"]))
    return table


def _several(found: Truth | Sequence[Truth]) -> Sequence[Truth]:
    return [found] if isinstance(found, Truth) else found


def _merged_file(truths: list[Truth]) -> Truth:
    first = truths[0]
    if first.before is None or len(truths) == 1:
        return first
    lines = first.before.splitlines(keepends=True)
    edits = list[_Edit]()
    for one in truths:
        mine = _edits(lines, one.after) if one.before == first.before else []
        new = [edit for edit in mine if edit not in edits]
        if not any(edit.meets(other) for edit in new for other in edits):
            edits += new
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end), reverse=True):
        lines[edit.start : edit.end] = edit.new
    return Truth(first.file_path, first.before, "".join(lines))


@dataclass(frozen=True)
class _Edit:
    """Lines `start` to `end` become `new`."""

    start: int
    end: int
    new: tuple[str, ...]

    def meets(self, other: _Edit) -> bool:
        """Return whether both touch the same place; an insertion touches both lines beside it."""
        if self.start == self.end or other.start == other.end:
            return self.start <= other.end and other.start <= self.end
        return self.start < other.end and other.start < self.end


def _edits(lines: list[str], after: str) -> list[_Edit]:
    new = after.splitlines(keepends=True)
    codes = SequenceMatcher(None, lines, new, autojunk=False).get_opcodes()
    return [_Edit(a_from, a_to, tuple(new[b_from:b_to])) for tag, a_from, a_to, b_from, b_to in codes if tag != "equal"]
