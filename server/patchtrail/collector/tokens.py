"""Bearer tokens and enrolment codes: drawn here, shown once, stored as SHA-256."""

from __future__ import annotations

import secrets
import string
import zlib

from patchtrail.integrity import digest

__all__ = [
    "DEVICE_PREFIX",
    "SERVER_PREFIX",
    "UPLOAD_PREFIX",
    "draw_code",
    "draw_token",
    "is_well_formed",
    "stored_form",
]

DEVICE_PREFIX = "ptd_"
UPLOAD_PREFIX = "ptu_"
SERVER_PREFIX = "pts_"
BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SECRET_CHARS = 30
CHECK_CHARS = 6
CODE_CHARS = 10


def draw_token(prefix: str) -> str:
    """Return a token: its prefix, 30 base62 characters (178 bits), and 6 of CRC-32 that catch a mistyped one."""
    body = prefix + "".join(secrets.choice(BASE62) for _ in range(SECRET_CHARS))
    return body + _check(body)


def is_well_formed(token: str) -> bool:
    """Return whether a token can be one of ours, before any look-up."""
    return (
        token.isascii()
        and len(token) == len(DEVICE_PREFIX) + SECRET_CHARS + CHECK_CHARS
        and (_check(token[:-CHECK_CHARS]) == token[-CHECK_CHARS:])
    )


def draw_code() -> str:
    """Return a one-time enrolment code: 10 Crockford base32 characters (50 bits)."""
    return "".join(secrets.choice(CROCKFORD) for _ in range(CODE_CHARS))


def stored_form(secret: str) -> str:
    """Return what is stored of a token or a code. Codes may be typed in lower case, with O for 0 and I or L for 1."""
    if len(secret) == CODE_CHARS:
        secret = secret.upper().translate(str.maketrans("OIL", "011"))
    return digest.sha256(secret.encode())


def _check(body: str) -> str:
    value, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECK_CHARS):
        value, index = divmod(value, len(BASE62))
        digits = BASE62[index] + digits
    return digits
