"""Domain-separated SHA-256: every hash of the design has its own tag, so that none can stand for another."""

from __future__ import annotations

import hashlib

__all__ = ["chunk_id", "event_hash", "genesis", "sha256"]

GENESIS_TAG = b"patchtrail/genesis/v1\n"
EVENT_TAG = b"patchtrail/event/v1\n"


def sha256(content: bytes) -> str:
    """Return the plain SHA-256 of `content`, lower-case hex."""
    return hashlib.sha256(content).hexdigest()


def genesis(opening_payload: bytes) -> str:
    """Return the value before event 0: the hash of the grant's or the offline opening's payload bytes."""
    return hashlib.sha256(GENESIS_TAG + opening_payload).hexdigest()


def event_hash(line: bytes) -> str:
    """Return the hash of one event line, without its LF."""
    return hashlib.sha256(EVENT_TAG + line).hexdigest()


def chunk_id(manifest_payload: bytes) -> str:
    """Return the id of a chunk: the plain SHA-256 of its manifest's payload bytes."""
    return sha256(manifest_payload)
