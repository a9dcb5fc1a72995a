"""Checkpoints: signed tree heads of the log, as C2SP signed notes.

Sources: https://c2sp.org/tlog-checkpoint and https://c2sp.org/signed-note. Ours have no extension lines, and an Ed25519
signature under the log's origin as key name::

    <host>/patchtrail/log/1
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — <host>/patchtrail/log/1 <base64 of key id and signature>
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from patchtrail.contract.errors import InvalidInput, VerificationFailed
from patchtrail.contract.wire import MAX_SAFE_INTEGER
from patchtrail.integrity.keys import SigningKey, VerifyingKey
from patchtrail.integrity.merkle import EMPTY_ROOT, HASH_BYTES

__all__ = [
    "MAX_NOTE_BYTES",
    "MAX_SIGNATURES",
    "MIN_SIGNATURES",
    "TreeHead",
    "key_id",
    "open_checkpoint",
    "origin_of",
    "sign_checkpoint",
    "signed_text",
]

MIN_SIGNATURES = 16
"""As many a verifier must at least accept: witnesses may add theirs."""
MAX_SIGNATURES = 64
MAX_NOTE_BYTES = 64 * 1024
ED25519 = b"\x01"
DASH = "\u2014 "
ORIGIN = re.compile(r"[^\s+/]+/patchtrail/log/1")
SIZE = re.compile(r"0|[1-9][0-9]*", re.ASCII)
SIGNATURE = re.compile(r"\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True)
class TreeHead:
    """How many leaves the log had, and the root hash over them, lower-case hex."""

    size: int
    root: str

    @property
    def root_bytes(self) -> bytes:
        """The root hash."""
        return bytes.fromhex(self.root)


def origin_of(host: str) -> str:
    """Return the log's unique name for a collector of this name."""
    origin = f"{host}/patchtrail/log/1"
    if not ORIGIN.fullmatch(origin):
        raise InvalidInput(f"{host!r} cannot stand in the log's name.", code="bad_origin")
    return origin


def key_id(name: str, key: VerifyingKey) -> bytes:
    """Return the four bytes by which a signature line names an Ed25519 key."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + key.raw).digest()[:4]


def sign_checkpoint(head: TreeHead, origin: str, key: SigningKey) -> str:
    """Return the signed note of a tree head."""
    text = f"{origin}\n{head.size}\n{base64.b64encode(head.root_bytes).decode()}\n"
    signature = base64.b64encode(key_id(origin, key.public) + key.sign(text.encode())).decode()
    return f"{text}\n{DASH}{origin} {signature}\n"


def open_checkpoint(note: bytes, origin: str, keys: Iterable[VerifyingKey]) -> TreeHead:
    """Verify that one of the log's keys signed a checkpoint, and return its tree head.

    Signatures by unknown keys are passed over; one by a known key that does not hold spoils the note. Raises
    `InvalidInput` when the note is malformed, `VerificationFailed` when it is another log's or not signed by it.
    """
    text = signed_text(note, origin, keys)
    lines = text.split("\n")[:-1]
    if lines[0] != origin:
        raise VerificationFailed("The checkpoint is of another log.", code="checkpoint.origin")
    if len(lines) != 3:
        raise InvalidInput("A checkpoint of this log has three lines: origin, size, root.", code="checkpoint.lines")
    if not SIZE.fullmatch(lines[1]) or len(lines[1]) > 16 or int(lines[1]) > MAX_SAFE_INTEGER:
        raise InvalidInput("A checkpoint's size is a decimal number.", code="checkpoint.size")
    root = _decoded(lines[2])
    if len(root) != HASH_BYTES:
        raise InvalidInput("A checkpoint's root is a SHA-256.", code="checkpoint.root")
    size = int(lines[1])
    if size == 0 and root != EMPTY_ROOT:
        raise VerificationFailed("The root of an empty log is the hash of nothing.", code="checkpoint.empty_root")
    return TreeHead(size, root.hex())


def signed_text(note: bytes, name: str, keys: Iterable[VerifyingKey]) -> str:
    """Return the text of a signed note, which at least one of the keys of this name must have signed."""
    text, signatures = _split(note)
    known = {key_id(name, key): key for key in keys}
    is_signed = False
    for signer, blob in signatures:
        key = known.get(blob[:4]) if signer == name else None
        if key is None:
            continue
        if not key.verifies(blob[4:], text.encode()):
            raise VerificationFailed("The log's signature does not hold.", code="checkpoint.signature")
        is_signed = True
    if not is_signed:
        raise VerificationFailed("None of the log's keys signed this.", code="checkpoint.unsigned")
    return text


def _split(note: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    if len(note) > MAX_NOTE_BYTES:
        raise InvalidInput(f"A checkpoint may hold {MAX_NOTE_BYTES} bytes.", code="checkpoint.too_large")
    try:
        whole = note.decode()
    except UnicodeDecodeError as error:
        raise InvalidInput("A signed note is UTF-8.", code="checkpoint.encoding") from error
    if CONTROL.search(whole):
        raise InvalidInput("A signed note holds no control characters.", code="checkpoint.encoding")
    head, blank, tail = whole.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise InvalidInput("A signed note is a text, an empty line, and signature lines.", code="checkpoint.note")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise InvalidInput(f"A checkpoint may have {MAX_SIGNATURES} signatures.", code="checkpoint.signatures")
    return head + "\n", [_signature(line) for line in lines]


def _signature(line: str) -> tuple[str, bytes]:
    found = SIGNATURE.fullmatch(line)
    blob = _decoded(found[2]) if found else b""
    if found is None or len(blob) <= 4:
        raise InvalidInput("A signature line is malformed.", code="checkpoint.note")
    return found[1], blob


def _decoded(text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise InvalidInput("A checkpoint's base64 is malformed.", code="checkpoint.base64") from error
    if base64.b64encode(content).decode() != text:
        raise InvalidInput("A checkpoint's base64 is not in its one canonical spelling.", code="checkpoint.base64")
    return content
