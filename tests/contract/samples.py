"""A sound value of every type that travels as JSON, and what makes each of them unsound."""

from __future__ import annotations

import json
from typing import Any

from tests.contract import changes_samples
from tests.contract.debugging_samples import DEBUGGING_SAMPLES, DEBUGGING_WRONG, MORE_SAMPLES
from tests.contract.fix_samples import FIXES, FIXES_WRONG
from tests.contract.forgetting_samples import FORGETTING, FORGETTING_WRONG
from tests.contract.log_samples import LOG_SAMPLES, LOG_WRONG, SIGNED_KEYS
from tests.contract.notebook_samples import NOTEBOOK_SAMPLES, NOTEBOOK_WRONG
from tests.contract.open_samples import OPEN_SAMPLES, OPEN_WRONG
from tests.contract.patch_samples import PATCH_SAMPLES, PATCH_WRONG
from tests.contract.webhook_samples import WEBHOOK_SAMPLES, WEBHOOK_WRONG
from tests.integrity.honest import honest

SESSION = honest(seed=42)
TRACE = "trace-" + "0123456789abcdef" * 2
JKT = SESSION.device.jkt
KEY = SESSION.device.public.jwk.model_dump()
ENVELOPE = json.loads(SESSION.evidence.grant)
OPENING = json.loads(SESSION.evidence.opening)
SHA = "5" * 64
CONSENT = {"version": "1", "sha256": SHA}
ABSENT = "(absent)"

TRACE_REQUEST = {
    "participant_id": "user-123",
    "task_id": "BUG-456",
    "task_title": "Fix calculator bug",
    "repo_origin": "https://github.com/example/repo",
    "start_commit": "abc123",
}
COVERAGE = {
    "duration_ms": 61_500,
    "observed_ms": 31_500,
    "observed_milli": 512,
    "gaps": [{"channel": "all", "from_ms": 1_500, "to_ms": 31_500, "reason": "forgotten", "detail": "7 events"}],
}
ASSURANCE = {"level": "L3", "reasons": ["The edits were not replayed on the start commit."]}
SUMMARY = {
    "trace_id": TRACE,
    "participant_id": "user-123",
    "task_id": "BUG-456",
    "task_title": "Fix calculator bug",
    "status": "complete",
    "created_ms": 1_696_435_200_000,
    "chunks": 3,
    "events": 12,
    "is_forked": False,
    "assurance": ASSURANCE,
}
DOCUMENT = {
    "trace_version": "1.0",
    "trace_id": TRACE,
    "session": {"participant_id": "user-123", "consent": CONSENT},
    "task": {"id": "BUG-456", "title": "Fix calculator bug", "description": "Division by zero."},
    "repo": {"origin": "https://github.com/example/repo", "start_commit": "abc123"},
    "environment": {"os": "Linux 6.1", "python_version": "3.11.7"},
    "events": [
        {
            "id": "evt-001",
            "seq": 0,
            "ts_client_s": 1696435200.0,
            "ts_server_s": 1696435200.0,
            "type": "file_edit",
            "file_path": "src/main.py",
            "diff_unified": "...",
            "buffer_hash_after": SHA,
        }
    ],
    "artifacts": {
        SHA: {"uri": f"/v1/traces/{TRACE}/artifacts/{SHA}", "sha256": SHA, "size_bytes": 3, "media_type": "text/plain"}
    },
    "metrics": {
        "duration_s": 61.5,
        "num_events": 1,
        "num_file_edits": 1,
        "num_commands": 0,
        "num_test_runs": 0,
        "num_commits": 0,
        "num_notes": 0,
    },
    "qa": {
        "validation": {"tests_passed": True},
        "judge": {"scores": {"Problem Understanding": 4.0, "Causal Linking": 3.5}, "overall": 3.6},
    },
    "integrity": {"event_hash_chain": [SHA], "assurance": ASSURANCE},
}
SETTINGS = {
    "collector_url": "http://localhost:8000",
    "upload_hold_seconds": 120,
    "folders_allowed": ["/home/dev/shop"],
    "redaction_denied_paths": ["*.secret"],
}
FACTS = {"is_telemetry_enabled": True, "is_workspace_trusted": True, "consent": CONSENT}
DEVICE_KEY = {
    **KEY,
    "d": "A" * 43,
    "device_token": "ptd_" + "0" * 36,
    "participant_id": "p-1",
    "collector_url": "http://localhost:8000",
    "server_jkt": JKT,
}
STATE = {
    "state": "recording",
    "reasons": [],
    "trace_id": TRACE,
    "next_seq": 4,
    "is_signed": True,
    "is_online": True,
    "pending_chunks": 1,
    "stuck_traces": 0,
    "capture_errors": 0,
    "resumable": [],
    "undelivered": [],
}
COMMAND = {
    "command_line": "make",
    "confidence": "high",
    "cwd": "/home/dev/shop",
    "exit_code": 2,
    "duration_ms": 1500,
    "output": "make: *** No targets.\n",
}
DRAFT = {"draft_id": "6f6c0a5e-note", "kind": "hypothesis", "text": "Off by one.", "confidence": None}
ENTRY = {
    "seq": 7,
    "ts_ms": 1_696_435_200_000,
    "type": "test_run",
    "summary": "pytest: 1 passed, 1 failed",
    "details": ["test_total: assert 2 == 3"],
    "path": None,
    "has_diff": False,
    "failed_tests": [
        {
            "test_id": "test_shop.py::test_total",
            "message": "assert 2 == 3",
            "path": "/home/dev/shop/test_shop.py",
            "line": 4,
        }
    ],
}
CHALLENGE = {
    "device_id": "device-1",
    "challenge": SHA,
    "participant_id": "p-1",
    "study_id": "default",
    "expires_ms": 1_696_435_200_000,
}
ENROLLED = {
    "device_id": "device-1",
    "device_token": "ptd_" + "0" * 36,
    "participant_id": "p-1",
    "study_id": "default",
    "jkt": JKT,
}

