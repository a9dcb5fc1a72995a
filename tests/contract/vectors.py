"""Build the contract's vectors: for every type good ones, and bad ones that every language must refuse.

Written once, never edited: `pytest --update` adds what is missing and leaves the rest alone. The keys are made
from fixed seeds and are worth nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patchtrail.contract import evidence as models
from patchtrail.contract.evidence import (
    CHUNK_TYPE,
    DEVICE_TYPE,
    GRANT_TYPE,
    KEYS_TYPE,
    OPENING_TYPE,
    RECEIPT_TYPE,
    DeviceRegistration,
)
from patchtrail.contract.forgetting import FORGET_TYPE, FORGOTTEN_TYPE
from patchtrail.integrity import canonical, chunk, digest, dsse
from patchtrail.integrity.keys import SMALL_ORDER_Y, SigningKey, unpadded
from tests.contract.event_data import LATER_EVENTS
from tests.contract.forgetting_samples import FORGET, FORGOTTEN
from tests.contract.log_samples import STATEMENT
from tests.contract.patch_samples import PATCH_EVENTS, WRONG_PATCH_EVENTS
from tests.contract.samples import ABSENT, SAMPLES, WRONG
from tests.integrity.forging import NOT_CANONICAL
from tests.integrity.honest import Honest, check, device_key, honest, server_key, sign_chunk

FOLDER = Path(__file__).parents[2] / "shared" / "vectors"
SIGNED = {
    "Opening": OPENING_TYPE,
    "Grant": GRANT_TYPE,
    "ChunkManifest": CHUNK_TYPE,
    "Receipt": RECEIPT_TYPE,
    "DeviceRegistration": DEVICE_TYPE,
    "KeyStatement": KEYS_TYPE,
    "Forget": FORGET_TYPE,
    "Forgotten": FORGOTTEN_TYPE,
}
HEAD = {"log_size": 8, "log_root": "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"}
LOGGED = {"Opening": HEAD, "Grant": HEAD, "Receipt": {**HEAD, "leaf_index": 7, "commit": "5" * 64}}
BY_THE_COLLECTOR = ("Grant", "Receipt", "KeyStatement")


@dataclass(frozen=True)
class Vector:
    """One file: its type's folder, its name, whether it is good, and its content."""

    type: str
    name: str
    is_good: bool
    content: dict[str, Any]

    @property
    def path(self) -> Path:
        """Where the file stands."""
        return FOLDER / self.type / f"{self.name}{'' if self.is_good else '.bad'}.json"


def vectors() -> Iterator[Vector]:
    """Yield every vector of the contract."""
    yield from plain()
    yield from signed()
    yield from lines()
    yield from chunks()
    yield from public_keys()
    yield from seconds()
    yield from dollars()


def write_missing() -> None:
    """Write the vectors that are not there yet, and list them all with their sums."""
    for vector in vectors():
        if not vector.path.exists():
            vector.path.parent.mkdir(parents=True, exist_ok=True)
            vector.path.write_text(json.dumps(vector.content, indent=2, ensure_ascii=False, sort_keys=True) + "\n")
    files = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.json"))
    sums = [f"{hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()}  {name}\n" for name in files]
    (FOLDER / "SHA256SUMS").write_text("".join(sums))


def plain() -> Iterator[Vector]:
    """Types that travel as JSON: the good ones fit the schema, the bad ones do not."""
    for name, values in SAMPLES.items():
        for label, value in values.items():
            yield Vector(name, label, True, {"about": f"A {name}: {label.replace('_', ' ')}.", "value": value})
        whole = next(iter(values.values()))
        for label, change in WRONG[name].items():
            value = change if isinstance(change, list) else without_absent({**whole, **change})
            yield Vector(name, label, False, {"about": f"Not a {name}: {label.replace('_', ' ')}.", "value": value})


def without_absent(value: dict[str, Any]) -> dict[str, Any]:
    """Leave out the fields that are marked as absent."""
    return {name: one for name, one in value.items() if one != ABSENT}


