"""Sound values of what clients report of debuggers and notes, and what makes each of them unsound."""

from __future__ import annotations

from typing import Any

ABSENT = "(absent)"
STEPS = {"next": 2, "step_in": 1, "step_out": 0, "step_back": 0, "continues": 1, "pauses": 0}
BREAKPOINT = {"kind": "source", "path": "/home/dev/shop/cart.py", "line": 7, "condition": "item is None"}
SESSION = {
    "kind": "session",
    "debug_id": "d1",
    "phase": "started",
    "debug_type": "debugpy",
    "request": "launch",
    "name": "Python: current file",
    "breakpoints": [BREAKPOINT, {"kind": "exception", "name": "uncaught"}],
}
STOP = {
    "kind": "stop",
    "debug_id": "d1",
    "debug_type": "debugpy",
    "reason": "exception",
    "exception": {"type_name": "KeyError", "message": "'price'", "break_mode": "unhandled"},
    "frames": [
        {"name": "total", "path": "/home/dev/shop/cart.py", "line": 7},
        {"name": "run", "path": None, "line": 9},
    ],
    "frames_omitted": 3,
    "variables": [{"scope": "Locals", "name": "item", "type_name": "dict", "value": None}],
    "evaluations": [{"expression": "item", "context": "repl", "is_error": False, "type_name": "dict", "value": None}],
    "steps_before": STEPS,
    "duration_ms": 12_500,
}
EPISODE = {
    "test_id": "test_shop.py::test_total",
    "former_ids": ["test_shop.py::test_sum"],
    "message": "assert 2 == 3",
    "command_line": "pytest",
    "red": [3, 7],
    "red_runs": 2,
    "red_ms": 5_000,
    "green": 12,
    "green_ms": 61_000,
    "stops": [5],
    "notes": [6],
    "edits": [8, 10],
    "fixing_edits": [10],
    "first_fixing_edit": 10,
    "is_flaky": False,
}
ORIGIN = {
    "source": "selection",
    "hint": "third_red_run",
    "place": {"path": "/home/dev/shop/cart.py", "start_line": 3, "end_line": 7},
    "draft_text": "A key is missing.",
    "author": "agent",
    "agent": "copilot",
}
SUGGESTION = {"hint": "third_red_run", "seq": 9, "text": "Red for the third time: test_total."}

DEBUGGING_SAMPLES: dict[str, dict[str, dict[str, Any]]] = {
    "DebugReport": {
        "stop": {"fact": STOP},
        "session": {"fact": SESSION},
        "session_ended": {"fact": {**SESSION, "phase": "ended", "stops": 2, "exit_code": 1, "duration_ms": 42_000}},
        "breakpoints": {"fact": {"kind": "breakpoints", "added": [BREAKPOINT], "removed": [], "changed": []}},
        "standing": {"fact": {"kind": "standing", "duration_ms": 60_000}},
        "standing_stop": {"fact": {"kind": "standing", "duration_ms": 60_000, "stop": STOP}},
        "lost": {"fact": {"kind": "lost", "detail": "A message could not be read."}},
    },
    "NoteSuggestion": {"third_red_run": SUGGESTION},
}
DEBUGGING_WRONG: dict[str, dict[str, Any]] = {
    "DebugReport": {
        "unknown_kind": {"fact": {"kind": "dream"}},
        "no_frames": {"fact": {name: value for name, value in STOP.items() if name != "frames"}},
        "negative_line": {"fact": {**STOP, "frames": [{"name": "f", "path": None, "line": -1}]}},
        "no_fact": {"fact": ABSENT},
    },
    "NoteSuggestion": {"unknown_hint": {"hint": "bored"}, "no_text": {"text": ABSENT}},
}
MORE_SAMPLES: dict[str, dict[str, dict[str, Any]]] = {
    "NoteAdd": {"by_agent": {"kind": "hypothesis", "text": "A key is missing.", **ORIGIN}},
    "TraceDocument": {"with_episodes": {"episodes": [EPISODE]}},
    "SessionEntries": {"with_episodes": {"episodes": [EPISODE]}},
    "SessionState": {"with_suggestion": {"note_suggestion": SUGGESTION}},
}
"""Further samples of types that are older; a document, a state and entries complete the type's first sample."""
