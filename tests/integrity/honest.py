"""Honest sessions, made from a seed: the evidence that the verifier must accept, and the keys to forge it with."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

from patchtrail.contract.artifact import ArtifactRef
from patchtrail.contract.base_snapshot import BASE_MEDIA_TYPE
from patchtrail.contract.event_lines import EventData
from patchtrail.contract.events import (
    ClockStep,
    CmdRun,
    ConsentRef,
    Gap,
    Heartbeat,
    Pause,
    RationaleNote,
    Recovered,
    Resume,
    SessionEnd,
    SessionStart,
)
from patchtrail.contract.evidence import CHUNK_TYPE, GRANT_TYPE, OPENING_TYPE, ChunkManifest, Grant, Opening
from patchtrail.contract.files import FileEdit
from patchtrail.integrity import chunk, digest, dsse, opening, receipt
from patchtrail.integrity.chain import ChainHead, link
from patchtrail.integrity.keys import SigningKey
from patchtrail.integrity.verify import TraceEvidence, TraceVerdict, verify_trace
from patchtrail.text import diff

__all__ = ["Honest", "check", "device_key", "honest", "server_key", "sign_chunk", "text_edit"]

CONSENT = ConsentRef(version="1", sha256="c" * 64)
ODD_TEXTS = ("hello", "grüße", "🐛", "\u2028", "a\tb", "\x7f\x00", 'say "hi"')
START_MS = 1_760_000_000_000


def device_key(seed: int = 0) -> SigningKey:
    """Return a device's key."""
    return SigningKey(hashlib.sha256(f"device {seed}".encode()).digest())


def server_key(seed: int = 0) -> SigningKey:
    """Return a collector's key."""
    return SigningKey(hashlib.sha256(f"server {seed}".encode()).digest())


@dataclass(frozen=True)
class Honest:
    """A session: its evidence, and the event lines of each chunk from which forgeries are made."""

    evidence: TraceEvidence
    runs: tuple[tuple[bytes, ...], ...]
    genesis: str
    device: SigningKey
    server: SigningKey

    @property
    def manifests(self) -> list[ChunkManifest]:
        """The manifests, in order."""
        return [manifest_of(body, self.device) for body in self.evidence.chunks]

    def with_chunk(self, n: int, body: bytes) -> TraceEvidence:
        """Return the evidence with another body for one chunk."""
        bodies = list(self.evidence.chunks)
        bodies[n] = body
        return replace(self.evidence, chunks=tuple(bodies))


def honest(
    seed: int = 0,
    *,
    chunks: int = 3,
    kind: str = "online",
    participant: str = "p-1",
    study: str = "default",
    device: SigningKey | None = None,
    server: SigningKey | None = None,
    base: bytes | None = None,
) -> Honest:
    """Return an honest, complete and receipted session; its end names `base` as its base snapshot."""
    dice, device, server = random.Random(seed), device or device_key(), server or server_key()
    trace_id = f"trace-{hashlib.sha256(f'{seed} {kind}'.encode()).hexdigest()[:32]}"
    statement = Opening(
        v=1,
        kind=kind,
        trace_id=trace_id if kind == "offline_open" else None,
        participant_id=participant,
        task_id="BUG-1",
        task_title="A bug",
        repo_origin="https://example.com/shop",
        start_commit="a" * 40,
        consent=CONSENT,
        newest_receipt=None,
        jkt=device.jkt,
        nonce=hashlib.sha256(str(seed).encode()).hexdigest(),
        made_ms=START_MS,
    )
    grant = Grant(
        v=1,
        trace_id=trace_id,
        study_id=study,
        participant_id=participant,
        consent=CONSENT,
        jkt=device.jkt,
        nonce=statement.nonce,
        issued_ms=START_MS + 5,
    )
    opened, granted = dsse.seal(statement, OPENING_TYPE, device), dsse.seal(grant, GRANT_TYPE, server)
    genesis = opening.genesis_of(
        opening.open_opening(dsse.parse_envelope(opened), device.public),
        opening.open_grant(dsse.parse_envelope(granted), server.public),
    )
    told = list(acts(dice, kind, participant, chunks))
    blobs = {} if base is None else {digest.sha256(base): base}
    for sha256, content in blobs.items():
        ref = ArtifactRef(sha256=sha256, size_bytes=len(content), media_type=BASE_MEDIA_TYPE)
        told[-1][-1] = SessionEnd(reason="participant", base_snapshot=ref)
    runs = lines_of(told, trace_id, genesis, dice)
    bodies, receipts = seal_runs(runs, trace_id, genesis, device, server)
    evidence = TraceEvidence(
        trace_id=trace_id,
        device_key=device.public.jwk,
        server_keys=(server.public.jwk,),
        opening=opened,
        grant=granted,
        chunks=bodies,
        receipts=receipts,
        artifacts=blobs,
    )
    return Honest(evidence, runs, genesis, device, server)


def acts(dice: random.Random, kind: str, participant: str, chunks: int) -> list[list[EventData]]:
    """Return what happens in a session, a list per chunk."""
    start = SessionStart(
        kind=kind,
        participant_id=participant,
        task_id="BUG-1",
        task_title="A bug",
        task_description="",
        repo_origin="https://example.com/shop",
        start_commit="a" * 40,
        consent=CONSENT,
        os="Linux 6",
        python_version="3.11.7",
        sidecar_version="0.1.0",
        client_name="test",
        client_version="1",
    )
    told: list[list[EventData]] = [[start, *(act(dice) for _ in range(dice.randint(1, 3)))]]
    told += [[act(dice) for _ in range(dice.randint(2, 4))] for _ in range(chunks - 1)]
    told[-1].append(SessionEnd(reason="participant"))
    return told


