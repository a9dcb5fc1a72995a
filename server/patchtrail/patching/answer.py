"""From whatever a model returned to a patch that applies cleanly, or to a refusal that says why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from patchtrail.patching.changed_file import ChangedFile, change_file
from patchtrail.patching.locate.lines import FileText
from patchtrail.patching.patch import FilePatch, Patch, Refusal
from patchtrail.patching.paths import Paths
from patchtrail.patching.response.fences import cleaned
from patchtrail.patching.response.proposal import FileChange, Reading
from patchtrail.patching.response.readings import is_cut, reading_of, single_blocks
from patchtrail.patching.verbatim import verbatim_changes

__all__ = ["MOST_ANSWER", "MOST_FILE", "Focus", "patch_from_answer"]

MOST_ANSWER = 1_000_000
MOST_FILE = 5_000_000
CUT = Refusal("cut_off", "The answer stops before its end, so that part of the change is missing.")


@dataclass(frozen=True)
class Focus:
    """The finding's own file and lines, from 1: a hint where an answer does not say what it means."""

    file_path: str
    line: int
    end_line: int


class _TooLargeError(Exception):
    """A file above the cap was asked for."""


def patch_from_answer(
    answer: str,
    read: Callable[[str], str | None],
    *,
    known_paths: Sequence[str] = (),
    focus: Focus | None = None,
    is_cut_off: bool = False,
) -> Patch | Refusal:
    """Return the patch that the answer means, applied whole, or why there is none.

    `read` gives a text by its POSIX path relative to the root; `known_paths` are the root's files, for the repair of
    paths; `is_cut_off` says that the model was stopped.
    """
    if len(answer) > MOST_ANSWER:
        return Refusal("too_large", f"The answer has {len(answer):,} characters; {MOST_ANSWER:,} are read at most.")
    if not answer.strip():
        return Refusal("empty_answer", "The answer is empty.")
    paths = Paths(_capped(read), known_paths, focus.file_path if focus else None)
    try:
        exact = None if is_cut_off else verbatim_changes(answer, paths)
        if exact is not None:
            return exact if isinstance(exact, Refusal) else _whole_patch(exact)
        return _patch(cleaned(answer), paths, focus, is_cut_off=is_cut_off)
    except _TooLargeError as error:
        return Refusal("too_large", f"{error} has more than {MOST_FILE:,} characters.")


def _capped(read: Callable[[str], str | None]) -> Callable[[str], str | None]:
    texts = dict[str, str | None]()

    def cached(path: str) -> str | None:
        if path not in texts:
            texts[path] = read(path)
        text = texts[path]
        if text is not None and len(text) > MOST_FILE:
            raise _TooLargeError(path)
        return text

    return cached


def _patch(text: str, paths: Paths, focus: Focus | None, *, is_cut_off: bool) -> Patch | Refusal:
    reading = reading_of(text, lambda path, lines: _stands(paths, path, lines))
    if reading is None:
        return Refusal("no_change_in_answer", "The answer holds no change: no diff, no edit block and no whole file.")
    if is_cut(reading, text, is_cut_off=is_cut_off) or _ends_amid_line(text, reading, paths):
        return CUT
    outcome = _patch_of(reading, paths, focus)
    if (
        isinstance(outcome, Refusal)
        and reading.form == "unified"
        and reading.blocks > 1
        and outcome.mode == "ambiguous"
    ):
        for one in single_blocks(text)[:1]:
            alone = _patch_of(one, paths, focus)
            if isinstance(alone, Patch):
                return alone
    return outcome


def _stands(paths: Paths, path: str | None, lines: Sequence[str]) -> bool:
    found = paths.candidates(path, is_only=True)
    block = "\n".join(line.rstrip() for line in lines)
    for one in found if isinstance(found, list) else []:
        text = paths.read(one)
        if text is not None and block in "\n".join(line.rstrip() for line in text.split("\n")):
            return True
    return False


def _ends_amid_line(text: str, reading: Reading, paths: Paths) -> bool:
    """Return whether the last line of an unclosed answer is the beginning of a line of the file."""
    hunks = reading.files[-1].hunks
    if reading.is_closed or reading.form != "unified" or text.endswith("\n") or not hunks or not hunks[-1].lines:
        return False
    last = hunks[-1].lines[-1]
    found = paths.candidates(reading.files[-1].path, is_only=len(reading.files) == 1)
    before = paths.read(found[0]) if isinstance(found, list) and found else None
    start = last.text.strip()
    if last.sign == "+" or before is None or len(start) < 4:
        return False
    file = FileText(before)
    return start not in file.at_key and any(key.startswith(start) for key in file.keys)


def _patch_of(reading: Reading, paths: Paths, focus: Focus | None) -> Patch | Refusal:
    changed = dict[str, ChangedFile]()
    is_only = len(reading.files) == 1
    for change in _named(reading):
        done = change_file(change, paths, focus.line if focus else None, is_only=is_only, form=reading.form)
        if isinstance(done, Refusal):
            if reading.form == "whole" and done.mode == "no_change_in_answer" and reading.blocks > 1:
                continue
            return done
        if done.file_path in changed:
            return Refusal("ambiguous", f"The answer changes {done.file_path} in two ways.")
        changed[done.file_path] = done
    if reading.form == "whole" and not changed:
        return Refusal("no_change_in_answer", "The answer shows code, but names no file or definition to replace.")
    return _whole_patch(list(changed.values()))


def _named(reading: Reading) -> list[FileChange]:
    """Return the changes; of several fences without a path, those without one belong to the file that is named."""
    named = list(dict.fromkeys(one.path for one in reading.files if one.path is not None))
    if reading.form in ("whole", "json", "search_replace") and len(named) == 1:
        return [one if one.path is not None else replace(one, path=named[0]) for one in reading.files]
    return list(reading.files)


def _whole_patch(changed: list[ChangedFile]) -> Patch | Refusal:
    real = sorted((one for one in changed if one.before != one.after), key=lambda one: one.file_path)
    if not real:
        return Refusal("no_op", "The answer's changes leave every file as it is.")
    files = tuple(FilePatch(one.file_path, one.before, one.after) for one in real)
    return Patch(files, tuple(hunk for one in real for hunk in one.hunks))