SAMPLES: dict[str, dict[str, dict[str, Any]]] = {
    **OPEN_SAMPLES,
    **WEBHOOK_SAMPLES,
    "Envelope": {"grant": ENVELOPE, "unknown_field": {**ENVELOPE, "later": 1}},
    "InvitationRequest": {"named": {"participant_id": "p-7"}, "drawn": {}},
    "Invitation": {"code": {"code": "0123456789", "participant_id": "p-7", "expires_ms": 1_696_435_200_000}},
    "DeviceRequest": {"laptop": {"code": "0123456789", "public_key": KEY, "host_hint": "laptop"}},
    "DeviceChallenge": {"challenge": CHALLENGE},
    "DeviceProof": {"proof": {"registration": ENVELOPE}},
    "DeviceEnrolled": {"enrolled": ENROLLED},
    "KeySet": {
        "one_key": {"version": 1, "receipt": [{"jkt": JKT, "public_key": KEY, "created_ms": 0}]},
        "signed_by_a_root": SIGNED_KEYS,
    },
    **LOG_SAMPLES,
    "TraceRequest": {"published": {**TRACE_REQUEST, "proof": OPENING}},
    "TraceCreated": {
        "published": {
            "trace_id": TRACE,
            "upload_token": "ptu_" + "0" * 36,
            "message": "Trace created successfully",
            "grant": ENVELOPE,
        }
    },
    "UploadToken": {"token": {"trace_id": TRACE, "upload_token": "ptu_x", "expires_ms": 1_696_435_200_000}},
    "ArtifactStored": {"stored": {"sha256": SHA, "size_bytes": 0}},
    "TraceCompleted": {
        "complete": {"trace_id": TRACE, "status": "complete", "chunks": 3, "events": 9, "assurance": ASSURANCE}
    },
    "TraceList": {"one": {"traces": [SUMMARY], "next_before": None}, "none": {"traces": [], "next_before": None}},
    "TraceDocument": {
        "published": DOCUMENT,
        "before_qa": {**DOCUMENT, "qa": {"validation": None, "judge": None}},
        "forgotten": {
            **DOCUMENT,
            "integrity": {"event_hash_chain": [SHA], "assurance": ASSURANCE, "forgotten_chunks": [2]},
            "coverage": COVERAGE,
        },
    },
    "Problem": {"problem": {"code": "fork", "message": "Another chunk.", "detail": {"next_n": 3, "missing": ["a"]}}},
    "Settings": {"all": SETTINGS, "defaults": {}},
    "DeviceKey": {"pinned": DEVICE_KEY, "not_pinned": {**DEVICE_KEY, "server_jkt": None}},
    "InitializationOptions": {"all": {"settings": SETTINGS, "facts": FACTS}, "none": {}},
    "ConsentText": {"text": {"consent": CONSENT, "text": "# Consent\n"}},
    "Facts": {
        "consented": FACTS,
        "not_consented": {**FACTS, "consent": None},
        "with_base": {**FACTS, "is_base_agreed": True},
    },
    "GateDecision": {"no": {"is_allowed": False, "reasons": ["Telemetry is off in the editor."]}},
    "StartSession": {
        "named": {"root_uri": "file:///w", "task_id": "T", "task_title": "t", "task_description": ""},
        "resumed": {"root_uri": "file:///w", "task_id": "T", "trace_id": TRACE},
    },
    "SessionState": {
        "recording": STATE,
        "idle": {**STATE, "state": "idle", "trace_id": None},
        "with_base": {**STATE, "base_snapshot": {"is_ready": True, "files": 12, "size_bytes": 9_000, "left_out": 1}},
        "with_draft": {
            **STATE,
            "task_title": "Fix the total",
            "drafts": 1,
            "note_link": {"seq": 3, "summary": "pytest: 1 failed"},
            "terminal_variables": [{"name": "PYTEST_ADDOPTS", "value": "--junitxml=/r.xml ", "mode": "prepend"}],
            "junit_withheld": None,
        },
        "off_record": {**STATE, "state": "paused", "off_record_until_ms": 1_696_435_200_000, "deletions": 1},
    },
    "CommandReport": {
        "command": COMMAND,
        "unknown_exit": {**COMMAND, "exit_code": None},
        "task": {
            **COMMAND,
            "output_coverage": "unknown",
            "is_trusted": None,
            "origin": "task",
            "task_name": "build",
            "started_ms": 1_696_435_200_000,
        },
        "long": {**COMMAND, "output_head": "first\n", "output": "last\n", "output_omitted_bytes": 9_000},
        "running": {**COMMAND, "exit_code": None, "shell": "fish", "has_ended": False},
    },
    "TestsPrepared": {"path": {"junit_path": "/tmp/x/report.xml"}},
    "TestsReport": {"junit": {"command_line": "pytest", "exit_code": 1, "duration_ms": 9, "junit_path": "/tmp/r.xml"}},
    "NoteAdd": {
        "linked": {"kind": "hypothesis", "text": "Off by one.", "confidence": "low", "links": [3, 4]},
        "bare": {"kind": "next_step", "text": "Run it."},
    },
    "NoteDraft": {"linked": {**DRAFT, "links": [3]}, "bare": DRAFT},
    "DraftRef": {"named": {"draft_id": DRAFT["draft_id"]}},
    "Drafted": {
        "kept": {"is_drafted": True, "confirms_in_ms": 30_000, "reasons": []},
        "refused": {"is_drafted": False, "confirms_in_ms": 0, "reasons": ["No session is being recorded."]},
    },
    "GapReport": {
        "no_shell_integration": {"reason": "no_shell_integration"},
        "other_terminal": {"reason": "other_terminal", "detail": "ssh"},
        "test_explorer": {"reason": "test_explorer"},
        "not_a_file": {"reason": "not_a_file", "detail": "untitled"},
    },
    "EntriesRequest": {"since": {"since_seq": 4}, "all": {}},
    "SessionEntries": {
        "running": {
            "trace_id": TRACE,
            "first_seq": 0,
            "entries": [ENTRY],
            "drafts": [{**DRAFT, "links": [], "confirms_in_ms": 12_000}],
        },
        "idle": {"trace_id": None, "first_seq": 0, "entries": [], "drafts": []},
        "covered": {
            "trace_id": TRACE,
            "first_seq": 0,
            "entries": [],
            "drafts": [],
            "generation": 1,
            "coverage": COVERAGE,
        },
    },
    "EditRequest": {"one": {"seq": 7}},
    "EditTexts": {"texts": {"file_path": "shop.py", "before": "", "after": "x = 1\n"}},
    "EnrolRequest": {
        "enrol": {"url": "http://localhost:8000", "code": "0123456789", "server_jkt": JKT, "host_hint": "laptop"},
        "ask": {"url": "http://localhost:8000"},
    },
    "CollectorShown": {"shown": {"url": "http://localhost:8000", "server_jkt": JKT}},
    "NoParams": {"nothing": {}, "unknown_field": {"later": True}},
    "Recorded": {
        "appended": {"is_recorded": True, "seq": 7, "reasons": []},
        "refused": {"is_recorded": False, "seq": None, "reasons": ["The session is paused by participant."]},
    },
    **changes_samples.SAMPLES,
    **NOTEBOOK_SAMPLES,
    **DEBUGGING_SAMPLES,
    **FORGETTING,
    **FIXES,
    **PATCH_SAMPLES,
}
for _name, _values in MORE_SAMPLES.items():
    _first = next(iter(SAMPLES[_name].values()))
    SAMPLES[_name] |= {label: {**_first, **value} for label, value in _values.items()}