def act(dice: random.Random) -> EventData:
    """Return some event that is not a start or an end."""
    return dice.choice(
        (
            text_edit("def f():\n    return 1\n", f"def f():\n    return {dice.randint(2, 99)}\n"),
            CmdRun(
                command_line="echo " + dice.choice(ODD_TEXTS),
                confidence="high",
                cwd="/w",
                exit_code=dice.choice((0, 1, -9, None)),
                duration_ms=dice.randint(0, 10_000),
                output_tail="out\n" * dice.randint(0, 40),
                output_size_bytes=4,
                output_artifact=None,
            ),
            RationaleNote(kind="hypothesis", text="An off-by-one — surely.", confidence="low", links=[0]),
            Heartbeat(),
            ClockStep(delta_ms=dice.choice((-3_600_000, 3_600_000))),
        )
    )


def text_edit(before: str, after: str, path: str = "shop.py") -> FileEdit:
    """Return the edit that a save makes."""
    return FileEdit(
        file_path=path,
        diff_unified=diff(before, after, path),
        diff_artifact=None,
        base_artifact=None,
        buffer_hash_after=digest.sha256(after.encode()),
        is_replayable=True,
        withheld=None,
        size_bytes=len(after.encode()),
        evidence="unknown",
    )


def lines_of(
    told: list[list[EventData]], trace_id: str, genesis: str, dice: random.Random
) -> tuple[tuple[bytes, ...], ...]:
    """Chain the acts; the wall clock wanders, steps and even goes backwards, the monotonic one does not."""
    head, runs, mono_ms, wall_ms = ChainHead(0, genesis), [], 0, START_MS
    for acts_of_chunk in told:
        run = []
        for told_data in with_silences(acts_of_chunk, dice):
            pause_ms = 90_000 if isinstance(told_data, Resume | Gap) else dice.randint(0, 25_000)
            last_ms, mono_ms = mono_ms, mono_ms + pause_ms
            data = told_data
            if isinstance(told_data, Gap):
                data = told_data.model_copy(update={"from_ms": last_ms, "to_ms": mono_ms})
            wall_ms += pause_ms + dice.choice((0, 0, 0, -86_400_000, 86_400_000, 315_360_000_000))
            linked = link(head, trace_id=trace_id, data=data, ts_ms=wall_ms, mono_ms=mono_ms)
            run.append(linked.line)
            head = linked.after
        runs.append(tuple(run))
    return tuple(runs)


def with_silences(told: list[EventData], dice: random.Random) -> list[EventData]:
    """Insert what honest sessions have between acts: pauses, a suspended machine, a killed sidecar."""
    extra: list[list[EventData]] = [
        [],
        [],
        [Pause(reason="participant", gate_reasons=[]), Resume(reason="participant")],
        [Gap(from_ms=0, to_ms=0, reason="suspended")],
        [Gap(from_ms=0, to_ms=0, reason="reboot"), Recovered(torn_bytes=17, lost_events=0)],
    ]
    return [told[0], *dice.choice(extra), *told[1:]]


def seal_runs(
    runs: tuple[tuple[bytes, ...], ...], trace_id: str, genesis: str, device: SigningKey, server: SigningKey
) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Sign each run as a chunk, and receipt it."""
    bodies, receipts, prev, head, seq = [], [], genesis, genesis, 0
    for n, run in enumerate(runs):
        body = sign_chunk(run, device, trace_id=trace_id, n=n, prev_chunk=prev, head_in=head, first=seq)
        manifest = manifest_of(body, device)
        prev, head, seq = digest.chunk_id(dsse.payload_of(manifest)), manifest.head_out, manifest.last + 1
        bodies.append(body)
        receipts.append(receipt.seal_receipt(manifest, prev, received_ms=START_MS + 1_000 + n * 60_000, key=server))
    return tuple(bodies), tuple(receipts)


def sign_chunk(
    run: tuple[bytes, ...],
    device: SigningKey,
    *,
    trace_id: str,
    n: int,
    prev_chunk: str,
    head_in: str,
    first: int,
    lies: Mapping[str, object] | None = None,
) -> bytes:
    """Return the body of a chunk of these lines; `lies` are what its manifest says wrongly."""
    raw = b"".join(line + b"\n" for line in run)
    head_out = digest.event_hash(run[-1]) if run else head_in
    end = "participant" if run and b'"type":"session_end"' in run[-1] else None
    manifest = chunk.manifest_for(
        raw,
        trace_id=trace_id,
        n=n,
        prev_chunk=prev_chunk,
        before=ChainHead(first, head_in),
        after=ChainHead(first + len(run), head_out),
        end=end,
        lost=0,
        made_ms=START_MS + n * 60_000,
        jkt=device.jkt,
    )
    lied = manifest.model_copy(update=dict(lies or {}))
    return chunk.join_body(dsse.seal(lied, CHUNK_TYPE, device), chunk.payload_of(raw, manifest))


def manifest_of(body: bytes, device: SigningKey) -> ChunkManifest:
    """Return what a chunk's manifest says."""
    envelope = dsse.parse_envelope(chunk.split_body(body)[0])
    return dsse.open_envelope(envelope, CHUNK_TYPE, ChunkManifest, device.public).statement


def check(evidence: TraceEvidence, *codes: str, pinned: SigningKey | None = None) -> TraceVerdict:
    """Verify evidence and compare the codes of what breaks it: the one place where these tests touch the verifier."""
    verdict = verify_trace(evidence, pinned_jkt=(pinned or server_key()).jkt)

    assert {finding.code for finding in verdict.errors} == set(codes), [str(finding) for finding in verdict.findings]
    return verdict
