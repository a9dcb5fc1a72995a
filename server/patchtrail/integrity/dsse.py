"""DSSE envelopes: sign bytes of a named type, verify them, and only then parse the same bytes.

Source: https://github.com/secure-systems-lab/dsse, protocol version 1.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import ValidationError

from patchtrail.contract.errors import InvalidInput, VerificationFailed
from patchtrail.contract.evidence import Envelope, Signature
from patchtrail.contract.wire import WireModel
from patchtrail.integrity import canonical
from patchtrail.integrity.keys import SigningKey, VerifyingKey

__all__ = [
    "MAX_ENVELOPE_BYTES",
    "Opened",
    "first_fault",
    "open_by_any",
    "open_envelope",
    "pae",
    "parse_envelope",
    "payload_bytes",
    "payload_of",
    "seal",
]

MAX_ENVELOPE_BYTES = 64 * 1024
Statement = TypeVar("Statement", bound=WireModel)


@dataclass(frozen=True)
class Opened(Generic[Statement]):
    """A verified statement, and the very payload bytes that were signed."""

    statement: Statement
    payload: bytes


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the pre-authentication encoding: it binds type, length and body."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def seal(statement: WireModel, payload_type: str, key: SigningKey, *vouching: SigningKey) -> bytes:
    """Return the envelope of `statement` as one canonical JSON line, without its LF; other keys may vouch for it.

    From here on an envelope is bytes: it is stored, sent and compared as these bytes.
    """
    payload = payload_of(statement)
    message = pae(payload_type, payload)
    envelope = Envelope(
        payload=base64.b64encode(payload).decode(),
        payloadType=payload_type,
        signatures=[
            Signature(keyid=one.jkt, sig=base64.b64encode(one.sign(message)).decode()) for one in (key, *vouching)
        ],
    )
    return canonical.encode(envelope.model_dump())


def payload_of(statement: WireModel) -> bytes:
    """Return the bytes that are signed for a statement: fields that were never set are absent, not null."""
    return canonical.encode(statement.model_dump(exclude_unset=True))


def parse_envelope(line: bytes) -> Envelope:
    """Parse an envelope's shape; nothing in it may be believed yet."""
    if len(line) > MAX_ENVELOPE_BYTES:
        raise InvalidInput(f"An envelope may hold {MAX_ENVELOPE_BYTES} bytes.", code="bad_envelope")
    try:
        return Envelope.model_validate_json(line)
    except ValidationError as error:
        raise InvalidInput(f"This is not a DSSE envelope: {first_fault(error)}", code="bad_envelope") from error


def payload_bytes(envelope: Envelope) -> bytes:
    """Return the bytes in an envelope, for a reader who wrote it: nothing is verified."""
    return _decoded(envelope.payload)


def open_envelope(
    envelope: Envelope, payload_type: str, model: type[Statement], key: VerifyingKey
) -> Opened[Statement]:
    """Verify that `key` signed the envelope as `payload_type`, then parse the verified bytes as `model`.

    The `keyid` inside is never looked at. Raises `VerificationFailed` when the type or the signature does not
    hold, `InvalidInput` when the signed bytes are not canonical or not a `model`.
    """
    if envelope.payloadType != payload_type:
        raise VerificationFailed(
            f"The envelope is of type {envelope.payloadType!r}, not {payload_type!r}.", code="wrong_type"
        )
    payload = _decoded(envelope.payload)
    message = pae(payload_type, payload)
    if not any(key.verifies(_decoded(signature.sig), message) for signature in envelope.signatures):
        raise VerificationFailed(f"No signature of the envelope is by the key {key.jkt}.", code="bad_signature")
    value = canonical.decode(payload)
    try:
        return Opened(model.model_validate(value), payload)
    except ValidationError as error:
        raise InvalidInput(f"The signed statement is malformed: {first_fault(error)}", code="bad_statement") from error


def open_by_any(
    envelope: Envelope, payload_type: str, model: type[Statement], keys: Iterable[VerifyingKey]
) -> Opened[Statement]:
    """Open an envelope with the first of several keys that signed it; raises what the last of them raised."""
    fault: InvalidInput | VerificationFailed = VerificationFailed("There is no key to verify with.", code="no_key")
    for key in keys:
        try:
            return open_envelope(envelope, payload_type, model, key)
        except (InvalidInput, VerificationFailed) as error:
            fault = error
    raise fault


def _decoded(text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise InvalidInput("An envelope's base64 is malformed.", code="bad_envelope") from error
    if base64.b64encode(content).decode() != text:
        raise InvalidInput("An envelope's base64 is not in its one canonical spelling.", code="bad_envelope")
    return content


def first_fault(error: ValidationError) -> str:
    """Return where a document first departs from its model, and how, without its content."""
    fault = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in fault["loc"]) or "the document"
    return f"{where}: {fault['msg']}"
