"""Sound and unsound values of webhooks, and of what a coordinator asks about assessments."""

from __future__ import annotations

from typing import Any

TRACE = "trace-" + "0123456789abcdef" * 2
NEWS = {"trace_id": TRACE, "qa_state": "queued"}
DONE = {**NEWS, "qa_state": "done", "verdict": "verified_fix", "tests_passed": True, "overall": 3.25}
ALIGNMENT = {"is_aligned": False, "badge": "not aligned with people: 12 labels are fewer than 200", "labelled": 12}
MESSAGE = {"type": "qa.done", "timestamp": "2025-10-05T12:00:00.000+00:00", "data": DONE}
DELIVERY = {
    "message_id": "msg_0123456789abcdef",
    "url": "https://lab.example/hook",
    "type": "qa.done",
    "state": "waiting",
    "tries": 1,
    "created_ms": 1_759_658_400_000,
    "due_ms": 1_759_658_405_000,
    "ended_ms": None,
    "problem": "It answered 503.",
}

WEBHOOK_SAMPLES: dict[str, dict[str, dict[str, Any]]] = {
    "QaRerun": {"judge_only": {"judge_only": True}, "whole": {}},
    "WebhookMessage": {
        "done": MESSAGE,
        "completed": {**MESSAGE, "type": "trace.completed", "data": NEWS},
        "not_aligned": {**MESSAGE, "data": {**DONE, "judge": "heuristic", "alignment": ALIGNMENT}},
    },
    "WebhookDeliveries": {
        "waiting": {"deliveries": [DELIVERY]},
        "none": {"deliveries": []},
    },
}

WEBHOOK_WRONG: dict[str, dict[str, Any]] = {
    "QaRerun": {"judge_only_as_text": {"judge_only": "yes"}},
    "WebhookMessage": {"unknown_type": {"type": "qa.dreamt"}, "no_data": {"data": "(absent)"}},
    "WebhookDeliveries": {"unknown_state": {"deliveries": [{**DELIVERY, "state": "lost"}]}},
}
