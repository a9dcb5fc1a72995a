"""A chunk without its bytes is excused by the device's request and the collector's answer, and by nothing less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from patchtrail.contract.collection import KeySet, ServerKey
from patchtrail.contract.event_lines import EventData
from patchtrail.contract.events import Gap, Heartbeat, SessionEnd
from patchtrail.contract.forgetting import ChunkRef, Deletion, Forget, ForgottenChunk
from patchtrail.integrity import chunk, digest, dsse, forgetting
from patchtrail.integrity.chain import ChainHead, link
from patchtrail.integrity.keys import SigningKey
from patchtrail.integrity.verify import TraceEvidence, verify_trace
from patchtrail.trace import document_of, read_bundle, write_bundle
from tests.integrity.honest import START_MS, Honest, check, device_key, honest, seal_runs, server_key

GAP = Gap(from_ms=0, to_ms=10**9, reason="forgotten", detail="3 events")


def session(after: Sequence[EventData] = (GAP,)) -> Honest:
    """Return a session of three chunks, whose last one begins with what is told after the forgetting."""
    made = honest(seed=3)
    told = [[made_start(made)], [Heartbeat(), Heartbeat()], [*after, SessionEnd(reason="participant")]]
    head, runs = ChainHead(0, made.genesis), []
    for acts in told:
        lines = []
        for data in acts:
            mono_ms = head.mono_ms + 30_000
            linked = link(head, trace_id=made.evidence.trace_id, data=data, ts_ms=START_MS, mono_ms=mono_ms)
            head = linked.after
            lines.append(linked.line)
        runs.append(tuple(lines))
    bodies, receipts = seal_runs(tuple(runs), made.evidence.trace_id, made.genesis, made.device, made.server)
    return replace(made, evidence=replace(made.evidence, chunks=bodies, receipts=receipts), runs=tuple(runs))


def made_start(made: Honest) -> EventData:
    """Return the start of a session."""
    return verify_trace(made.evidence, pinned_jkt=None).events[0].event.data


def refs(made: Honest, *numbers: int) -> list[ChunkRef]:
    """Name chunks."""
    return [ChunkRef(n=n, chunk_id=digest.chunk_id(dsse.payload_of(made.manifests[n]))) for n in numbers]


def deletion(
    made: Honest,
    *numbers: int,
    device: SigningKey | None = None,
    server: SigningKey | None = None,
    told: dict[str, object] | None = None,
    answered: dict[str, object] | None = None,
) -> Deletion:
    """Return a request and its answer; `told` and `answered` are what they say wrongly of their statements."""
    asked = refs(made, *numbers)
    request = Forget(v=1, trace_id=made.evidence.trace_id, chunks=asked, made_ms=START_MS, jkt=made.device.jkt)
    line = dsse.seal(request.model_copy(update=told or {}), forgetting.FORGET_TYPE, device or made.device)
    opened = forgetting.open_forget(dsse.parse_envelope(line), (device or made.device).public)
    gone = [
        ForgottenChunk(n=r.n, chunk_id=r.chunk_id, head_out=made.manifests[r.n].head_out, is_unread=False)
        for r in asked
    ]
    sealed = forgetting.seal_forgotten(opened, gone, artifacts=0, forgotten_ms=START_MS, key=made.server)
    answer = forgetting.open_forgotten(dsse.parse_envelope(sealed), made.server.public)
    lied = dsse.seal(answer.model_copy(update=answered or {}), forgetting.FORGOTTEN_TYPE, server or made.server)
    return Deletion(request=dsse.parse_envelope(line), forgotten=dsse.parse_envelope(lied))


def without(made: Honest, *numbers: int, deletions: Sequence[Deletion] = ()) -> TraceEvidence:
    """Return the evidence without the bytes of some chunks."""
    bodies = list(made.evidence.chunks)
    for n in numbers:
        bodies[n] = chunk.join_body(chunk.split_body(bodies[n])[0], b"")
    return replace(made.evidence, chunks=tuple(bodies), deletions=tuple(deletions))


def test_a_forgotten_chunk_is_a_declared_gap() -> None:
    """With both signatures and a gap behind it the trace is L3, and stays so when its edits replay."""
    made = session()
    verdict = check(without(made, 1, deletions=[deletion(made, 1)]))

    assert verdict.forgotten == [1]
    assert verdict.assurance().level == "L3"
    assert verdict.assurance(unreplayed=None).level == "L3"
    assert [held.event.seq for held in verdict.events] == [0, 3, 4]


def test_the_start_can_be_forgotten_too() -> None:
    """Then the document tells what the opening signed, and which chunk is gone; a bundle carries the proof along."""
    made = session()
    evidence = without(made, 0, 1, deletions=[deletion(made, 0, 1)])
    verdict = check(evidence)
    shown = document_of(
        evidence.trace_id,
        verdict.events,
        verdict.received_ms,
        verdict.assurance(),
        forgotten=verdict.forgotten,
        opening=verdict.opening,
    )
    again = read_bundle(write_bundle(evidence, made_keys(made), shown.model_dump_json().encode()))

    assert (shown.task.id, shown.repo.start_commit) == ("BUG-1", "a" * 40)
    assert shown.integrity.forgotten_chunks == [0, 1]
    assert [gap.reason for gap in shown.coverage.gaps] == ["forgotten"]
    assert again == evidence


def made_keys(made: Honest):
    """Return a collector's key set."""
    key = ServerKey(jkt=made.server.jkt, public_key=made.server.public.jwk, created_ms=0)
    return KeySet(version=1, receipt=[key])


