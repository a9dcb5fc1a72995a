"""Tells the events of a trace as moves: a command and its test run are one, a diff is its lines, a note its words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from patchtrail.contract.debugging import DebugStop
from patchtrail.contract.event_lines import Event, EventData
from patchtrail.contract.events import CmdRun, RationaleNote, TestRun
from patchtrail.contract.events import Commit as CommitTold
from patchtrail.contract.files import FileContent, FileCreate, FileDelete, FileRename
from patchtrail.qa.judge.address import heard, plain_code, plain_lines, plain_path
from patchtrail.qa.judge.diff_lines import lines_of
from patchtrail.qa.judge.moves import Commit, Edit, Look, Move, Run, Saying
from patchtrail.qa.judge.roles import role_of
from patchtrail.qa.judge.run_reading import command_of, is_execution, joined, run_of_command, run_of_tests
from patchtrail.qa.judge.words import joined_terms, terms_of, terms_of_path

__all__ = ["moves_of"]

MAX_COMMAND_CHARS = 16_000
"""Of a command line what is longer says nothing more, and expressions that look for dangers would take for ever."""
MAX_APART, MAX_APART_MS = 4, 10_000
"""Moves, and time, between a command and its test run, where the run does not name its command."""


def moves_of(events: Sequence[Event], artifacts: Mapping[str, bytes]) -> tuple[Move, ...]:
    """Return the moves of a trace in order; events of which a judge learns nothing are left out."""
    telling = Telling(artifacts)
    for event in events:
        telling.moves.extend(telling.take(event))
    return tuple(telling.moves)


@dataclass
class Telling:
    """The moves so far."""

    artifacts: Mapping[str, bytes]
    moves: list[Move] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    def take(self, event: Event) -> Iterator[Move]:
        """Yield what an event is."""
        seq, at_ms = event.seq, event.mono_ms
        match _of_bounded_length(event.data):
            case FileContent() as content:
                yield self._edit(seq, at_ms, content)
            case FileDelete() as gone:
                path = gone.file_path
                yield Edit(seq, at_ms, path, role_of(path), is_gone=True, changed=terms_of_path(plain_path(path)))
            case FileRename() as renamed:
                path = renamed.new_path
                yield Edit(seq, at_ms, path, role_of(path), changed=terms_of_path(plain_path(path)))
            case CmdRun() as command if is_execution(command.command_line):
                yield run_of_command(seq, at_ms, command)
            case CmdRun() as command:
                yield command_of(seq, at_ms, command)
            case TestRun() as tests:
                yield self._tests(seq, at_ms, tests)
            case DebugStop() as stop:
                yield _look(seq, at_ms, stop)
            case RationaleNote() as note:
                yield Saying(seq, at_ms, note.kind, note.text, heard(note.text), "", frozenset(note.links))
            case CommitTold() as commit:
                yield Commit(seq, at_ms, commit.message)
                yield Saying(seq, at_ms, None, commit.message, heard(commit.message), "")
            case _:
                return

    def _edit(self, seq: int, at_ms: int, content: FileContent) -> Edit:
        diff = content.diff_unified
        if not diff and content.diff_artifact is not None:
            diff = self.artifacts.get(content.diff_artifact.sha256, b"").decode("utf-8", "replace")
        lines = lines_of(diff)
        added, removed = plain_code(lines.added), plain_code(lines.removed)
        path = content.file_path
        # A recorder that tells no creations shows a new file as an edit that starts from nothing.
        is_new = isinstance(content, FileCreate) or (
            path not in self.known and not lines.shown and not lines.removed and "@@ -0,0 " in diff
        )
        self.known.add(path)
        return Edit(
            seq,
            at_ms,
            path,
            role_of(path),
            added,
            removed,
            lines.shown,
            lines.hunks,
            is_new=is_new,
            is_withheld=content.withheld is not None,
            is_replayable=content.is_replayable,
            by_machine=content.evidence == "format_on_save",
            changed=joined_terms(
                [terms_of(plain_lines("\n".join((*added, *removed)))), terms_of_path(plain_path(path))]
            ),
            around=terms_of(plain_lines("\n".join(lines.shown))),
        )

    def _tests(self, seq: int, at_ms: int, tests: TestRun) -> Run:
        run = run_of_tests(seq, at_ms, tests)
        for at in range(len(self.moves) - 1, max(-1, len(self.moves) - 1 - MAX_APART), -1):
            before = self.moves[at]
            if isinstance(before, Edit):
                break
            if not isinstance(before, Run) or not before.is_of_terminal:
                continue
            is_named = tests.command_seq == before.seq
            is_like = before.command == run.command and at_ms - before.at_ms < MAX_APART_MS
            if is_named or (tests.command_seq is None and is_like):
                del self.moves[at]
                return joined(before, run)
        return run


def _of_bounded_length(data: EventData) -> EventData:
    if not isinstance(data, CmdRun | TestRun) or len(data.command_line) <= MAX_COMMAND_CHARS:
        return data
    half = MAX_COMMAND_CHARS // 2
    return data.model_copy(update={"command_line": f"{data.command_line[:half]}\n{data.command_line[-half:]}"})


def _look(seq: int, at_ms: int, stop: DebugStop) -> Look:
    told = [stop.reason]
    if stop.exception is not None:
        told += [stop.exception.type_name, stop.exception.message]
    told += [f"{frame.file_path or ''} {frame.name}() {frame.line or ''}" for frame in stop.frames[:20]]
    told += [f"{variable.name} {variable.value or ''}" for variable in stop.variables[:100]]
    told += [f"{one.expression} {one.value or ''}" for one in stop.evaluations[:50]]
    text = plain_lines("\n".join(told))
    return Look(seq, at_ms, text, any(frame.file_path for frame in stop.frames), terms_of(text))