def signed() -> Iterator[Vector]:
    """Signed statements: an envelope, the key, and what it opens to, or the code with which it is refused."""
    for name, statement in statements().items():
        payload_type, key = SIGNED[name], server_key() if name in BY_THE_COLLECTOR else device_key()
        envelope = json.loads(dsse.seal(statement, payload_type, key))
        shown = {"payload_type": payload_type, "public_key": key.public.jwk.model_dump()}
        value = canonical.decode(dsse.payload_of(statement))
        yield Vector(name, "signed", True, {"about": "Opens.", "envelope": envelope, "value": value, **shown})
        if name in LOGGED:
            told = statement.model_copy(update=LOGGED[name])
            envelope_of_it = json.loads(dsse.seal(told, payload_type, key))
            value_of_it = canonical.decode(dsse.payload_of(told))
            about = {"about": "Opens, and names the log.", "envelope": envelope_of_it, "value": value_of_it}
            yield Vector(name, "logged", True, {**about, **shown})
        for label, (code, bad) in forged(envelope, payload_type, value, key).items():
            about = f"Refused: {label.replace('_', ' ')}."
            yield Vector(name, label, False, {"about": about, "envelope": bad, "code": code, **shown})


def statements() -> dict[str, Any]:
    """Return a sound statement of each signed type."""
    session = honest(seed=42)
    verdict = check(session.evidence)
    assert verdict.events
    device, server = session.device.public, session.server.public
    opened = {
        "Opening": (session.evidence.opening, device),
        "Grant": (session.evidence.grant, server),
        "Receipt": (session.evidence.receipts[0], server),
    }
    found: dict[str, Any] = {
        name: dsse.open_envelope(dsse.parse_envelope(line), SIGNED[name], getattr(models, name), key).statement
        for name, (line, key) in opened.items()
    }
    found["ChunkManifest"] = session.manifests[1]
    found["DeviceRegistration"] = DeviceRegistration(
        v=1, challenge="0" * 64, jkt=device.jkt, participant_id="p-1", study_id="default", host_hint="laptop"
    )
    found["KeyStatement"] = STATEMENT
    return {**found, "Forget": FORGET, "Forgotten": FORGOTTEN}


