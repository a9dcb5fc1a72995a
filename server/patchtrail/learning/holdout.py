"""The permanent hold-out: cases that never see a pattern, so that what patterns bring stays measurable for ever."""

from __future__ import annotations

import hashlib

from patchtrail.learning.signature import Signature

__all__ = ["HOLD_OUT_SHARE", "finding_case", "is_held_out"]

HOLD_OUT_SHARE = 0.05
PREFIX = b"patchtrail hold-out v1\n"


def is_held_out(key: str) -> bool:
    """Return whether the case of this name is held out; the same name always gives the same answer, anywhere."""
    drawn = int.from_bytes(hashlib.sha256(PREFIX + key.encode()).digest()[:8], "big")
    return drawn < HOLD_OUT_SHARE * 2**64


def finding_case(file_path: str, signature: Signature) -> str:
    """Return the name of a finding's case: the same wherever in the file it moves to, and whoever asks."""
    return f"{file_path}\n{signature.rule}\n{signature.message}"