OTHER = "9" * 64
FAULTS = {
    "no deletion at all": ([], {"chunk.dropped"}),
    "a deletion of another chunk": ([(0,)], {"forgotten.kept"}),
    "asked by another device": ([(1,), {"device": device_key(9)}], {"forget.bad_signature", "chunk.dropped"}),
    "answered by another collector": ([(1,), {"server": server_key(9)}], {"forgotten.bad_signature", "chunk.dropped"}),
    "asked for another trace": (
        [(1,), {"told": {"trace_id": f"trace-{'0' * 32}"}}],
        {"forget.trace_id", "chunk.dropped"},
    ),
    "asked with another key's name": ([(1,), {"told": {"jkt": "A" * 43}}], {"forget.jkt", "chunk.dropped"}),
    "asked twice in one": ([(1, 1)], {"forget.twice", "chunk.dropped"}),
    "answered for another trace": (
        [(1,), {"answered": {"trace_id": f"trace-{'0' * 32}"}}],
        {"forgotten.trace_id", "chunk.dropped"},
    ),
    "the answer to another request": (
        [(1,), {"answered": {"request_sha256": OTHER}}],
        {"forgotten.request", "chunk.dropped"},
    ),
    "an answer about other chunks": (
        [(1,), {"answered": {"chunks": [ForgottenChunk(n=2, chunk_id=OTHER, head_out=OTHER, is_unread=False)]}}],
        {"forgotten.chunks", "chunk.dropped"},
    ),
    "an answer with another head": (
        [
            (1,),
            {
                "answered": {
                    "chunks": [
                        ForgottenChunk(n=1, chunk_id=refs(session(), 1)[0].chunk_id, head_out=OTHER, is_unread=False)
                    ]
                }
            },
        ],
        {"forgotten.head_out"},
    ),
    "a request for another chunk of this number": (
        [
            (1,),
            {
                "told": {"chunks": [ChunkRef(n=1, chunk_id=OTHER)]},
                "answered": {"chunks": [ForgottenChunk(n=1, chunk_id=OTHER, head_out=OTHER, is_unread=False)]},
            },
        ],
        {"forgotten.chunk_id"},
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_less_than_both_signatures_is_a_fault(name: str) -> None:
    """Bytes that are missing without a sound deletion break the trace, and so does a deletion that was none."""
    made = session()
    asked, codes = FAULTS[name]
    deletions = [deletion(made, *asked[0], **(asked[1] if len(asked) > 1 else {}))] if asked else []
    check(without(made, 1, deletions=deletions), *codes)


def test_what_follows_must_declare_the_gap() -> None:
    """A recorder that goes on as if nothing had happened stays below L3."""
    made = session(after=[Heartbeat()])
    verdict = check(without(made, 1, deletions=[deletion(made, 1)]))

    assert "trace.undeclared" in [finding.code for finding in verdict.findings if finding.weight == "remark"]
    assert verdict.assurance().level == "L2"
