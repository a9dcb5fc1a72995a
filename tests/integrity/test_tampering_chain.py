"""Catalogue items 1 to 9: attacks on order, place, identity and time of what was signed.

The numbers are those of the project's test catalogue. An attacker from outside can change bytes; a participant
can also sign what they like with their own key.
"""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest

from patchtrail.contract.events import Heartbeat, SessionEnd
from patchtrail.contract.evidence import (
    GRANT_TYPE,
    OPENING_TYPE,
    ChunkManifest,
)
from patchtrail.integrity import canonical, chunk, digest, dsse, opening, receipt
from patchtrail.integrity.chain import ChainHead, link
from tests.integrity.forging import (
    TRACE,
    check_any,
    flipped,
    other_text,
    relinked,
    resigned,
    with_part,
)
from tests.integrity.honest import check, device_key, honest, server_key, sign_chunk

# 1 ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [0, 1, -1], ids=["first", "middle", "last"])
def test_01_dropped_event(which: int) -> None:
    """A participant who drops an event and signs again is caught by a broken link or number."""
    run = TRACE.runs[1]
    kept = tuple(line for i, line in enumerate(run) if i != which % len(run))

    code = "receipt.chunk_id" if which == -1 else "event.seq"
    found = {finding.code for finding in check_any(resigned(TRACE, 1, kept))}
    assert code in found


@pytest.mark.parametrize("which", [0, 1, 2], ids=["first", "middle", "last"])
def test_01_dropped_chunk(which: int) -> None:
    """A dropped chunk is missed, with or without its receipt."""
    chunks = tuple(body for n, body in enumerate(TRACE.evidence.chunks) if n != which)
    receipts = tuple(line for n, line in enumerate(TRACE.evidence.receipts) if n != which)

    assert check_any(replace(TRACE.evidence, chunks=chunks))
    if which < 2:
        assert check_any(replace(TRACE.evidence, chunks=chunks, receipts=receipts))
    else:
        verdict = check(replace(TRACE.evidence, chunks=chunks, receipts=receipts))
        assert [finding.code for finding in verdict.findings if finding.weight == "remark"] == ["trace.unterminated"]
        assert verdict.assurance().level == "L2"


def test_01_receipt_without_its_chunk() -> None:
    """A receipt that is left over tells that a chunk was taken away."""
    check(replace(TRACE.evidence, chunks=TRACE.evidence.chunks[:-1]), "receipt.orphan")


# 2 ------------------------------------------------------------------------------------------------------------


def test_02_swapped_events() -> None:
    """Two events that change places break their numbers."""
    run = TRACE.runs[1]
    check(resigned(TRACE, 1, (run[1], run[0], *run[2:])), "event.seq")


def test_02_swapped_chunks() -> None:
    """Two chunks that change places are not the numbers that they say."""
    first, second, third = TRACE.evidence.chunks
    check(replace(TRACE.evidence, chunks=(second, first, third)), "chunk.n")


def test_02_event_spliced_from_another_session_of_the_same_key() -> None:
    """An event of another session, signed by the same key, names the wrong trace."""
    stranger = honest(seed=1)
    check(resigned(TRACE, 1, (*TRACE.runs[1][:-1], stranger.runs[1][-1])), "event.trace_id")


# 3 ------------------------------------------------------------------------------------------------------------


def test_03_chunk_replayed_in_the_same_session() -> None:
    """A chunk that comes again is not the next number."""
    body = TRACE.evidence.chunks[0]
    check(replace(TRACE.evidence, chunks=(body, body, *TRACE.evidence.chunks[2:])), "chunk.n")


def test_03_chunk_replayed_in_another_session() -> None:
    """A chunk of another session of the same device belongs to another trace."""
    check(TRACE.with_chunk(1, honest(seed=1).evidence.chunks[1]), "chunk.trace_id")


