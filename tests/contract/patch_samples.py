"""Sound attempts and outcomes of patches, as records and as events, and what makes each of them unsound."""

from __future__ import annotations

from typing import Any

SHA = "5" * 64
TRACE = "trace-" + "0123456789abcdef" * 2
FINDING = {
    "tool": "ruff",
    "rule_id": "F401",
    "message": "`os` imported but unused",
    "file_path": "shop/cart.py",
    "line": 3,
    "character": 7,
    "end_line": 3,
    "end_character": 9,
    "severity": "warning",
    "test_id": None,
}
DIFF = "--- a/shop/cart.py\n+++ b/shop/cart.py\n@@ -3 +2,0 @@\n-import os\n"
RECORD = {
    "attempt_id": "attempt-0123456789abcdef",
    "trace_id": TRACE,
    "timestamp": "2025-10-05T20:00:58.678Z",
    "finding": FINDING,
    "findings": [FINDING],
    "prompt": "Fix F401 in shop/cart.py.",
    "llm_response": f"```diff\n{DIFF}```",
    "patch_generated": DIFF,
    "validation_result": True,
    "validation_errors": [],
    "retry_attempt": 1,
    "strategy": "single",
    "tokens_used": 812,
    "latency_ms": 1_934,
    "cost_usd": 0.001234,
    "file_type": "py",
    "finding_complexity": "simple",
    "rule_category": "unused-import",
    "rule_id": "F401",
    "file": "shop/cart.py",
    "line": 3,
    "status": "offered",
    "failure_mode": None,
    "human_labeled": False,
    "model": "small-coder",
    "template_version": "1",
    "context_parts": [{"name": "file", "tokens": 600}],
    "retry_told": None,
    "hunks": [
        {
            "file_path": "shop/cart.py",
            "line": 3,
            "old_lines": 1,
            "new_lines": 0,
            "located_by": "exact",
            "certainty_milli": 1000,
        }
    ],
    "is_rechecked": True,
    "group_id": "group-1",
}
FAILED = {
    "patch_generated": None,
    "validation_result": False,
    "validation_errors": ["The answer holds no change."],
    "status": "failed",
    "failure_mode": "no_change_in_answer",
    "trace_id": None,
    "cost_usd": 0,
    "hunks": [],
}
PATCH_SAMPLES: dict[str, dict[str, dict[str, Any]]] = {
    "AttemptRecord": {
        "offered": RECORD,
        "failed": {**RECORD, **FAILED},
        "with_patterns": {**RECORD, "pattern_ids": ["unused_import"]},
    },
}
PATCH_WRONG: dict[str, dict[str, Any]] = {
    "AttemptRecord": {
        "patterns_as_text": {"pattern_ids": "unused_import"},
        "retry_from_zero": {"retry_attempt": 0},
        "negative_cost": {"cost_usd": -0.1},
        "unknown_failure": {"failure_mode": "bad_mood"},
        "unknown_strategy": {"strategy": "auto"},
        "no_finding": {"finding": "(absent)"},
    },
}

ATTEMPT = {
    "attempt_id": "attempt-0123456789abcdef",
    "group_id": "group-1",
    "findings": [
        {
            "tool": "ruff",
            "rule_id": "F401",
            "file_path": "shop/cart.py",
            "line": 3,
            "message": "`os` imported but unused",
        }
    ],
    "strategy": "batch",
    "retry_attempt": 2,
    "status": "offered",
    "failure_mode": None,
    "model": "small-coder",
    "template_version": "1",
    "tokens_used": 812,
    "latency_ms": 1_934,
    "cost_microusd": 1_234,
    "is_rechecked": True,
    "hunks": 1,
    "least_certainty_milli": 930,
    "rule_category": "unused-import",
    "finding_complexity": "simple",
    "diff_unified": DIFF,
    "diff_artifact": None,
    "prompt_artifact": None,
    "response_artifact": None,
    "prompt_size_bytes": 2_400,
    "response_size_bytes": 90,
    "prompt_hash": SHA,
    "response_hash": SHA,
}
FAILED_ATTEMPT = {
    "status": "failed",
    "failure_mode": "not_located",
    "diff_unified": "",
    "hunks": 0,
    "least_certainty_milli": None,
    "is_rechecked": False,
}
TEXTS = {
    "prompt_artifact": {"sha256": SHA, "size_bytes": 2_400, "media_type": "text/plain; charset=utf-8"},
    "response_artifact": {"sha256": "6" * 64, "size_bytes": 90, "media_type": "text/plain; charset=utf-8"},
}
OUTCOME = {
    "attempt_id": "attempt-0123456789abcdef",
    "outcome": "accepted",
    "file_paths": ["shop/cart.py"],
    "after_ms": 4_200,
    "evidence": "client",
}
STANDING = {"outcome": "changed", "evidence": "saves", "lines_changed": 5, "lines_standing": 3, "root": "api"}

PATCH_EVENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "patch_attempt": ("patch_attempt", ATTEMPT),
    "patch_attempt_failed": ("patch_attempt", {**ATTEMPT, **FAILED_ATTEMPT}),
    "patch_attempt_with_texts": ("patch_attempt", {**ATTEMPT, **TEXTS}),
    "patch_outcome": ("patch_outcome", OUTCOME),
    "patch_outcome_survival": ("patch_outcome", {**OUTCOME, **STANDING}),
}
WRONG_PATCH_EVENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "patch_attempt_cost_as_decimal_text": ("patch_attempt", {**ATTEMPT, "cost_microusd": "0.001234"}),
    "patch_attempt_from_zero": ("patch_attempt", {**ATTEMPT, "retry_attempt": 0}),
    "patch_attempt_id_with_spaces": ("patch_attempt", {**ATTEMPT, "attempt_id": "one attempt"}),
    "patch_attempt_of_too_many": ("patch_attempt", {**ATTEMPT, "findings": ATTEMPT["findings"] * 51}),
    "patch_outcome_unknown": ("patch_outcome", {**OUTCOME, "outcome": "liked"}),
    "patch_outcome_before_its_offer": ("patch_outcome", {**OUTCOME, "after_ms": -1}),
}
