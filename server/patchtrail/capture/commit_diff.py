"""The redacted diff of a commit, made from redacted texts so that it applies to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from patchtrail.capture.ignored import OWN_FOLDER
from patchtrail.redaction import Redactor
from patchtrail.text import diff_of_names

if TYPE_CHECKING:
    from git import Blob, Commit
    from git.diff import Diff

__all__ = ["commit_diff"]

MAX_FILES = 300
MAX_BLOB_BYTES = 1024 * 1024
SUBMODULE_MODE = 0o160000


def commit_diff(commit: Commit, redactor: Redactor) -> str:
    """Return a commit's diff against its first parent, in git's format.

    Denied, binary and very large files are named, but their content is withheld.
    """
    from git import NULL_TREE

    changes = commit.parents[0].diff(commit) if commit.parents else commit.diff(NULL_TREE)
    pieces = [piece for change in changes[:MAX_FILES] for piece in _told(change, redactor, is_root=not commit.parents)]
    if len(changes) > MAX_FILES:
        pieces.append(f"# {len(changes) - MAX_FILES} more files, content withheld: too many\n")
    return "".join(pieces)


def _told(change: Diff, redactor: Redactor, *, is_root: bool) -> Iterator[str]:
    # Against the empty tree GitPython names the sides the other way round: what is added stands on side a.
    old, new = (None, change.a_blob) if is_root and change.b_blob is None else (change.a_blob, change.b_blob)
    raw_path = change.b_path or change.a_path or ""
    old_path, path = redactor.text(change.a_path or raw_path), redactor.text(raw_path)
    yield f"diff --git a/{old_path} b/{path}\n"
    if old is None and new is not None:
        yield f"new file mode {new.mode:o}\n"
    elif new is None and old is not None:
        yield f"deleted file mode {old.mode:o}\n"
    elif old_path != path:
        yield f"rename from {old_path}\nrename to {path}\n"
    reason = _withheld(raw_path, redactor, old, new)
    if reason:
        yield f"# content withheld: {reason}\n"
        return
    old_name, new_name = "/dev/null" if old is None else f"a/{old_path}", "/dev/null" if new is None else f"b/{path}"
    yield diff_of_names(redactor.text(_text(old)), redactor.text(_text(new)), old_name, new_name)


def _withheld(path: str, redactor: Redactor, old: Blob | None, new: Blob | None) -> str | None:
    if redactor.denies(path):
        return "denied path"
    if OWN_FOLDER in path.split("/"):
        return "left out"
    for blob in filter(None, (old, new)):
        if blob.mode == SUBMODULE_MODE:
            return "a submodule"
        if blob.size > MAX_BLOB_BYTES:
            return "too large"
        if b"\0" in blob.data_stream.read(8000):
            return "binary"
    return None


def _text(blob: Blob | None) -> str:
    return "" if blob is None else blob.data_stream.read().decode("utf-8", "replace")