WRONG: dict[str, dict[str, Any]] = {
    **OPEN_WRONG,
    **WEBHOOK_WRONG,
    "Envelope": {"no_payload": {"payload": ABSENT}, "no_signatures": {"signatures": []}, "url_safe": {"payload": "-_"}},
    "InvitationRequest": {"empty_name": {"participant_id": ""}, "number": {"participant_id": 7}},
    "Invitation": {"text_time": {"expires_ms": "1696435200000"}},
    "DeviceRequest": {"no_key": {"public_key": ABSENT}, "rsa_key": {"public_key": {**KEY, "kty": "RSA"}}},
    "DeviceChallenge": {"short_challenge": {"challenge": "55"}, "beyond_2_53": {"expires_ms": 2**53}},
    "DeviceProof": {"no_envelope": {"registration": "AAAA"}},
    "DeviceEnrolled": {"long_thumbprint": {"jkt": "A" * 44}},
    "KeySet": {"no_keys": {"receipt": []}, "negative_version": {"version": -1}},
    **LOG_WRONG,
    "TraceRequest": {"no_proof": {"proof": ABSENT}, "empty_participant": {"participant_id": ""}},
    "TraceCreated": {"other_id": {"trace_id": "trace-xxxxx"}},
    "UploadToken": {"upper_case_id": {"trace_id": TRACE.upper()}},
    "ArtifactStored": {"upper_case_sum": {"sha256": "A" * 64}, "negative_size": {"size_bytes": -1}},
    "TraceCompleted": {"level_5": {"assurance": {"level": "L5", "reasons": []}}, "open": {"status": "open"}},
    "TraceList": {"no_traces": {"traces": ABSENT}},
    "TraceDocument": {"version_2": {"trace_version": "2.0"}, "no_events": {"events": ABSENT}, "no_qa": {"qa": None}},
    "Problem": {"no_message": {"message": ABSENT}, "nested_detail": {"detail": {"a": {"b": 1}}}},
    "Settings": {"hold_too_long": {"upload_hold_seconds": 241}, "hold_as_text": {"upload_hold_seconds": "120"}},
    "DeviceKey": {"no_private_part": {"d": ABSENT}, "p256": {"crv": "P-256"}},
    "InitializationOptions": {"facts_as_list": {"facts": []}},
    "ConsentText": {"no_text": {"text": ABSENT}},
    "Facts": {
        "yes_as_text": {"is_telemetry_enabled": "true"},
        "yes_as_number": {"is_workspace_trusted": 1},
        "base_as_nothing": {"is_base_agreed": None},
    },
    "GateDecision": {"no_reasons": {"reasons": ABSENT}},
    "StartSession": {"no_root": {"root_uri": ABSENT}, "empty_task": {"task_id": ""}},
    "SessionState": {"unknown_state": {"state": "dreaming"}, "negative_seq": {"next_seq": -1}},
    "CommandReport": {"fraction": {"duration_ms": 1.5}, "sure": {"confidence": "sure"}},
    "TestsPrepared": {"no_path": {"junit_path": None}},
    "TestsReport": {"text_code": {"exit_code": "1"}},
    "NoteAdd": {"unknown_kind": {"kind": "feeling"}, "empty": {"text": ""}, "too_long": {"text": "x" * 20_001}},
    "NoteDraft": {"no_id": {"draft_id": ABSENT}, "short_id": {"draft_id": "7"}, "empty": {"text": ""}},
    "DraftRef": {"no_id": {"draft_id": ABSENT}},
    "Drafted": {"negative_time": {"confirms_in_ms": -1}},
    "GapReport": {"unknown_reason": {"reason": "bored"}},
    "EntriesRequest": {"negative": {"since_seq": -1}},
    "SessionEntries": {"no_drafts": {"drafts": ABSENT}},
    "EditRequest": {"text": {"seq": "7"}},
    "EditTexts": {"no_after": {"after": ABSENT}},
    "EnrolRequest": {"no_url": {"url": ABSENT}, "short_thumbprint": {"server_jkt": "A"}},
    "CollectorShown": {"no_thumbprint": {"server_jkt": None}},
    "NoParams": {"a_list": []},
    "Recorded": {"negative_seq": {"seq": -1}},
    **changes_samples.WRONG,
    **NOTEBOOK_WRONG,
    **DEBUGGING_WRONG,
    **FORGETTING_WRONG,
    **FIXES_WRONG,
    **PATCH_WRONG,
}
"""Per type, by what is wrong: the fields to change in its first sample, or a value that is no object at all."""
