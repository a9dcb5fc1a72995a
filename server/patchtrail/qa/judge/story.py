"""A session as a judge reads it, with the words that its code, its failures and its task are made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from patchtrail.contract.events import SessionStart
from patchtrail.qa.case import Case
from patchtrail.qa.judge.address import paragraphs_of, plain_lines, sentences_of
from patchtrail.qa.judge.cues import is_vague, tells_outcome
from patchtrail.qa.judge.moves import Command, Commit, Edit, Look, Move, Run, Saying
from patchtrail.qa.judge.telling import moves_of
from patchtrail.qa.judge.words import NOTHING, Terms, is_about, joined_terms, shared, terms_of

__all__ = ["Story", "story_of"]

MIN_PLACE_WORDS = 3
MAX_FOREIGN = 2
"""Words that are not of this session, in a short text that only tells how something ended."""


@dataclass(frozen=True)
class Story:
    """A session's moves in order, and the words by which a text is of this session.

    `code` are the words of changed code, paths and stops; `failure` those of what was red; `task` those of the task.
    """

    moves: tuple[Move, ...]
    code: Terms
    failure: Terms
    task: Terms
    folders: frozenset[str]
    start_commit: str

    @cached_property
    def edits(self) -> tuple[Edit, ...]:
        """All edits, of any file."""
        return tuple(move for move in self.moves if isinstance(move, Edit))

    @cached_property
    def product_edits(self) -> tuple[Edit, ...]:
        """What the rubric calls edits."""
        return tuple(edit for edit in self.edits if edit.is_of_product and not edit.by_machine)

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """All runs."""
        return tuple(move for move in self.moves if isinstance(move, Run))

    @cached_property
    def looks(self) -> tuple[Look, ...]:
        """All stops of a debugger."""
        return tuple(move for move in self.moves if isinstance(move, Look))

    @cached_property
    def sayings(self) -> tuple[Saying, ...]:
        """What the participant says that is of this session, in order."""
        return tuple(move for move in self.moves if isinstance(move, Saying) and move.is_grounded)

    @cached_property
    def commits(self) -> tuple[Commit, ...]:
        """All commits."""
        return tuple(move for move in self.moves if isinstance(move, Commit))

    @cached_property
    def commands(self) -> tuple[Command | Run, ...]:
        """Everything that was typed."""
        return tuple(move for move in self.moves if isinstance(move, Command | Run))

    def named(self, saying: Saying) -> Terms:
        """Return the places of this code that a saying names; a folder is none."""
        common = shared(saying.terms, self.code)
        if len(saying.text.split()) < MIN_PLACE_WORDS or (is_vague(saying.text) and not common.strong):
            return NOTHING
        names = frozenset(term for term in common.strong if not term.lstrip("-").replace(".", "").isdigit())
        return Terms(names, common.plain - self.folders)

    @property
    def first_edit(self) -> int | None:
        """The event of the first edit; None without one."""
        return self.product_edits[0].seq if self.product_edits else None

    @property
    def last_edit(self) -> int | None:
        """The event of the last edit; None without one."""
        return self.product_edits[-1].seq if self.product_edits else None

    @cached_property
    def last_run(self) -> Run | None:
        """The last run whose outcome is known: a test run where there was one."""
        known = [run for run in self.runs if run.is_red is not None]
        return next((run for run in reversed(known) if run.is_test), known[-1] if known else None)

    @property
    def is_green_at_end(self) -> bool | None:
        """Whether the last run after the last edit was green; None where nothing ran after it."""
        last = self.last_run
        if last is None or (self.last_edit is not None and last.seq < self.last_edit):
            return None
        return not last.is_red


def story_of(case: Case) -> Story:
    """Tell a case."""
    moves = moves_of(case.events, case.artifacts)
    edits = [move for move in moves if isinstance(move, Edit)]
    runs = [move for move in moves if isinstance(move, Run)]
    looks = [move for move in moves if isinstance(move, Look)]
    commands = [terms_of(plain_lines(move.command)) for move in moves if isinstance(move, Run | Command)]
    code = joined_terms(
        [*(edit.changed for edit in edits), *(edit.around for edit in edits), *(look.told for look in looks)]
    )
    failure = joined_terms(run.told for run in runs if run.shows_failure)
    task = terms_of(plain_lines(f"{case.task_title}\n{case.task_description}"))
    known = joined_terms([code, failure, task, *commands, *(run.told for run in runs)])
    told = tuple(_listened(move, known) if isinstance(move, Saying) else move for move in moves)
    start = next((event.data.start_commit for event in case.events if isinstance(event.data, SessionStart)), "")
    folders = joined_terms(terms_of(edit.path.rpartition("/")[0].replace("/", " ")) for edit in edits).plain
    return Story(told, code, failure, task, folders, case.start_commit or start)


def _listened(saying: Saying, known: Terms) -> Saying:
    """Return a saying with those of its paragraphs that are of this session.

    What came after words to a judge must name something of it.
    """
    may_be_short = saying.kind not in ("hypothesis", "plan")
    kept = [one for one in paragraphs_of(saying.heard.text) if _is_of(one, known, may_be_short=may_be_short)]
    kept += [one for one in saying.heard.doubtful if shared(terms_of(one), known).strong]
    text = "\n\n".join(kept)
    return replace(saying, text=text, terms=terms_of(text), is_grounded=bool(kept))


def _is_of(paragraph: str, known: Terms, *, may_be_short: bool) -> bool:
    if is_about(terms_of(paragraph), known):
        return True
    return may_be_short and any(_tells_shortly(one, known) for one in sentences_of(paragraph))


def _tells_shortly(sentence: str, known: Terms) -> bool:
    """Return whether a sentence only tells how something ended, such as `All green now`."""
    return tells_outcome(sentence) and len(terms_of(sentence).all - known.all) <= MAX_FOREIGN
