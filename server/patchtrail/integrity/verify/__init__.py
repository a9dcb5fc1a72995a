"""The verifier: what is wrong with signed evidence, and where."""

from patchtrail.integrity.verify.assurance import NOT_REPLAYED, assurance_of, late_receipt, silences
from patchtrail.integrity.verify.chunk import (
    ChunkTip,
    OpenedChunk,
    VerifiedEvent,
    artifact_refs,
    check_position,
    open_chunk,
    read_events,
)
from patchtrail.integrity.verify.finding import Finding
from patchtrail.integrity.verify.trace import TraceEvidence, TraceVerdict, verify_trace

__all__ = [
    "NOT_REPLAYED",
    "ChunkTip",
    "Finding",
    "OpenedChunk",
    "TraceEvidence",
    "TraceVerdict",
    "VerifiedEvent",
    "artifact_refs",
    "assurance_of",
    "check_position",
    "late_receipt",
    "open_chunk",
    "read_events",
    "silences",
    "verify_trace",
]
