"""The bodies of the collector's HTTP routes.

Source of the published names: the Trace API v1 (`POST /v1/traces`, `GET /v1/traces/{id}`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from patchtrail.contract.evidence import Envelope, PublicKey, ServerKey
from patchtrail.contract.wire import Count, JwkThumbprint, Millis, Sha256, TraceId, WireModel

__all__ = [
    "ArtifactStored",
    "Assurance",
    "AssuranceLevel",
    "DeviceChallenge",
    "DeviceEnrolled",
    "DeviceProof",
    "DeviceRequest",
    "Invitation",
    "InvitationRequest",
    "KeySet",
    "ServerKey",
    "ShortText",
    "TraceCompleted",
    "TraceCreated",
    "TraceList",
    "TraceRequest",
    "TraceSummary",
    "UploadToken",
]

AssuranceLevel = Literal["L0", "L1", "L2", "L3", "L4"]
ShortText = Annotated[str, Field(min_length=1, max_length=200)]


class Assurance(WireModel):
    """How far a trace can be trusted, and what keeps it from the next level."""

    level: AssuranceLevel
    reasons: list[str]


class InvitationRequest(WireModel):
    """Ask for a one-time enrolment code; without a participant id a pseudonym is drawn."""

    participant_id: ShortText | None = None


class Invitation(WireModel):
    """A one-time enrolment code: 10 Crockford characters, stored only as a hash."""

    code: str
    participant_id: str
    expires_ms: Millis


class DeviceRequest(WireModel):
    """Step one of enrolment: the code and the public key."""

    code: ShortText
    public_key: PublicKey
    host_hint: Annotated[str, Field(max_length=200)]


class DeviceChallenge(WireModel):
    """What the device must sign, as a `DeviceRegistration`, to prove that it holds the private key."""

    device_id: str
    challenge: Sha256
    participant_id: str
    study_id: str
    expires_ms: Millis


class DeviceProof(WireModel):
    """Step two of enrolment: the signed `DeviceRegistration`."""

    registration: Envelope


class DeviceEnrolled(WireModel):
    """The device's bearer token; it is shown once and stored only as a hash."""

    device_id: str
    device_token: str
    participant_id: str
    study_id: str
    jkt: JwkThumbprint


class KeySet(WireModel):
    """The keys that sign grants, receipts and the log, newest last; `root` is the one whose fingerprint clients pin.

    `signed` is the `KeyStatement` that says the same, signed by the root key and vouched for by the receipt keys; what
    stands beside it is for readers that know no root key.
    """

    version: Count
    receipt: Annotated[list[ServerKey], Field(min_length=1)]
    log: list[ServerKey] = Field(default=[])
    log_origin: str | None = None
    expires_ms: Millis | None = None
    root: ServerKey | None = None
    signed: Envelope | None = None


class TraceRequest(WireModel):
    """Open a trace: the published body, and the device's signed `Opening` of the same facts."""

    participant_id: ShortText
    task_id: ShortText
    task_title: Annotated[str, Field(max_length=1000)]
    repo_origin: Annotated[str, Field(max_length=2000)]
    start_commit: Annotated[str, Field(max_length=64)]
    proof: Envelope


class TraceCreated(WireModel):
    """The published answer, and the signed grant."""

    trace_id: TraceId
    upload_token: str
    message: str
    grant: Envelope


class UploadToken(WireModel):
    """A fresh token for one trace's uploads."""

    trace_id: TraceId
    upload_token: str
    expires_ms: Millis


class ArtifactStored(WireModel):
    """An artifact is on disk."""

    sha256: Sha256
    size_bytes: Count


class TraceCompleted(WireModel):
    """A trace is whole; `assurance` is what can be said before its replay."""

    trace_id: TraceId
    status: Literal["complete"]
    chunks: Count
    events: Count
    assurance: Assurance


class TraceSummary(WireModel):
    """A trace in a list."""

    trace_id: TraceId
    participant_id: str
    task_id: str
    task_title: str
    status: Literal["open", "complete"]
    created_ms: Millis
    chunks: Count
    events: Count
    is_forked: bool
    assurance: Assurance


class TraceList(WireModel):
    """The newest traces first; `next_before` asks for older ones."""

    traces: list[TraceSummary]
    next_before: str | None
