"""Write a draft down, in each form that models use."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.damage.draft import Draft, DraftHunk
from tests.damage.truth import Form

__all__ = ["WRITERS", "unified_pieces"]


def unified_pieces(draft: Draft) -> list[str]:
    """Return the file's header, then each hunk, as texts."""
    old, new = draft.old_name, draft.new_name
    names = [old.removeprefix("\0") if old.startswith("\0") else f"--- {old}"]
    names.append(new.removeprefix("\0") if new.startswith("\0") else f"+++ {new}")
    return ["".join(f"{name}\n" for name in names if name), *map(_hunk, draft.hunks)]


def _hunk(hunk: DraftHunk) -> str:
    old, new = hunk.counts or (hunk.old_count(), hunk.new_count())
    header = f"@@ -{hunk.start},{old} +{hunk.new_start},{new} @@" if hunk.header is None else hunk.header
    return "".join(f"{line}\n" for line in [*([header] if header else []), *_body(hunk)])


def _body(hunk: DraftHunk) -> list[str]:
    return [text if i in hunk.bare else sign + text for i, (sign, text) in enumerate(hunk.lines)]


def _unified(draft: Draft) -> str:
    return "".join(unified_pieces(draft))


def _search_replace(draft: Draft) -> str:
    blocks = list[str]()
    for hunk in draft.hunks:
        old = "".join(f"{text}\n" for sign, text in hunk.lines if sign != "+")
        new = "".join(f"{text}\n" for sign, text in hunk.lines if sign != "-")
        blocks.append(f"{draft.path}\n<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n")
    return "\n".join(blocks)


def _apply_patch(draft: Draft) -> str:
    hunks = "".join("@@\n" + "".join(f"{line}\n" for line in _body(hunk)) for hunk in draft.hunks)
    return f"*** Begin Patch\n*** Update File: {draft.path}\n{hunks}*** End Patch\n"


def _whole_file(draft: Draft) -> str:
    text = draft.truth.after.replace("\r\n", "\n")
    return text if text.endswith("\n") else text + "\n"


def _json(draft: Draft) -> str:
    edits = [
        {
            "path": draft.path,
            "search": "\n".join(text for sign, text in hunk.lines if sign != "+"),
            "replace": "\n".join(text for sign, text in hunk.lines if sign != "-"),
        }
        for hunk in draft.hunks
    ]
    return json.dumps({"edits": edits}, indent=2, ensure_ascii=False) + "\n"


WRITERS: dict[Form, Callable[[Draft], str]] = {
    "unified": _unified,
    "search_replace": _search_replace,
    "apply_patch": _apply_patch,
    "whole_file": _whole_file,
    "json": _json,
}