def forged(
    envelope: dict[str, Any], payload_type: str, value: dict[str, Any], key: SigningKey
) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return envelopes that must not open, by what is wrong with them."""
    signature = envelope["signatures"][0]
    flipped = base64.b64encode(
        bytes([base64.b64decode(signature["sig"])[0] ^ 1]) + base64.b64decode(signature["sig"])[1:]
    )
    spaced = json.dumps(value).encode()
    shortened = {name: one for name, one in value.items() if name != "v"}
    return {
        "flipped_signature": ("bad_signature", {**envelope, "signatures": [{**signature, "sig": flipped.decode()}]}),
        "another_type": ("wrong_type", {**envelope, "payloadType": f"{payload_type}x"}),
        "another_key": ("bad_signature", sealed(canonical.encode(value), payload_type, device_key(99))),
        "no_signature": ("bad_envelope", {**envelope, "signatures": []}),
        "url_safe_base64": ("bad_envelope", {**envelope, "payload": f"{envelope['payload'][:-4]}-_A="}),
        "not_canonical": ("not_canonical", sealed(spaced, payload_type, key)),
        "missing_version": ("bad_statement", sealed(canonical.encode(shortened), payload_type, key)),
        "version_2": ("bad_statement", sealed(canonical.encode({**value, "v": 2}), payload_type, key)),
    }


def sealed(payload: bytes, payload_type: str, key: SigningKey) -> dict[str, Any]:
    """Return an envelope around any bytes."""
    signature = base64.b64encode(key.sign(dsse.pae(payload_type, payload))).decode()
    return {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": payload_type,
        "signatures": [{"keyid": key.jkt, "sig": signature}],
    }


def lines() -> Iterator[Vector]:
    """Event lines: canonical bytes with their hash, and bytes that must be refused."""
    session = honest(seed=7, chunks=6)
    seen: set[str] = set()
    for line in (line for run in session.runs for line in run):
        kind = json.loads(line)["type"]
        if kind not in seen:
            seen.add(kind)
            content = {"about": f"An event line: {kind}.", "line_base64": b64(line), "hash": digest.event_hash(line)}
            yield Vector("Event", kind, True, content)
    good = json.loads(session.runs[0][0])
    for name, value in SAMPLES_OF_DATA.items():
        line = canonical.encode({**good, "type": name, "data": value})
        if name not in seen:
            content = {"about": f"An event line: {name}.", "line_base64": b64(line), "hash": digest.event_hash(line)}
            yield Vector("Event", name, True, content)
    for label, (name, value) in {**LATER_EVENTS, **PATCH_EVENTS}.items():
        line = canonical.encode({**good, "type": name, "data": value})
        content = {"about": f"An event line: {name}.", "line_base64": b64(line), "hash": digest.event_hash(line)}
        yield Vector("Event", label, True, content)
    for label, bad in NOT_CANONICAL.items():
        name = "".join(char if char.isalnum() else "_" for char in label).lower()
        yield Vector("Event", name, False, {"about": f"Not canonical: {label}.", "line_base64": b64(bad)})
    for label, event in {
        "unknown_type": {**good, "type": "telepathy"},
        "text_for_a_number": {**good, "ts_ms": "1"},
        "negative_seq": {**good, "seq": -1},
        "data_of_another_type": {**good, "type": "commit"},
        "no_prev": {name: one for name, one in good.items() if name != "prev"},
        **{label: {**good, "type": name, "data": value} for label, (name, value) in WRONG_PATCH_EVENTS.items()},
    }.items():
        about = f"Malformed: {label.replace('_', ' ')}."
        yield Vector("Event", label, False, {"about": about, "line_base64": b64(canonical.encode(event))})


def chunks() -> Iterator[Vector]:
    """Whole request bodies of chunks, with where the trace stands before them."""
    session = honest(seed=11)
    for n, body in enumerate(session.evidence.chunks):
        told = {**position(session, n), "body_base64": b64(body), "head_out": session.manifests[n].head_out}
        told["chunk_id"] = digest.chunk_id(dsse.payload_of(session.manifests[n]))
        yield Vector("Chunk", f"chunk_{n}", True, {"about": f"Chunk {n} of a session.", **told})
    for label, (code, body) in bad_bodies(session).items():
        about = f"Refused: {label.replace('_', ' ')}."
        content = {"about": about, **position(session, 1), "body_base64": b64(body), "code": code}
        yield Vector("Chunk", label, False, content)


def position(session: Honest, n: int) -> dict[str, Any]:
    """Return what a verifier must know before chunk `n`."""
    manifest = session.manifests[n]
    return {
        "trace_id": session.evidence.trace_id,
        "n": n,
        "public_key": session.device.public.jwk.model_dump(),
        "prev_chunk": manifest.prev_chunk,
        "head_in": manifest.head_in,
        "first": manifest.first,
    }


def bad_bodies(session: Honest) -> dict[str, tuple[str, bytes]]:
    """Return bodies that must not be accepted as chunk 1, with the code of what is wrong."""
    run, good = session.runs[1], session.evidence.chunks[1]
    line, _ = chunk.split_body(good)
    raw = b"".join(one + b"\n" for one in run)

    def lying(lines: tuple[bytes, ...] = run, **lies: object) -> bytes:
        manifest = session.manifests[1]
        place = {"prev_chunk": manifest.prev_chunk, "head_in": manifest.head_in, "first": manifest.first}
        return sign_chunk(lines, session.device, trace_id=manifest.trace_id, n=1, lies=lies, **place)

    broken = (run[0], canonical.encode({**json.loads(run[1]), "prev": "0" * 64}), *run[2:])
    return {
        "zero_bytes": ("chunk.bad_chunk", b""),
        "no_payload": ("chunk.bad_payload", line + b"\n"),
        "another_payload": ("chunk.raw_sha256", line + b"\n" + chunk.compress(raw.replace(b"a", b"b", 1))),
        "another_device": ("chunk.bad_signature", honest(seed=11, device=device_key(5)).evidence.chunks[1]),
        "another_trace": ("chunk.trace_id", honest(seed=12).evidence.chunks[1]),
        "another_number": ("chunk.n", session.evidence.chunks[2]),
        "no_events": ("chunk.empty", lying(())),
        "dropped_event": ("event.seq", lying(run[1:])),
        "swapped_events": ("event.seq", lying((run[1], run[0], *run[2:]))),
        "broken_link": ("event.prev", lying(broken)),
        "another_head": ("chunk.head_out", lying(head_out="0" * 64)),
        "invented_end": ("event.session_end", lying(end="participant")),
        "count_that_lies": ("chunk.count", lying(last=session.manifests[1].last + 1)),
        "first_that_lies": (
            "chunk.first",
            lying(first=session.manifests[1].first + 1, last=session.manifests[1].last + 1),
        ),
        "another_predecessor": ("chunk.prev_chunk", lying(prev_chunk="0" * 64)),
        "another_head_in": ("chunk.head_in", lying(head_in="0" * 64)),
        "longer_than_said": ("chunk.frame_size", line + b"\n" + chunk.compress(raw + b"\n")),
        "key_that_lies": ("chunk.jkt", lying(jkt=device_key(5).jkt)),
    }


def public_keys() -> Iterator[Vector]:
    """Sound keys with their thumbprints, and all fourteen encodings that are none."""
    key = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    jkt = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    yield Vector("PublicKey", "rfc8037", True, {"about": "RFC 8037 A.3.", "value": key, "jkt": jkt})
    prime = 2**255 - 19
    for y in sorted({*SMALL_ORDER_Y, prime, prime + 1}):
        for sign in (0, 1):
            encoding = (y | sign << 255).to_bytes(32, "little")
            value = {**key, "x": unpadded(encoding)}
            about = "A small-order or non-canonical point: anyone could sign for it."
            yield Vector(
                "PublicKey",
                f"point_{encoding.hex()[:8]}_{encoding.hex()[-4:]}",
                False,
                {"about": about, "value": value},
            )


def seconds() -> Iterator[Vector]:
    """Signed milliseconds and published decimal seconds, both ways."""
    for name, millis in {
        "published": 1_696_435_200_000,
        "fraction": 1_696_435_200_123,
        "before_1970": -1,
        "zero": 0,
    }.items():
        content = {"about": "Milliseconds and decimal seconds.", "millis": millis, "seconds": millis / 1000}
        yield Vector("Seconds", name, True, content)
    wrong = {"about": "These are not the same instant.", "millis": 1_696_435_200_123, "seconds": 1_696_435_200.0}
    yield Vector("Seconds", "rounded", False, wrong)


def dollars() -> Iterator[Vector]:
    """Signed millionths of a dollar and published decimal dollars, both ways."""
    for name, microusd in {"cent": 10_000, "fraction": 1_234, "zero": 0, "thousand": 1_000_000_001}.items():
        content = {"about": "Millionths and decimal dollars.", "microusd": microusd, "usd": microusd / 1_000_000}
        yield Vector("Dollars", name, True, content)
    wrong = {"about": "These are not the same price.", "microusd": 1_234, "usd": 0.0012}
    yield Vector("Dollars", "rounded", False, wrong)


def b64(content: bytes) -> str:
    """Return standard base64."""
    return base64.b64encode(content).decode()


SAMPLES_OF_DATA: dict[str, dict[str, Any]] = {
    "test_run": {
        "command_line": "pytest -q",
        "evidence": "junit",
        "exit_code": 1,
        "duration_ms": 812,
        "totals": {"tests": 1, "passed": 0, "failed": 1, "errors": 0, "skipped": 0},
        "cases": [{"test_id": "t::a[x-1]", "outcome": "failed", "duration_ms": 3, "message": "assert 1 == 2"}],
        "cases_artifact": {"sha256": "a" * 64, "size_bytes": 10, "media_type": "application/x-ndjson"},
    },
    "commit": {
        "sha": "b" * 40,
        "parents": ["c" * 40],
        "message": "Fix: ünïcode",
        "kind": "amend",
        "diff_unified": "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n",
        "diff_artifact": None,
    },
    "redactor": {"rules_version": "1", "rules_sha256": "d" * 64, "literal_count": 4},
    "recovered": {"torn_bytes": 12, "lost_events": 0},
    "gap": {"from_ms": 0, "to_ms": 5, "reason": "restart"},
    "pause": {"reason": "gate", "gate_reasons": ["Telemetry is off in the editor."]},
    "resume": {"reason": "gate"},
    "clock_step": {"delta_ms": -3_600_000},
    "heartbeat": {},
    "rationale_note": {"kind": "next_step", "text": "Try it.", "confidence": None, "links": []},
    "cmd_run": {
        "command_line": "ls",
        "confidence": "unknown",
        "cwd": "/w",
        "exit_code": None,
        "duration_ms": 0,
        "output_tail": "",
        "output_size_bytes": 0,
        "output_artifact": None,
    },
    "file_edit": {
        "file_path": "a.py",
        "diff_unified": "",
        "diff_artifact": None,
        "base_artifact": None,
        "buffer_hash_after": None,
        "is_replayable": False,
        "withheld": "denied_path",
        "size_bytes": 9,
        "evidence": "unknown",
    },
    "session_end": {"reason": "abandoned"},
}
