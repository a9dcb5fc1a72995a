"""A sound value of every message about quick fixes, and what makes each of them unsound."""

from __future__ import annotations

from typing import Any

__all__ = ["FIXES", "FIXES_WRONG"]

URI = "file:///home/user/shop/prices.py"
PLACE = {"start_line": 0, "start_character": 7, "end_line": 0, "end_character": 9}
DIAGNOSTIC = {"message": "`os` imported but unused", "source": "Ruff", "code": "F401", "severity": "warning", **PLACE}
EDIT = {"start_line": 0, "start_character": 0, "end_line": 1, "end_character": 0, "text": ""}
FILE = {"uri": URI, "file_path": "prices.py", "before": "import os\n", "after": ""}

FIXES: dict[str, dict[str, dict[str, Any]]] = {
    "DocumentDiagnostics": {
        "one": {"uri": URI, "version": 3, "diagnostics": [DIAGNOSTIC]},
        "fixable": {
            "uri": URI,
            "version": 3,
            "diagnostics": [{**DIAGNOSTIC, "fix_title": "Remove unused import: `os`", "fix_edits": [EDIT]}],
        },
        "none": {"uri": URI, "version": 4, "diagnostics": []},
    },
    "DiagnosticsTaken": {"taken": {"is_taken": True}},
    "FixTarget": {
        "one": {"uri": URI, "version": 3, "diagnostic": DIAGNOSTIC},
        "all": {"uri": URI, "version": 3},
        "unversioned": {"uri": URI, "version": None, "diagnostic": None},
    },
    "FixDone": {
        "applied": {"is_applied": True, "message": "", "fix_id": "00c0ffee00c0ffee"},
        "refused": {"is_applied": False, "message": "The file changed while the patch was made."},
        "explained": {"is_applied": False, "message": "It is unused.", "explanation": "It is unused."},
    },
    "FixPreview": {
        "one": {"fix_id": "00c0ffee00c0ffee", "title": "Fix F401", "is_rechecked": True, "files": [FILE]},
        "new_file": {
            "fix_id": "00c0ffee00c0ffee",
            "title": "Fix a test",
            "is_rechecked": False,
            "files": [{**FILE, "before": None, "after": "x = 1\n"}],
        },
    },
    "FixChoice": {"applied": {"is_applied": True}, "discarded": {"is_applied": False}},
    "FixOutcome": {"undone": {"fix_id": "00c0ffee00c0ffee", "outcome": "undone"}},
    "OutcomeTaken": {"taken": {"is_taken": True}},
    "ModelAsk": {
        "one": {"messages": [{"role": "user", "content": "Fix it."}], "max_output_tokens": 4_000},
        "named": {"messages": [{"role": "system", "content": "Be brief."}], "max_output_tokens": 1, "model": "gpt-4o"},
    },
    "ModelSaid": {"one": {"text": "NO CHANGE: it is right.", "model": "gpt-4o"}},
    "ModelKey": {"one": {"url": "https://models.example/v1", "key": "worth-nothing"}, "none": {"url": "", "key": ""}},
    "ModelKeyTaken": {"taken": {"is_taken": True}},
}
FIXES_WRONG: dict[str, dict[str, Any]] = {
    "DocumentDiagnostics": {"no_version": {"version": "(absent)"}, "no_message": {"diagnostics": [PLACE]}},
    "DiagnosticsTaken": {"a_word": {"is_taken": "yes"}},
    "FixTarget": {"no_document": {"uri": "(absent)"}, "negative": {"version": -1}},
    "FixDone": {"no_message": {"message": "(absent)"}},
    "FixPreview": {"no_files": {"files": "(absent)"}},
    "FixChoice": {"a_word": {"is_applied": "yes"}},
    "FixOutcome": {"another": {"outcome": "forgotten"}, "no_id": {"fix_id": ""}},
    "OutcomeTaken": {"a_word": {"is_taken": "yes"}},
    "ModelAsk": {"another_role": {"messages": [{"role": "tool", "content": ""}]}, "none": {"messages": "(absent)"}},
    "ModelSaid": {"no_text": {"text": "(absent)"}},
    "ModelKey": {"no_address": {"url": "(absent)"}},
    "ModelKeyTaken": {"a_word": {"is_taken": "yes"}},
}
