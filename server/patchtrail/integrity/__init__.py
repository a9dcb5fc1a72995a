"""Canonical bytes, hash chain, signed envelopes, keys, log and the verifier. Pure: no I/O, clock or randomness."""

from patchtrail.integrity import (
    canonical,
    chain,
    checkpoint,
    chunk,
    digest,
    dsse,
    entry,
    forgetting,
    key_set,
    keys,
    merkle,
    opening,
    receipt,
    registration,
    verify,
)

__all__ = [
    "canonical",
    "chain",
    "checkpoint",
    "chunk",
    "digest",
    "dsse",
    "entry",
    "forgetting",
    "key_set",
    "keys",
    "merkle",
    "opening",
    "receipt",
    "registration",
    "verify",
]
