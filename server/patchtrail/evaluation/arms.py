"""The ways to use an answer that are compared: our engine, and what anybody can do with the same answer.

Each arm turns an answer into the texts of files, or into nothing. No arm sees the truth.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from patchtrail.contract.errors import PatchtrailError
from patchtrail.evaluation.answer_diff import diff_in
from patchtrail.text import apply

__all__ = ["ANSWER_ARMS", "Texts", "git_applied", "strictly_applied"]

Texts = dict[str, str]
"""What an arm makes of files, by path."""
Read = Callable[[str], str | None]
TIMEOUT_S = 20
SEARCH_REPLACE = re.compile(r"^<{5,9} ?SEARCH\n(.*?)^={5,9}\n(.*?)^>{5,9} ?REPLACE", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class _Tool:
    """An applier that is a program: its command line reads the diff from standard input."""

    command: tuple[str, ...]

    def __call__(self, answer: str, read: Read, focus: str) -> Texts | None:
        """Apply the answer's diff in a folder that holds the one file; None when the program refuses."""
        diff_unified = diff_in(answer)
        before = read(focus)
        if diff_unified is None or before is None:
            return None
        return _run(self.command, diff_unified, {focus: before})


def _run(command: Sequence[str], diff_unified: str, before: Texts) -> Texts | None:
    with tempfile.TemporaryDirectory(prefix="patchtrail-arm-") as folder:
        for file_path, text in before.items():
            target = Path(folder, file_path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="")
        try:
            done = subprocess.run(
                command, cwd=folder, input=diff_unified.encode(), capture_output=True, timeout=TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired:
            return None
        files = [Path(folder, file_path) for file_path in before]
        if done.returncode or not all(path.is_file() for path in files):
            return None
        return {name: path.read_bytes().decode("utf-8", "replace") for name, path in zip(before, files, strict=True)}


def git_applied(diff_unified: str, before: Texts) -> Texts | None:
    """Return what plain `git apply` makes of the files."""
    return _run(GIT, diff_unified, before)


def strictly_applied(answer: str, read: Read, focus: str) -> Texts | None:
    """Apply a well-formed diff, or search blocks that occur exactly once; nothing is repaired."""
    blocks = SEARCH_REPLACE.findall(answer)
    if blocks:
        return _replaced(blocks, read(focus), focus)
    diff_unified = diff_in(answer)
    if diff_unified is None:
        return None
    try:
        return _patched(PatchSet.from_string(diff_unified), read)
    except (UnidiffParseError, PatchtrailError):
        return None


def _replaced(blocks: list[tuple[str, str]], before: str | None, focus: str) -> Texts | None:
    text = before
    for search, replace in blocks:
        if text is None or not search or text.count(search) != 1:
            return None
        text = text.replace(search, replace)
    return None if text is None else {focus: text}


def _patched(files: PatchSet, read: Read) -> Texts | None:
    texts = Texts()
    for one in files:
        before = read(one.path)
        if before is None:
            return None
        texts[one.path] = apply(str(one), before)
    return texts or None


GIT = ("git", "apply", "-")
ANSWER_ARMS: dict[str, Callable[[str, Read, str], Texts | None]] = {
    "one request, strict": strictly_applied,
    "git apply": _Tool(GIT),
    "git apply --recount": _Tool(("git", "apply", "--recount", "-")),
    "patch -p1 -F3": _Tool(("patch", "-p1", "-F3", "--batch", "--no-backup-if-mismatch", "-s")),
}
