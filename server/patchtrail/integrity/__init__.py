"""Canonical bytes, hash chain, signed envelopes, keys and the verifier. Pure: no I/O, clock or randomness."""

from patchtrail.integrity import canonical, chain, chunk, digest, dsse, keys, opening, receipt, registration, verify

__all__ = [
    "canonical",
    "chain",
    "chunk",
    "digest",
    "dsse",
    "keys",
    "opening",
    "receipt",
    "registration",
    "verify",
]
