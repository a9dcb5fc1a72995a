"""Digests of phrases: what is stored in place of a phrase, and compared when a member comes back."""

import hashlib
import hmac

ROUNDS = 1000


def digest_of(phrase: str, salt: bytes) -> bytes:
    """Return what is stored of a phrase."""
    return hashlib.pbkdf2_hmac("sha256", phrase.strip().encode("utf-8", "ignore"), salt, ROUNDS)


def matches(phrase: str, salt: bytes, stored: bytes) -> bool:
    """Return whether a phrase is the one that was stored."""
    return hmac.compare_digest(digest_of(phrase, salt), stored)