def test_03_session_replayed_in_another_study() -> None:
    """A chain that starts from the grant of another study does not start here."""
    other = honest(study="other")
    check(replace(TRACE.evidence, grant=other.evidence.grant), "chunk.prev_chunk", "chunk.head_in")


def test_03_session_replayed_on_another_server() -> None:
    """A grant of another collector is not a grant of ours."""
    other = honest(server=server_key(9))
    check(replace(other.evidence, server_keys=(server_key().public.jwk,)), "grant.bad_signature")
    check(other.evidence, "keys.pinned")


# 4 ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["chunk", "receipt", "grant", "opening"])
def test_04_bit_flip_in_every_byte_class(part: str) -> None:
    """A flipped bit anywhere in what is signed is found; only a key id, which decides nothing, may change."""
    whole = {"chunk": TRACE.evidence.chunks[1], "receipt": TRACE.evidence.receipts[1]}
    whole |= {"grant": TRACE.evidence.grant, "opening": TRACE.evidence.opening}
    content = whole[part]
    dice = random.Random(4)
    hint = content.find(b'"keyid":"') + len(b'"keyid":"')
    places = set(range(0, len(content), 7)) | set(range(min(len(content), 40)))
    missed = [
        (at, content[at : at + 1])
        for at in sorted(places - set(range(hint - 10, hint + 44)))
        if not check_any(with_part(part, flipped(content, at, dice.randrange(8))))
    ]

    assert missed == []


@pytest.mark.parametrize("field", ChunkManifest.model_fields)
def test_04_every_manifest_field_counts(field: str) -> None:
    """A manifest that lies in any one field is refused, even when the participant signs it."""
    manifest = TRACE.manifests[1]
    told = getattr(manifest, field)
    lies = {int: lambda: told + 1, str: lambda: other_text(told), type(None): lambda: "participant"}
    lie = lies[type(told)]()
    body = sign_chunk(
        TRACE.runs[1],
        TRACE.device,
        trace_id=manifest.trace_id,
        n=1,
        prev_chunk=manifest.prev_chunk,
        head_in=manifest.head_in,
        first=manifest.first,
        lies={field: lie},
    )

    assert check_any(TRACE.with_chunk(1, body))


# 5 ------------------------------------------------------------------------------------------------------------


def test_05_truncated_and_continued() -> None:
    """A session cut after a receipted chunk and continued differently does not fit the receipts."""
    head = ChainHead(TRACE.manifests[1].first, TRACE.manifests[1].head_in)
    line = link(head, trace_id=TRACE.evidence.trace_id, data=Heartbeat(), ts_ms=1, mono_ms=10**9).line
    check(resigned(TRACE, 1, (line,)), "receipt.chunk_id", "receipt.head_out", "chunk.prev_chunk", *CHAIN_BREAKS)


CHAIN_BREAKS = ("chunk.first", "chunk.head_in")


def test_05_stripped_end_marker() -> None:
    """An end that the manifest leaves out is found in its lines."""
    check(resigned(TRACE, 2, TRACE.runs[2], end=None), "event.session_end")


def test_05_end_without_an_end_event() -> None:
    """An end that the manifest invents has no event."""
    check(resigned(TRACE, 1, TRACE.runs[1], end="participant"), "event.session_end")


def test_05_two_end_markers_and_events_after_the_end() -> None:
    """Nothing may follow the end inside a chunk."""
    manifest, run = TRACE.manifests[2], TRACE.runs[2]
    head = ChainHead(manifest.last + 1, manifest.head_out)
    for data in (SessionEnd(reason="participant"), Heartbeat()):
        line = link(head, trace_id=TRACE.evidence.trace_id, data=data, ts_ms=1, mono_ms=10**9).line
        check(resigned(TRACE, 2, (*run, line), end="participant"), "event.session_end")


