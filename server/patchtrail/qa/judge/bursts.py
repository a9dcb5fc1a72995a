"""Bursts of edits: what was changed between two runs, with what was said of it and what ran after it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from patchtrail.qa.judge.moves import Edit, Run, Saying
from patchtrail.qa.judge.roles import is_commented_out, is_probe_line
from patchtrail.qa.judge.story import Story
from patchtrail.qa.judge.words import Terms, joined_terms, shared

__all__ = ["GUIDING", "Burst", "bursts_of", "core_files", "touches", "words_of"]

GUIDING = frozenset({"hypothesis", "plan"})


@dataclass(frozen=True)
class Burst:
    """Adjacent edits of the product; `run` is the first one before the next burst, None where nothing ran."""

    edits: tuple[Edit, ...]
    run: Run | None

    @property
    def first(self) -> int:
        """The event that it begins with."""
        return self.edits[0].seq

    @property
    def last(self) -> int:
        """The event that it ends with."""
        return self.edits[-1].seq

    @property
    def seqs(self) -> tuple[int, ...]:
        """All its events."""
        return tuple(edit.seq for edit in self.edits)

    @property
    def files(self) -> frozenset[str]:
        """The files that it changes."""
        return frozenset(edit.path for edit in self.edits)

    @property
    def is_mixed(self) -> bool:
        """Whether one of its edits shows something, or comments code out, beside what it changes."""
        for edit in self.edits:
            kinds = {(is_probe_line(line), is_commented_out(line)) for line in edit.added if line.strip()}
            if len(kinds) > 1:
                return True
        return False

    @cached_property
    def words(self) -> Terms:
        """The words of the lines that it changes, of their files, and of what stands beside them."""
        return words_of(self.edits)


def bursts_of(story: Story) -> tuple[Burst, ...]:
    """Return the bursts in order; a run ends one, and so does a new hypothesis or plan."""
    groups = list[tuple[list[Edit], Run | None]]()
    is_open = False
    for move in story.moves:
        if isinstance(move, Edit) and move.is_of_product and not move.by_machine:
            if not is_open:
                groups.append(([], None))
            groups[-1][0].append(move)
            is_open = True
        elif isinstance(move, Run) and groups:
            edits, run = groups[-1]
            groups[-1] = (edits, run or move)
            is_open = False
        elif isinstance(move, Saying) and move.kind in GUIDING and move.is_grounded:
            is_open = False
    return tuple(Burst(tuple(edits), run) for edits, run in groups)


def core_files(story: Story) -> set[str]:
    """Return the files that the end rests on: the last one that was edited, and those that share names with it."""
    files = {edit.path for edit in story.product_edits[-1:]}
    core = joined_terms(edit.changed for edit in story.product_edits if edit.path in files)
    return files | {one.path for one in story.product_edits if shared(one.changed, core).strong - {one.path.lower()}}


def words_of(edits: Iterable[Edit]) -> Terms:
    """Return the words of the lines that edits change, of their files, and of what stands beside them."""
    return joined_terms(words for edit in edits for words in (edit.changed, edit.around))


def touches(saying: Saying, words: Terms) -> bool:
    """Return whether edits, by their words, change what a saying names."""
    return bool(shared(saying.terms, words))
