"""Samples of what is forgotten, off the record, and about to be sent."""

from __future__ import annotations

from typing import Any

from patchtrail.contract.forgetting import ChunkRef, Forget, Forgotten, ForgottenChunk
from tests.integrity.honest import START_MS, honest

TRACE = "trace-" + "0123456789abcdef" * 2
SHA = "5" * 64
SESSION = honest(seed=42)
REF = ChunkRef(n=1, chunk_id=SHA)
FORGET = Forget(v=1, trace_id=TRACE, chunks=[REF], made_ms=START_MS, jkt=SESSION.device.jkt)
FORGOTTEN = Forgotten(
    v=1,
    trace_id=TRACE,
    request_sha256="6" * 64,
    chunks=[ForgottenChunk(n=1, chunk_id=SHA, head_out="7" * 64, is_unread=False)],
    artifacts=2,
    forgotten_ms=START_MS,
)
ENVELOPE = {"payload": "e30=", "payloadType": "x", "signatures": [{"keyid": "k", "sig": "AAAA"}]}
CHUNK = {
    "trace_id": TRACE,
    "task_title": "Fix calculator bug",
    "n": 3,
    "is_sealed": True,
    "is_begun": False,
    "size_bytes": 4_096,
    "count": 12,
    "earliest_ms": START_MS,
    "events": [{"seq": 9, "line": '{"seq":9}', "is_cut": False}],
    "artifacts": [{"sha256": SHA, "size_bytes": 3, "media_type": "text/plain", "text": "a=1", "is_cut": False}],
    "next_seq": 10,
}
BASE = {
    "trace_id": TRACE,
    "sha256": SHA,
    "files": 12,
    "size_bytes": 9_000,
    "redacted": ["conf.py"],
    "left_out": [".env", "vendor/lib"],
}

FORGETTING: dict[str, dict[str, dict[str, Any]]] = {
    "ForgetRequest": {"one": {"request": ENVELOPE, "manifests": [ENVELOPE]}, "receipted": {"request": ENVELOPE}},
    "ForgetAnswer": {"one": {"forgotten": ENVELOPE, "receipts": [ENVELOPE]}},
    "Deletion": {"answered": {"request": ENVELOPE, "forgotten": ENVELOPE}},
    "OffRecord": {"ten": {}, "half_an_hour": {"minutes": 30}},
    "ForgetMinutes": {"five": {"minutes": 5}},
    "ForgottenHere": {"some": {"events": 7, "chunks_rewritten": 1, "chunks_asked": 2, "reasons": ["It is asked."]}},
    "PendingRequest": {"first_page": {}, "one_chunk": {"trace_id": TRACE, "n": 3, "since_seq": 10}},
    "PendingChunks": {
        "one": {"chunks": [CHUNK], "total": 1, "next_skip": None, "deletions": 0, "reasons": []},
        "local": {
            "chunks": [{**CHUNK, "earliest_ms": None, "next_seq": None}],
            "total": 2,
            "next_skip": 1,
            "deletions": 1,
            "reasons": ["Off the record."],
        },
        "with_snapshot": {
            "chunks": [],
            "total": 0,
            "next_skip": None,
            "deletions": 0,
            "reasons": [],
            "snapshots": [{**BASE, "task_title": "Fix the total", "path": "/home/a/spool/artifacts/5"}],
        },
    },
    "BaseStored": {"with_names": BASE},
}
FORGETTING_WRONG: dict[str, dict[str, Any]] = {
    "ForgetRequest": {"no_request": {"request": "(absent)"}},
    "ForgetAnswer": {"no_receipts": {"receipts": "(absent)"}},
    "Deletion": {"no_answer": {"forgotten": "(absent)"}},
    "OffRecord": {"no_time": {"minutes": 0}, "for_ever": {"minutes": 481}},
    "ForgetMinutes": {"no_time": {"minutes": 0}, "none": {"minutes": "(absent)"}},
    "ForgottenHere": {"negative": {"events": -1}},
    "PendingRequest": {"negative": {"skip": -1}},
    "PendingChunks": {"no_total": {"total": "(absent)"}, "snapshot_without_path": {"snapshots": [BASE]}},
    "BaseStored": {"short_sum": {"sha256": "5"}, "no_size": {"size_bytes": "(absent)"}},
}
