"""One file of an answer: its path repaired, its change located, the result behind the gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from patchtrail.patching.gate import gate
from patchtrail.patching.locate.file_patch import Rewritten, rewrite
from patchtrail.patching.locate.lines import FileText
from patchtrail.patching.locate.normal import plain_hunk
from patchtrail.patching.locate.placed import Placed, Unplaced
from patchtrail.patching.locate.repair import repairs
from patchtrail.patching.patch import LocatedHunk, Refusal
from patchtrail.patching.paths import Paths
from patchtrail.patching.response.proposal import FileChange, Hunk
from patchtrail.patching.syntax import fault_of
from patchtrail.patching.whole_text import is_quote, whole_text

__all__ = ["ChangedFile", "change_file"]

MOST_REPAIRS = 60


@dataclass(frozen=True)
class ChangedFile:
    """A file before and after, and where its hunks were found; equal texts mean that nothing changes."""

    file_path: str
    before: str | None
    after: str
    hunks: tuple[LocatedHunk, ...]


def change_file(
    change: FileChange, paths: Paths, focus_line: int | None, *, is_only: bool, form: str
) -> ChangedFile | Refusal:
    """Return what becomes of the file that a change means."""
    if change.problem:
        return Refusal("unreadable_answer", f"The answer {change.problem} ({change.path}), which is not supported.")
    adds = change.path is not None and change.whole is None and not any(hunk.old or hunk.range for hunk in change.hunks)
    candidates = paths.candidates(change.path, is_only=is_only and not adds, is_told=form == "whole")
    if isinstance(candidates, Refusal):
        return candidates
    if not candidates and change.other_path is not None and not adds:
        other = paths.candidates(change.other_path, is_only=False)
        candidates = other if isinstance(other, list) else []
    if not candidates:
        return _new_file(change, paths)
    tries = [
        _existing(change, one, paths.read(one) or "", focus_line if one == paths.own else None, form=form)
        for one in candidates
    ]
    good = [one for one in tries if isinstance(one, ChangedFile)]
    if len(good) > 1:
        names = ", ".join(one.file_path for one in good[:3])
        return Refusal("ambiguous", f"The path {change.path} may mean any of several files: {names}.")
    return good[0] if good else tries[0]


def _new_file(change: FileChange, paths: Paths) -> ChangedFile | Refusal:
    lines = [line for hunk in change.hunks for line in hunk.lines]
    is_text = bool(lines) and all(line.sign == "+" or not line.text.strip() for line in lines)
    if change.path is None:
        return Refusal(
            "unreadable_answer" if lines else "no_change_in_answer", "The answer does not say which file it changes."
        )
    path = paths.new_file(change.path)
    if isinstance(path, Refusal):
        return path
    if not is_text or any(hunk.range is not None for hunk in change.hunks):
        return Refusal("not_located", f"There is no file {change.path} here, and no other one is clearly meant.")
    unended = lines[-1].is_unended
    after = "\n".join(line.text for line in lines) + ("" if unended else "\n")
    refused = gate(path, None, after, is_exact=True).refusal
    located = LocatedHunk(path, 1, 0, len(lines), "new_file", 1000)
    return refused or ChangedFile(path, None, after, (located,))


def _existing(
    change: FileChange, path: str, before: str, focus_line: int | None, *, form: str
) -> ChangedFile | Refusal:
    if change.whole is not None:
        return _whole(change, path, before, is_certain=form == "json")
    if change.is_new and before.strip() and not any(hunk.old for hunk in change.hunks):
        return _already_there(change, path, before)
    done = rewrite(before, change.hunks, focus_line)
    refused: Refusal | None = None
    if isinstance(done, Unplaced):
        refused = Refusal("ambiguous" if done.is_ambiguous else "not_located", f"{path}: {done.message}")
    elif done.after != before:
        verdict = gate(path, before, done.after, is_exact=done.is_exact)
        if verdict.is_whole:
            return _changed(path, before, done)
        refused = verdict.refusal
    repaired = _repaired(path, before, change.hunks, focus_line)
    if repaired is not None:
        return repaired
    if refused is not None:
        return refused
    return _changed(path, before, done) if isinstance(done, Rewritten) else Refusal("not_located", path)


def _already_there(change: FileChange, path: str, before: str) -> ChangedFile | Refusal:
    lines = [line.text for hunk in change.hunks for line in hunk.lines]
    if [line.rstrip() for line in FileText(before).lines] == [line.rstrip() for line in lines]:
        return ChangedFile(path, before, before, ())
    return Refusal("not_located", f"The answer adds {path} as a new file, but it is there already.")


def _changed(path: str, before: str, done: Rewritten) -> ChangedFile:
    return ChangedFile(path, before, done.after, tuple(_located(path, one) for one in done.placed))


def _located(path: str, one: Placed) -> LocatedHunk:
    start, _end = one.span
    hunk = one.hunk
    return LocatedHunk(path, start + 1, len(hunk.old), len(hunk.new), one.located_by, one.certainty_milli)


def _whole(change: FileChange, path: str, before: str, *, is_certain: bool) -> ChangedFile | Refusal:
    code = change.whole or ""
    if not is_certain and is_quote(before, code):
        return Refusal("no_change_in_answer", f"The answer quotes code of {path}, but changes nothing.")
    made = whole_text(path, before, code, is_certain=is_certain)
    if isinstance(made, Refusal):
        return made
    refused = gate(path, before, made.after, is_exact=True).refusal
    if refused is not None:
        return refused
    count = len(code.split("\n"))
    whole = (LocatedHunk(path, 1, len(FileText(before)), count, made.located_by, 900),)
    parts = tuple(
        LocatedHunk(path, one.start + 1, one.end - one.start, len(one.lines), made.located_by, 900)
        for one in made.edits
    )
    return ChangedFile(path, before, made.after, parts or whole)


def _repaired(path: str, before: str, hunks: Sequence[Hunk], focus_line: int | None) -> ChangedFile | None:
    """Try the fix written as context, hunk by hunk; only a file that parses in the end is a result."""
    fault = fault_of(path, before)
    if fault is None:
        return None
    text, located, budget = before, list[LocatedHunk](), MOST_REPAIRS
    for hunk in hunks:
        step = rewrite(text, [hunk], focus_line)
        best = step.after if isinstance(step, Rewritten) else None
        if best is not None and best != text and fault_of(path, best) is None and isinstance(step, Rewritten):
            located += [_located(path, one) for one in step.placed]
            text = best
            continue
        centers = [line - 1 for line in (fault.line, focus_line, hunk.start) if line]
        found = None
        for one in repairs(FileText(text), hunk, centers):
            budget -= 1
            if budget < 0:
                return None
            if fault_of(path, one.after) is None:
                found = one
                break
        if found is not None:
            text = found.after
            located.append(LocatedHunk(path, found.line, found.old_lines, found.new_lines, "fix_as_context", 600))
        elif isinstance(step, Rewritten):
            located += [_located(path, one) for one in step.placed]
            text = step.after
        elif plain_hunk(hunk).is_changing:
            return None
    is_fixed = text != before and fault_of(path, text) is None
    return ChangedFile(path, before, text, tuple(located)) if is_fixed else None
