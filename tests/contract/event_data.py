"""Sound `data` of the events that came after the first vectors: by the vector's name, the type and its data."""

from __future__ import annotations

from typing import Any

SHA = "5" * 64
CELL = {"cell_id": "a1b2", "index": 2, "kind": "code", "language": "python"}
BREAKPOINT = {"kind": "source", "file_path": "shop/cart.py", "line": 7, "condition": "total < 0"}
SHARE = {"source": "typing", "chars": 12, "probability_milli": 950, "reasons": ["keyboard", "cadence"]}
CONTENT = {
    "file_path": "shop/cart.py",
    "diff_unified": "--- a/shop/cart.py\n+++ b/shop/cart.py\n@@ -0,0 +1 @@\n+x = 1\n",
    "diff_artifact": None,
    "base_artifact": None,
    "buffer_hash_after": SHA,
    "is_replayable": True,
    "withheld": None,
    "size_bytes": 6,
    "evidence": "manual",
}
STEPS = {"next": 3, "step_in": 1, "step_out": 0, "step_back": 0, "continues": 1, "pauses": 0}

LATER_EVENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "file_create": ("file_create", {**CONTENT, "seen_by": "disk", "evidence": "external"}),
    "file_delete": ("file_delete", {"file_path": "old", "evidence": "unknown", "is_folder": True}),
    "file_rename": ("file_rename", {"file_path": "a.py", "new_path": "b/a.py", "evidence": "manual", "root": "api"}),
    "file_edit_evidence": (
        "file_edit",
        {
            **CONTENT,
            "cell": CELL,
            "root": "api",
            "encoding": "utf-16-le",
            "undos": 1,
            "redos": 0,
            "save_reason": "manual",
            "authorship": [SHARE, {**SHARE, "source": "ai", "agent": "copilot", "reasons": ["hook"]}],
        },
    ),
    "file_edit_withheld": (
        "file_edit",
        {**CONTENT, "diff_unified": "", "buffer_hash_after": None, "is_replayable": False, "withheld": "too_large"}
        | {"keyed_hash": SHA, "size_bytes": 60_000_000},
    ),
    "session_end_with_base": (
        "session_end",
        {
            "reason": "participant",
            "base_snapshot": {
                "sha256": SHA,
                "size_bytes": 9_000,
                "media_type": "application/vnd.patchtrail.base.v1+tar+gzip",
            },
        },
    ),
    "cell_run": (
        "cell_run",
        {
            "file_path": "analysis.ipynb",
            "cell": CELL,
            "execution_order": 4,
            "is_success": False,
            "duration_ms": 31,
            "outputs_hash": SHA,
            "output_types": ["text/plain"],
            "error_name": "KeyError",
        },
    ),
    "agent_act": (
        "agent_act",
        {
            "agent": "copilot",
            "told_by": "hook",
            "act": "edit",
            "tool": "apply_patch",
            "outcome": "applied",
            "file_path": "shop/cart.py",
            "at_ms": 1_696_435_200_000,
        },
    ),
    "breakpoints": ("breakpoints", {"added": [BREAKPOINT], "removed": [], "changed": []}),
    "debug_session": (
        "debug_session",
        {
            "debug_id": "d1",
            "phase": "ended",
            "debug_type": "debugpy",
            "request": "launch",
            "name": "Python: current file",
            "breakpoints": [BREAKPOINT, {"kind": "exception", "file_path": None, "line": None, "name": "raised"}],
            "stops": 2,
            "steps": STEPS,
            "exit_code": 1,
            "duration_ms": 42_000,
        },
    ),
    "debug_stop": (
        "debug_stop",
        {
            "debug_id": "d1",
            "debug_type": "debugpy",
            "reason": "exception",
            "exception": {"type_name": "KeyError", "message": "'price'", "break_mode": "unhandled"},
            "frames": [
                {"name": "total", "file_path": "shop/cart.py", "line": 7},
                {"name": "run", "file_path": None, "line": 90},
            ],
            "frames_omitted": 4,
            "variables": [{"scope": "Locals", "name": "item", "type_name": "dict"}],
            "evaluations": [{"expression": "item.keys()", "context": "repl", "is_error": False, "type_name": "list"}],
            "steps_before": STEPS,
            "duration_ms": 12_500,
        },
    ),
    "note_by_agent": (
        "rationale_note",
        {
            "kind": "hypothesis",
            "text": "The key is missing.",
            "confidence": "low",
            "links": [3],
            "author": "agent",
            "agent": "copilot",
            "source": "tool",
            "hint": "third_red_run",
            "location": {"file_path": "shop/cart.py", "start_line": 3, "end_line": 7},
            "draft_text": "A key is missing.",
        },
    ),
    "off_record": ("pause", {"reason": "off_record", "gate_reasons": []}),
    "forgotten": ("gap", {"from_ms": 5, "to_ms": 90_000, "reason": "forgotten", "detail": "12 events"}),
    "session_end_coverage": (
        "session_end",
        {
            "reason": "participant",
            "coverage": {
                "duration_ms": 100_000,
                "observed_ms": 90_000,
                "observed_milli": 900,
                "gaps": [{"channel": "all", "from_ms": 0, "to_ms": 10_000, "reason": "restart"}],
            },
        },
    ),
}
