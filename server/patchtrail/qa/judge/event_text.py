"""One event as a judge model reads it: what happened, without who or what did it, and without words to a judge."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from patchtrail.contract.debugging import DebugStop
from patchtrail.contract.event_lines import Event
from patchtrail.contract.events import CmdRun, Commit, Gap, RationaleNote, TestRun
from patchtrail.contract.files import FileContent, FileCreate, FileDelete, FileRename
from patchtrail.qa.judge.address import heard, plain_lines, plain_path
from patchtrail.qa.judge.invisible import shown
from patchtrail.qa.judge.roles import role_of
from patchtrail.qa.judge.run_reading import is_execution

__all__ = ["LEFT_OUT", "EventText", "masked", "strings_of", "texts_of"]

MAX_NOTE, MAX_DIFF, MAX_OUTPUT = 2_000, 4_000, 2_000
LEFT_OUT = "(words to a judge are left out here)"
MASKS = (
    (re.compile(r"\"\"\".*?\"\"\"|'''.*?'''", re.DOTALL), '"""…"""'),
    (re.compile(r"\"(?:[^\"\\\n]|\\.)*\""), '"…"'),
    (re.compile(r"'(?:[^'\\\n]|\\.)*'"), "'…'"),
    (re.compile(r"/\*.*?\*/", re.DOTALL), "/*…*/"),
    (re.compile(r"(^|\s)(#|//)[^\n]*"), r"\1\2…"),
)
RANKS = {
    "rationale_note": 5,
    "commit": 5,
    "debug_stop": 4,
    "test_run": 3,
    "cmd_run": 2,
    "file_edit": 3,
    "file_create": 3,
}
"""What is kept first where not all can be: what was said, then what was changed and seen."""


@dataclass(frozen=True)
class EventText:
    """An event's number, its type, its text, and how much it matters."""

    seq: int
    kind: str
    text: str
    rank: int


def texts_of(events: Sequence[Event], artifacts: Mapping[str, bytes], *, mask: bool = False) -> Iterator[EventText]:
    """Yield what a model is shown; with `mask` comments and strings of code and output are not readable."""
    for event in events:
        told = _told(event, artifacts, masked if mask else str)
        if told:
            rank = RANKS.get(event.type, 1) + _is_telling(event)
            yield EventText(event.seq, event.type, shown(told), rank)


def masked(text: str) -> str:
    """Return code or output without what its comments and strings say."""
    for pattern, mask in MASKS:
        text = pattern.sub(mask, text)
    return text


def strings_of(event: Event) -> list[str]:
    """Return every text of an event; a quote must stand in one of them."""
    found = list[str]()

    def walk(value: object) -> None:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)

    walk(event.data.model_dump())
    return found


def _told(event: Event, artifacts: Mapping[str, bytes], read: Callable[[str], str]) -> str:
    match event.data:
        case RationaleNote() as note:
            links = f" about events {', '.join(map(str, note.links[:10]))}" if note.links else ""
            return f"{note.kind}{links}: {_spoken(note.text, MAX_NOTE)}"
        case Commit() as commit:
            return f"commit: {_spoken(commit.message, MAX_NOTE)}"
        case FileContent() as content:
            diff = content.diff_unified
            if not diff and content.diff_artifact is not None:
                diff = artifacts.get(content.diff_artifact.sha256, b"").decode("utf-8", "replace")
            verb = "created" if isinstance(content, FileCreate) else "edited"
            withheld = " (content withheld)" if content.withheld else ""
            return f"{verb} {plain_path(content.file_path)}{withheld}\n{_clipped(read(_lines(diff)), MAX_DIFF)}"
        case FileDelete() as gone:
            return f"deleted {plain_path(gone.file_path)}"
        case FileRename() as renamed:
            return f"renamed {plain_path(renamed.file_path)} to {plain_path(renamed.new_path)}"
        case CmdRun() as command:
            output = _clipped(read(_lines(command.output_tail)), MAX_OUTPUT)
            return f"command: {_lines(command.command_line)[:500]}\nexit code {command.exit_code}\n{output}"
        case TestRun() as tests:
            return _tests(tests, read)
        case DebugStop() as stop:
            frames = ", ".join(f"{frame.name} {frame.file_path or ''}:{frame.line or ''}" for frame in stop.frames[:5])
            looked = ", ".join(one.expression[:80] for one in stop.evaluations[:10])
            return _lines(f"debugger stopped ({stop.reason}) at {frames}; evaluated: {looked}")
        case Gap() as gap:
            return f"not recorded for {(gap.to_ms - gap.from_ms) // 1000} s"
        case _:
            return ""


def _tests(tests: TestRun, read: Callable[[str], str]) -> str:
    broken = [case for case in tests.cases if case.outcome in ("failed", "error")]
    totals = tests.totals
    counts = f"{totals.passed} passed, {totals.failed} failed, {totals.errors} errors" if totals else "counts unknown"
    failed = "\n".join(f"FAILED {case.test_id}: {read(case.message)[:300]}" for case in broken[:20])
    return f"test run: {_lines(tests.command_line)[:500]}\nexit code {tests.exit_code}, {counts}\n{_lines(failed)}"


def _is_telling(event: Event) -> int:
    match event.data:
        case FileContent() as content:
            return int(role_of(content.file_path) == "product")
        case TestRun() as tests:
            return int(tests.exit_code not in (0, None))
        case CmdRun() as command:
            return int(command.exit_code not in (0, None)) + int(is_execution(command.command_line))
        case _:
            return 0


def _spoken(text: str, most: int) -> str:
    told = heard(text)
    if not told.was_addressed:
        return _clipped(text, most)
    return _clipped("\n".join(part for part in (told.text, LEFT_OUT) if part), most)


def _lines(text: str) -> str:
    kept = plain_lines(text)
    return kept if kept.count("\n") == text.count("\n") else f"{kept}\n{LEFT_OUT}"


def _clipped(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return f"{text[: most // 2]}\n(… {len(text) - most} characters …)\n{text[-most // 2 :]}"