def test_05_chunk_after_the_end() -> None:
    """Nothing may follow the end in a later chunk."""
    manifest = TRACE.manifests[2]
    head = ChainHead(manifest.last + 1, manifest.head_out)
    line = link(head, trace_id=TRACE.evidence.trace_id, data=Heartbeat(), ts_ms=1, mono_ms=10**9).line
    later = sign_chunk(
        (line,),
        TRACE.device,
        trace_id=TRACE.evidence.trace_id,
        n=3,
        prev_chunk=digest.chunk_id(dsse.payload_of(manifest)),
        head_in=manifest.head_out,
        first=manifest.last + 1,
    )
    check(replace(TRACE.evidence, chunks=(*TRACE.evidence.chunks, later)), "chunk.after_end")


def test_05_session_start_only_at_the_start() -> None:
    """A second session_start, or a first event that is none, is refused."""
    start = json.loads(TRACE.runs[0][0])["data"]

    def as_start(seq: int, event: dict) -> dict | None:
        return {**event, "type": "session_start", "data": start} if seq == TRACE.manifests[1].first else None

    def as_heartbeat(seq: int, event: dict) -> dict | None:
        return {**event, "type": "heartbeat", "data": {}} if seq == 0 else None

    check(resigned(TRACE, 1, relinked(TRACE, 1, as_start)), "event.session_start")
    check(resigned(TRACE, 0, relinked(TRACE, 0, as_heartbeat)), "event.session_start")


# 6 ------------------------------------------------------------------------------------------------------------


def test_06_old_chunks_signed_again_with_a_newer_key() -> None:
    """Chunks signed by a key that the grant does not name are not this session's."""
    newer = honest(device=device_key(7)).evidence
    check(replace(TRACE.evidence, chunks=newer.chunks, receipts=newer.receipts), "chunk.bad_signature")
    check(replace(TRACE.evidence, device_key=newer.device_key, opening=newer.opening), "grant.jkt", *NEWER)


NEWER = ("chunk.bad_signature",)


def test_06_opening_names_another_key() -> None:
    """An opening must be signed by the key that it names."""
    statement = opening.open_opening(dsse.parse_envelope(TRACE.evidence.opening), TRACE.device.public).statement
    lied = statement.model_copy(update={"jkt": device_key(7).jkt})
    evidence = replace(TRACE.evidence, opening=dsse.seal(lied, OPENING_TYPE, TRACE.device))

    assert {"opening.jkt", "grant.jkt"} <= {finding.code for finding in check_any(evidence)}


def test_06_unsigned_offered_as_signed() -> None:
    """An envelope without a signature, or with an empty one, is no envelope."""
    line, payload = chunk.split_body(TRACE.evidence.chunks[1])
    envelope = json.loads(line)
    for signatures in ([], [{"keyid": TRACE.device.jkt, "sig": ""}]):
        unsigned = canonical.encode({**envelope, "signatures": signatures})
        found = {finding.code for finding in check_any(TRACE.with_chunk(1, chunk.join_body(unsigned, payload)))}
        assert found <= {"chunk.bad_envelope", "chunk.bad_signature"}
        assert found


def test_06_garbage_links_in_the_middle() -> None:
    """Right ends do not excuse a wrong link between them."""
    run = list(TRACE.runs[1])
    event = json.loads(run[1])
    run[1] = canonical.encode({**event, "prev": "0" * 64})
    check(resigned(TRACE, 1, tuple(run)), "event.prev")


def test_06_head_out_that_the_events_do_not_reach() -> None:
    """The head that was signed is the one that the lines lead to."""
    check(resigned(TRACE, 1, TRACE.runs[1], head_out="0" * 64), "chunk.head_out")


# 8 (7, the fork, needs a collector: tests/collector) ------------------------------------------------------------


@pytest.mark.parametrize("by_ms", [3_600_000, -86_400_000, 315_360_000_000, -(2 * 10**12)])
def test_08_dates_are_labels(by_ms: int) -> None:
    """A wall clock that is hours, days or decades off, or before 1970, is no tampering."""
    session = honest(seed=8)
    shifted = [json.loads(line)["ts_ms"] + by_ms for run in session.runs for line in run]

    assert shifted
    check(session.evidence)


