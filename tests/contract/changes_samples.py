"""Sound and unsound values of what a client tells of a document's changes."""

from __future__ import annotations

from typing import Any

__all__ = ["SAMPLES", "WRONG"]

TYPED = {
    "started_ms": 1_696_435_200_000,
    "ended_ms": 1_696_435_204_500,
    "events": 31,
    "inserted": 34,
    "deleted": 2,
    "largest_insert": 2,
    "largest_delete": 1,
    "moved_by": "keyboard",
    "told_first": "change",
    "is_at_cursor": True,
    "is_active": True,
    "is_focused": True,
}
FORMATTED = {
    "started_ms": 1_696_435_205_000,
    "ended_ms": 1_696_435_205_000,
    "events": 1,
    "ranges": 12,
    "inserted": 40,
    "deleted": 11,
    "largest_insert": 9,
    "saved_after_ms": 12,
}
REPORT = {"uri": "file:///home/dev/shop/shop.py", "groups": [TYPED, FORMATTED]}

SAMPLES: dict[str, dict[str, dict[str, Any]]] = {
    "ChangesReport": {"typed_and_formatted": REPORT, "cut_short": {**REPORT, "groups": [], "is_whole": False}},
    "ChangesTaken": {"taken": {"is_taken": True}, "not_recording": {"is_taken": False}},
}
WRONG: dict[str, dict[str, Any]] = {
    "ChangesReport": {
        "no_groups": {"groups": None},
        "unknown_hand": {"groups": [{**TYPED, "moved_by": "mind"}]},
        "no_event": {"groups": [{**TYPED, "events": 0}]},
        "negative_length": {"groups": [{**TYPED, "deleted": -1}]},
        "too_many_groups": {"groups": [TYPED] * 257},
    },
    "ChangesTaken": {"as_text": {"is_taken": "yes"}},
}
