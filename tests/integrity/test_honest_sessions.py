"""Honest sessions verify: no false alarm, whatever clocks, pauses and restarts did."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from patchtrail.contract.artifact import ArtifactRef
from patchtrail.contract.event_lines import GapEvent, RecoveredEvent
from patchtrail.contract.events import CmdRun, Heartbeat, SessionEnd, SessionStart
from patchtrail.integrity import digest, dsse, receipt
from patchtrail.integrity.verify import TraceEvidence, silences, verify_trace
from tests.integrity.honest import (
    START_MS,
    Honest,
    check,
    device_key,
    honest,
    lines_of,
    manifest_of,
    seal_runs,
    server_key,
    sign_chunk,
)

SESSIONS = 2_000


def test_two_thousand_honest_sessions() -> None:
    """2,000 generated honest sessions verify without a fault, and none is called unterminated."""
    alarms = []
    for seed in range(SESSIONS):
        kind = "offline_open" if seed % 5 == 0 else "online"
        session = honest(seed, chunks=1 + seed % 4, kind=kind)
        verdict = verify_trace(session.evidence, pinned_jkt=server_key().jkt)
        alarms += [(seed, str(finding)) for finding in verdict.findings if finding.code != "receipt.late"]

    assert alarms == []


def test_honest_session_reaches_level_three() -> None:
    """A signed, receipted, ended session with every gap declared is L3, and L4 once its replay agrees."""
    verdict = check(honest().evidence)

    assert verdict.assurance().level == "L3"
    assert verdict.assurance(unreplayed=None).level == "L4"


def test_late_receipt_is_level_one() -> None:
    """A chunk that was receipted more than five minutes after it was sealed says nothing about when."""
    session = honest(chunks=2)
    receipts = tuple(receipt_at(session, body, START_MS + 10**7) for body in session.evidence.chunks)
    verdict = check(replace(session.evidence, receipts=receipts))

    assert verdict.assurance().level == "L1"


def receipt_at(session: Honest, body: bytes, received_ms: int) -> bytes:
    """Return the collector's receipt for a chunk at some time."""
    manifest = manifest_of(body, session.device)
    chunk_id = digest.chunk_id(dsse.payload_of(manifest))
    return receipt.seal_receipt(manifest, chunk_id, received_ms=received_ms, key=session.server)


def test_missing_receipt_is_level_one() -> None:
    """A chunk without a receipt is only as old as the participant says."""
    verdict = check(replace(honest().evidence, receipts=()))

    assert verdict.assurance().level == "L1"


def test_unpinned_key_is_said() -> None:
    """Without a fingerprint to compare, the reader is told that the key came with the evidence."""
    verdict = verify_trace(honest().evidence, pinned_jkt=None)

    assert [finding.code for finding in verdict.findings] == ["keys.unpinned"]
    assert verdict.assurance().level == "L3"


def test_unsound_keys_are_said() -> None:
    """Evidence whose device key has small order is refused before anything is verified with it."""
    weak = honest().evidence.device_key.model_copy(update={"x": "A" * 43})
    check(replace(honest().evidence, device_key=weak), "keys.bad_key")


def test_malformed_evidence_is_a_finding() -> None:
    """Garbage in place of an opening, a grant or a receipt is a fault with a name, never an exception."""
    evidence = honest().evidence
    check(replace(evidence, opening=b"{"), "opening.bad_envelope")
    check(replace(evidence, grant=b"{"), "grant.bad_envelope")
    check(replace(evidence, receipts=(b"{", *evidence.receipts[1:])), "receipt.bad_envelope")


@pytest.mark.parametrize("change", ["silence", "heartbeats"])
def test_silence_is_noticed(change: str) -> None:
    """More than 45 s without a heartbeat is a remark, unless a pause or a gap declares it."""
    session = honest(seed=3)
    events = [held.event for held in check(session.evidence).events]
    step_ms = 60_000 if change == "silence" else 30_000
    plain = [event for event in events if event.type not in ("pause", "gap")]
    quiet = [event.model_copy(update={"mono_ms": i * step_ms}) for i, event in enumerate(plain)]

    assert bool(list(silences(quiet))) == (change == "silence")


def test_lost_events_are_noticed() -> None:
    """Events that were damaged on the participant's disk, and left out, keep a trace from level three."""
    events = [held.event for held in check(honest().evidence).events]
    lost = RecoveredEvent.model_validate(
        {**events[1].model_dump(), "mono_ms": 1, "type": "recovered", "data": {"torn_bytes": 0, "lost_events": 2}}
    )

    assert [finding.code for finding in silences([events[0], lost])] == ["trace.lost"]


ARTIFACT = b"the whole output"


def with_artifact(content: bytes | None, *, size_bytes: int = len(ARTIFACT)) -> TraceEvidence:
    """Return an honest session with one artifact, stored as `content`."""
    base = honest(chunks=1)
    ref = ArtifactRef(sha256=digest.sha256(ARTIFACT), size_bytes=size_bytes, media_type="text/plain")
    told = CmdRun(
        command_line="make",
        confidence="high",
        cwd="/w",
        exit_code=0,
        duration_ms=1,
        output_tail="",
        output_size_bytes=1,
        output_artifact=ref,
    )
    start = check(base.evidence).events[0].event.data
    assert isinstance(start, SessionStart)
    acts = [[start, told, Heartbeat(), SessionEnd(reason="participant")]]
    runs = lines_of(acts, base.evidence.trace_id, base.genesis, random.Random(1))
    bodies, receipts = seal_runs(runs, base.evidence.trace_id, base.genesis, device_key(), server_key())
    stored = {} if content is None else {ref.sha256: content}
    return replace(base.evidence, chunks=bodies, receipts=receipts, artifacts=stored)


def test_artifacts_are_verified() -> None:
    """An artifact that is missing, another, or of another length is a fault; absent from the check, it is none."""
    check(with_artifact(ARTIFACT))
    check(with_artifact(None), "artifact.missing")
    check(with_artifact(b"another output"), "artifact.sha256")
    check(with_artifact(ARTIFACT, size_bytes=3), "artifact.size")
    check(replace(with_artifact(None), artifacts=None))


def test_a_gap_declares_only_what_it_covers() -> None:
    """A gap that ends long before its own event says nothing of the silence in between."""
    events = [held.event for held in check(honest().evidence).events]
    for to_ms, codes in ((0, ["trace.silence"]), (600_000, [])):
        data = {"from_ms": 0, "to_ms": to_ms, "reason": "suspended"}
        gap = GapEvent.model_validate({**events[1].model_dump(), "mono_ms": 600_000, "type": "gap", "data": data})

        assert [finding.code for finding in silences([events[0].model_copy(update={"mono_ms": 0}), gap])] == codes


def test_events_that_a_manifest_calls_lost_are_noticed() -> None:
    """A recorder that lost events of a chunk says so in its manifest, and the trace is not level three."""
    session = honest(chunks=1)
    body = sign_chunk(
        session.runs[0],
        session.device,
        trace_id=session.evidence.trace_id,
        n=0,
        prev_chunk=session.genesis,
        head_in=session.genesis,
        first=0,
        lies={"lost": 5},
    )
    verdict = check(replace(session.with_chunk(0, body), receipts=()))

    assert "trace.lost" in {finding.code for finding in verdict.findings}
