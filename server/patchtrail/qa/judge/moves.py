"""A session as a judge reads it: edits, runs, looks, sayings and commits, whichever recorder told of them."""

from __future__ import annotations

from dataclasses import dataclass

from patchtrail.contract.events import NoteKind
from patchtrail.qa.judge.address import Heard
from patchtrail.qa.judge.roles import Role, is_probe_line
from patchtrail.qa.judge.words import NOTHING, Terms

__all__ = ["Command", "Commit", "Edit", "Look", "Move", "Run", "Saying"]


@dataclass(frozen=True)
class Move:
    """One act; `seq` is its event, `at_ms` stands on the session's clock."""

    seq: int
    at_ms: int


@dataclass(frozen=True)
class Edit(Move):
    """One change of one file. Lines are without their prefix; `shown` are the unchanged ones beside them."""

    path: str
    role: Role
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    hunks: int = 0
    is_new: bool = False
    is_gone: bool = False
    is_withheld: bool = False
    is_replayable: bool = True
    by_machine: bool = False
    changed: Terms = NOTHING
    around: Terms = NOTHING

    @property
    def is_probe(self) -> bool:
        """Whether it only makes the program show something, or takes that away again."""
        lines = [line for line in (*self.added, *self.removed) if line.strip()]
        return bool(lines) and all(is_probe_line(line) for line in lines)

    @property
    def is_of_product(self) -> bool:
        """Whether it changes the product's code: what the rubric calls an edit."""
        return self.role == "product" and not self.is_probe and not self.is_withheld


@dataclass(frozen=True)
class Run(Move):
    """Something was executed to see what happens: a test run with its command, or any program of the project.

    `is_red` is None where the outcome is not known. `text` is what it printed, without lines that address a judge.
    """

    command: str
    is_test: bool
    is_red: bool | None
    failed: frozenset[str] = frozenset()
    total: int | None = None
    has_names: bool = False
    shows_failure: bool = False
    text: str = ""
    seqs: tuple[int, ...] = ()
    is_of_terminal: bool = False
    told: Terms = NOTHING


@dataclass(frozen=True)
class Look(Move):
    """A stop of a debugger."""

    text: str
    is_in_code: bool
    told: Terms = NOTHING


@dataclass(frozen=True)
class Saying(Move):
    """What the participant says: a note, or a commit's message (`kind` is None)."""

    kind: NoteKind | None
    raw: str
    heard: Heard
    text: str
    links: frozenset[int] = frozenset()
    terms: Terms = NOTHING
    is_grounded: bool = False


@dataclass(frozen=True)
class Command(Move):
    """A command that executes nothing of the project: a look at files, git, an installation."""

    command: str
    exit_code: int | None = None
    programs: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Commit(Move):
    """One commit."""

    message: str
