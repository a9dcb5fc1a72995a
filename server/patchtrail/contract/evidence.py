"""What is signed: envelopes, openings, grants, chunk manifests, receipts, device registrations and sets of keys.

Every statement is a DSSE envelope (https://github.com/secure-systems-lab/dsse) around an RFC 8785 payload.
The version inside the payload type names the whole suite: v1 is Ed25519, SHA-256 and RFC 8785.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from patchtrail.contract.events import ConsentRef
from patchtrail.contract.wire import Base64, Count, JwkThumbprint, Millis, Sha256, TraceId, WireModel

__all__ = [
    "CHUNK_MEDIA_TYPE",
    "CHUNK_TYPE",
    "DEVICE_TYPE",
    "GRANT_TYPE",
    "KEYS_TYPE",
    "OPENING_TYPE",
    "RECEIPT_TYPE",
    "ChunkManifest",
    "DeviceRegistration",
    "Envelope",
    "Grant",
    "KeyStatement",
    "Opening",
    "PublicKey",
    "Receipt",
    "ServerKey",
    "Signature",
]

OPENING_TYPE = "application/vnd.patchtrail.opening.v1+json"
GRANT_TYPE = "application/vnd.patchtrail.grant.v1+json"
CHUNK_TYPE = "application/vnd.patchtrail.chunk.v1+json"
RECEIPT_TYPE = "application/vnd.patchtrail.receipt.v1+json"
DEVICE_TYPE = "application/vnd.patchtrail.device.v1+json"
KEYS_TYPE = "application/vnd.patchtrail.keys.v1+json"

CHUNK_MEDIA_TYPE = "application/vnd.patchtrail.chunk.v1"
"""A chunk on the wire: the DSSE envelope as one JSON line, LF, then the payload bytes."""


class Signature(WireModel):
    """One signature of an envelope; `keyid` is a hint and decides nothing."""

    keyid: str
    sig: Base64


class Envelope(WireModel):
    """A DSSE envelope: the signature covers the pre-authentication encoding of type and payload."""

    payload: Base64
    payloadType: str  # noqa: N815 -- DSSE fixes the spelling
    signatures: Annotated[list[Signature], Field(min_length=1, max_length=16)]


class PublicKey(WireModel):
    """An Ed25519 public key as an RFC 8037 JWK."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]


class Opening(WireModel):
    """The device's statement that it opens a trace: the proof behind `POST /v1/traces`.

    `kind` `online` asks the collector for a trace id; `offline_open` brings its own and names the newest
    receipt (by chunk id) and the newest tree of the log that the device held, or none: they bound its start from below.
    """

    v: Literal[1]
    kind: Literal["online", "offline_open"]
    trace_id: TraceId | None
    participant_id: str
    task_id: str
    task_title: str
    repo_origin: str
    start_commit: str
    consent: ConsentRef | None
    newest_receipt: Sha256 | None
    jkt: JwkThumbprint
    nonce: Sha256
    made_ms: Millis
    log_size: Count | None = None
    log_root: Sha256 | None = None


class Grant(WireModel):
    """The collector's signed permission to record one trace; its payload bytes are the chain's genesis."""

    v: Literal[1]
    trace_id: TraceId
    study_id: str
    participant_id: str
    consent: ConsentRef | None
    jkt: JwkThumbprint
    nonce: Sha256
    issued_ms: Millis
    log_size: Count | None = None
    log_root: Sha256 | None = None


class ChunkManifest(WireModel):
    """A sealed, numbered run of events; `raw_*` describe the uncompressed event lines."""

    v: Literal[1]
    trace_id: TraceId
    n: Count
    prev_chunk: Sha256
    first: Count
    last: Annotated[int, Field(ge=-1, le=2**53 - 1)]
    count: Count
    head_in: Sha256
    head_out: Sha256
    raw_len: Count
    raw_sha256: Sha256
    enc: Literal["identity", "zstd"]
    end: Literal["participant", "abandoned", "withdrawn"] | None
    lost: Count
    made_ms: Millis
    jkt: JwkThumbprint


class Receipt(WireModel):
    """The collector's signed answer to a chunk: it is verified, stored and on disk."""

    v: Literal[1]
    trace_id: TraceId
    n: Count
    chunk_id: Sha256
    head_out: Sha256
    received_ms: Millis
    leaf_index: Count | None = None
    commit: Sha256 | None = None
    log_size: Count | None = None
    log_root: Sha256 | None = None


class DeviceRegistration(WireModel):
    """The device's proof that it holds the private key it enrols."""

    v: Literal[1]
    challenge: Sha256
    jkt: JwkThumbprint
    participant_id: str
    study_id: str
    host_hint: str


class ServerKey(WireModel):
    """One of the collector's public keys; old ones are kept to verify old receipts."""

    jkt: JwkThumbprint
    public_key: PublicKey
    created_ms: Millis


class KeyStatement(WireModel):
    """The collector's keys, newest last, as its root key signs them. A reader never goes back to a lower `version`."""

    v: Literal[1]
    version: Count
    expires_ms: Millis
    log_origin: Annotated[str, Field(min_length=1, max_length=300)]
    root: ServerKey
    receipt: Annotated[list[ServerKey], Field(min_length=1, max_length=100)]
    log: Annotated[list[ServerKey], Field(min_length=1, max_length=100)]