def test_08_monotonic_clock_goes_backwards() -> None:
    """The session's own clock never goes backwards."""

    def backwards(seq: int, event: dict) -> dict | None:
        return {**event, "mono_ms": 0} if seq == TRACE.manifests[1].last else None

    check(resigned(TRACE, 1, relinked(TRACE, 1, backwards)), "event.mono_ms")


def test_08_clock_is_followed_across_chunks() -> None:
    """The clock may not go backwards between two chunks either."""

    def backwards(_seq: int, event: dict) -> dict:
        return {**event, "mono_ms": 0}

    check(resigned(TRACE, 1, relinked(TRACE, 1, backwards)), "event.mono_ms")


def test_08_receipt_older_than_the_grant() -> None:
    """A collector's times bracket the session: a receipt before the grant is backdated."""
    manifest = TRACE.manifests[0]
    old = receipt.seal_receipt(manifest, digest.chunk_id(dsse.payload_of(manifest)), received_ms=1, key=TRACE.server)
    check(replace(TRACE.evidence, receipts=(old, *TRACE.evidence.receipts[1:])), "receipt.backdated")


# 9 ------------------------------------------------------------------------------------------------------------


def granted(**lies: object) -> bytes:
    """Return the grant with lies in it, signed by the collector."""
    grant = opening.open_grant(dsse.parse_envelope(TRACE.evidence.grant), TRACE.server.public).statement
    return dsse.seal(grant.model_copy(update=lies), GRANT_TYPE, TRACE.server)


@pytest.mark.parametrize(
    ("field", "lie"),
    [
        ("participant_id", "p-2"),
        ("jkt", device_key(5).jkt),
        ("nonce", "0" * 64),
        ("consent", None),
        ("trace_id", "trace-" + "0" * 32),
    ],
)
def test_09_grant_of_another(field: str, lie: object) -> None:
    """A grant for another participant, key, opening, consent or trace is not this session's."""
    found = {finding.code for finding in check_any(replace(TRACE.evidence, grant=granted(**{field: lie})))}
    assert f"grant.{field}" in found


def test_09_forged_grant() -> None:
    """A grant that the participant signed is no grant."""
    grant = opening.open_grant(dsse.parse_envelope(TRACE.evidence.grant), TRACE.server.public).statement
    check(replace(TRACE.evidence, grant=dsse.seal(grant, GRANT_TYPE, TRACE.device)), "grant.bad_signature")


def test_09_offline_opening_is_its_own_genesis() -> None:
    """An offline session starts from its opening; one for another trace id does not fit its grant."""
    offline = honest(kind="offline_open")
    check(offline.evidence)

    statement = opening.open_opening(dsse.parse_envelope(offline.evidence.opening), offline.device.public).statement
    lied = statement.model_copy(update={"trace_id": "trace-" + "0" * 32})
    evidence = replace(offline.evidence, opening=dsse.seal(lied, OPENING_TYPE, offline.device))
    assert "grant.trace_id" in {finding.code for finding in check_any(evidence)}


LIES = {
    "participant_id": "p-2",
    "consent": {"version": "2", "sha256": "d" * 64},
    "kind": "local",
    "task_id": "BUG-2",
    "repo_origin": "https://example.com/other",
    "start_commit": "b" * 40,
}


@pytest.mark.parametrize("field", LIES)
def test_09_start_names_what_was_opened_and_granted(field: str) -> None:
    """session_start names the participant, consent, kind, task, repository and commit that were opened and granted."""

    def lying(seq: int, event: dict) -> dict | None:
        lie = LIES[field]
        return {**event, "data": {**event["data"], field: lie}} if seq == 0 else None

    session = honest(chunks=1)
    evidence = resigned(session, 0, relinked(session, 0, lying))
    check(replace(evidence, receipts=()), f"event.{field}")
