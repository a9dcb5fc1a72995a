"""The difference between two trees as a patch that `git apply` takes (git's extended unified format, git-diff(1))."""

from __future__ import annotations

from collections.abc import Sequence

from patchtrail.contract.errors import InvalidInput
from patchtrail.text.diff import diff_of_names
from patchtrail.trace.file_tree import FileTree

__all__ = ["files_of_git_diff", "git_diff"]

HEADER = "diff --git "


def git_diff(start: FileTree, end: FileTree, paths: Sequence[str]) -> str:
    """Return the patch of these files, in their order.

    Raises `InvalidInput` naming a file that is no UTF-8 text: a patch of text cannot hold it.
    """
    return "".join(_file(start, end, path) for path in paths)


def files_of_git_diff(patch: str) -> list[str]:
    """Return the files that a patch without renames is about, from its headers: each names its file twice."""
    lines = [line.removeprefix(HEADER) for line in patch.split("\n") if line.startswith(HEADER)]
    return [_unquoted(line[: len(line) // 2])[2:] for line in lines]


def _file(start: FileTree, end: FileTree, path: str) -> str:
    for tree in (start, end):
        if path in tree.files and (tree.text(path) is None or "\0" in (tree.text(path) or "")):
            raise InvalidInput(f"{path} is no UTF-8 text, which a patch cannot hold.", code="not_text")
    old, new = _quoted(f"a/{path}"), _quoted(f"b/{path}")
    lines = [f"{HEADER}{old} {new}", *_modes(start, end, path)]
    body = diff_of_names(
        start.text(path) or "",
        end.text(path) or "",
        _named(old) if path in start.files else "/dev/null",
        _named(new) if path in end.files else "/dev/null",
    )
    return "\n".join(lines) + "\n" + body


def _modes(start: FileTree, end: FileTree, path: str) -> list[str]:
    old, new = _mode(start, path), _mode(end, path)
    if not old:
        return [f"new file mode {new}"]
    if not new:
        return [f"deleted file mode {old}"]
    return [] if old == new else [f"old mode {old}", f"new mode {new}"]


def _mode(tree: FileTree, path: str) -> str:
    if path not in tree.files:
        return ""
    return "100755" if path in tree.executable else "100644"


def _quoted(name: str) -> str:
    """Return a name as git writes it: in quotes, with C's escapes, where it holds a quote or a backslash."""
    if '"' not in name and "\\" not in name:
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _unquoted(name: str) -> str:
    if not name.startswith('"'):
        return name
    return name[1:-1].replace('\\"', '"').replace("\\\\", "\\")


def _named(name: str) -> str:
    """Return a name for the lines that begin with --- and +++: a tab ends one that holds spaces."""
    return f"{name}\t" if " " in name and not name.startswith('"') else name
