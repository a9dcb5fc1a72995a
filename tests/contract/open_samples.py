"""Sound and unsound values of the two open protocols: every published example is one."""

from __future__ import annotations

from typing import Any

TRACE = "trace-" + "0123456789abcdef" * 2
UUID = "01234567-89ab-cdef-0123-456789abcdef"
PUBLISHED_EDIT = {
    "id": "evt-001",
    "seq": 0,
    "ts_client_s": 1696435200.0,
    "ts_server_s": 1696435200.0,
    "type": "file_edit",
    "file_path": "src/main.py",
    "diff_unified": "...",
    "buffer_hash_after": "sha256...",
}
HEAD = {"id": "evt-002", "seq": 1, "ts_client_s": 1696435201.5}
NOTE = {
    **HEAD,
    "type": "rationale_note",
    "plan": "Run the tests first.",
    "hypothesis": "Off by one.",
    "observation": "One test fails.",
    "decision": "Repair the sum.",
    "next_step": "Commit.",
}
CHUNK = {"chunk_id": "chunk-001", "chunk_seq": 0, "events": [PUBLISHED_EDIT]}
ACTS = [
    {**HEAD, "type": "cmd_run", "command": "pytest -q", "exit_code": 1, "output_ref": "blob:1", "duration_s": 0.25},
    {**HEAD, "type": "test_run", "framework": "pytest", "results": [{"name": "test_total", "passed": False}]},
    {**HEAD, "type": "commit", "sha": "abc123", "message": "Repair the sum", "diff_unified": "..."},
    NOTE,
]
EDIT = {
    "type": "edit",
    "timestamp": "2024-01-04T12:00:00Z",
    "details": {"file": "src/main.py", "change": "repaired the sum", "diff": "..."},
}
COMMAND = {
    "type": "command",
    "timestamp": "2024-01-04T12:00:01.250+02:00",
    "details": {"command": "pytest -q", "output": "1 failed", "working_directory": "/home/dev/shop"},
}
REASONING = {
    "type": "reasoning",
    "timestamp": "2024-01-04T12:00:02",
    "details": {"text": "Off by one.", "reasoning_type": "hypothesis", "confidence": "high"},
}
STANDING = {
    "trace_id": UUID,
    "status": "pending",
    "created_at": "2024-01-04T12:00:00.000Z",
    "updated_at": "2024-01-04T12:00:00.000Z",
    "events": 3,
}
ONE_SHOT = {
    "trace_id": UUID,
    "developer_id": "dev-7",
    "repo_url": "https://github.com/example/repo",
    "bug_description": "The total is one too high.",
    "events": [EDIT, COMMAND, REASONING],
}
QA = {"tests_passed": True, "reasoning_score": 4.5, "judge_comments": "..."}

OUTCOME = {
    "status": "complete",
    "qa_state": "done",
    "qa_results": {**QA, "test_output": "2 passed", "qa_timestamp": "2024-01-04T12:10:00Z"},
    "status_url": f"/api/traces/{UUID}/qa",
}

OPEN_SAMPLES: dict[str, dict[str, dict[str, Any]]] = {
    "OpenTraceRequest": {
        "published": {
            "participant_id": "user-123",
            "task_id": "BUG-456",
            "task_title": "Fix calculator bug",
            "repo_origin": "https://github.com/example/repo",
            "start_commit": "abc123",
        },
        "bare": {"participant_id": "user-123", "task_id": "BUG-456"},
    },
    "OpenTraceCreated": {
        "published": {
            "trace_id": TRACE,
            "upload_token": "short-lived-token",
            "message": "Trace created successfully",
        }
    },
    "OpenChunk": {
        "published": CHUNK,
        "every_type": {**CHUNK, "chunk_seq": 1, "events": ACTS},
        "our_note": {**CHUNK, "events": [{**HEAD, "type": "rationale_note", "kind": "plan", "text": "Look."}]},
    },
    "OpenChunkStored": {
        "stored": {"trace_id": TRACE, "chunk_id": "chunk-001", "chunk_seq": 0, "events": 1, "received_ms": 1}
    },
    "OneShotRequest": {
        "published": ONE_SHOT,
        "whole": {**ONE_SHOT, "finalize": True},
        "without_id": {**ONE_SHOT, "trace_id": None, "events": []},
    },
    "OneShotCreated": {
        "created": {**STANDING, "upload_token": "ptu_x"},
        "assessed": {**STANDING, **OUTCOME, "upload_token": "ptu_x"},
    },
    "OneShotOutcome": {"pending": STANDING, "assessed": {**STANDING, **OUTCOME}},
    "OneShotEvents": {
        "more": {"events": [REASONING, EDIT]},
        "bare_details": {
            "events": [
                {**EDIT, "details": {"file": "a.py"}},
                {**COMMAND, "details": {"command": "ls"}},
                {**REASONING, "details": {"text": "It worked."}},
            ]
        },
    },
    "OneShotStanding": {"pending": STANDING, "complete": {**STANDING, "status": "complete"}},
    "OneShotTrace": {
        "published": {**STANDING, **ONE_SHOT, "qa_results": QA},
        "before_qa": {**STANDING, **ONE_SHOT, "qa_results": None},
        "with_output": {
            **STANDING,
            **ONE_SHOT,
            "qa_results": {**QA, "test_output": "2 passed", "qa_timestamp": "2024-01-04T12:10:00Z"},
        },
    },
}

OPEN_WRONG: dict[str, dict[str, Any]] = {
    "OpenTraceRequest": {"no_participant": {"participant_id": "(absent)"}, "with_a_proof": {"proof": {}}},
    "OpenTraceCreated": {"other_id": {"trace_id": "trace-xxxxx"}},
    "OpenChunk": {
        "no_events": {"events": []},
        "negative_seq": {"chunk_seq": -1},
        "unknown_type": {"events": [{**PUBLISHED_EDIT, "type": "telepathy"}]},
        "time_as_text": {"events": [{**PUBLISHED_EDIT, "ts_client_s": "now"}]},
        "beyond_the_calendar": {"events": [{**PUBLISHED_EDIT, "ts_client_s": 1e300}]},
        "no_path": {"events": [{**PUBLISHED_EDIT, "file_path": ""}]},
    },
    "OpenChunkStored": {"negative": {"events": -1}},
    "OneShotRequest": {
        "no_developer": {"developer_id": "(absent)"},
        "no_uuid": {"trace_id": "trace-7"},
        "unknown_type": {"events": [{**EDIT, "type": "telepathy"}]},
        "very_sure": {"events": [{**REASONING, "details": {"text": "x", "confidence": "sure"}}]},
    },
    "OneShotCreated": {"no_token": {"upload_token": "(absent)"}},
    "OneShotEvents": {"nothing": {"events": []}, "no_details": {"events": [{**EDIT, "details": "(absent)"}]}},
    "OneShotOutcome": {"unknown_state": {"qa_state": "dreaming"}},
    "OneShotStanding": {"unknown_status": {"status": "dreaming"}},
    "OneShotTrace": {"score_as_text": {"qa_results": {**QA, "reasoning_score": "4.5"}}},
}
