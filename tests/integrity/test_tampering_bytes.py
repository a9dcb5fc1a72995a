"""Catalogue items 10 to 13: attacks on encodings, types, keys and sizes; and on receipts."""

from __future__ import annotations

import base64
import json
import random
from dataclasses import replace

import pytest

from patchtrail.contract.errors import InvalidInput, VerificationFailed
from patchtrail.contract.evidence import (
    CHUNK_TYPE,
    DEVICE_TYPE,
    GRANT_TYPE,
    OPENING_TYPE,
    RECEIPT_TYPE,
    ChunkManifest,
    DeviceRegistration,
    Grant,
    Opening,
    PublicKey,
    Receipt,
)
from patchtrail.integrity import canonical, chunk, digest, dsse, keys, opening, receipt, registration
from patchtrail.integrity.keys import SigningKey, VerifyingKey, unpadded
from patchtrail.integrity.verify import (
    ChunkTip,
    OpenedChunk,
    check_position,
    open_chunk,
)
from tests.integrity.forging import (
    GOOD_LINE,
    NOT_CANONICAL,
    TRACE,
    check_any,
    other_text,
    relinked,
    resigned,
)
from tests.integrity.honest import check, device_key

# 10 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", NOT_CANONICAL.values(), ids=NOT_CANONICAL)
def test_10_not_canonical(line: bytes) -> None:
    """Bytes that are not exactly the canonical form of their value are refused."""
    with pytest.raises(InvalidInput) as caught:
        canonical.decode(line)

    assert caught.value.code == "not_canonical"


def test_10_canonical_lines_pass() -> None:
    """Canonical bytes pass, whatever their letters; NFC and NFD stay two different strings."""
    assert canonical.decode(GOOD_LINE) == {"a": 1, "b": "x"}
    keys_by_utf16 = '{"\U0001f41b":1,"\uffee":1}'.encode()
    assert canonical.encode(canonical.decode(keys_by_utf16)) == keys_by_utf16
    assert canonical.encode({"a": "\u00e9"}) != canonical.encode({"a": "e\u0301"})


def test_10_event_line_that_is_not_canonical() -> None:
    """A line that says the same in other bytes is refused in its place."""
    run = list(TRACE.runs[1])
    run[0] = json.dumps(json.loads(run[0])).encode()
    check(resigned(TRACE, 1, tuple(run)), "event.not_canonical")


def test_10_event_of_the_wrong_shape() -> None:
    """A line whose data are not those of its type is refused, and so is an unknown type."""

    def unknown(seq: int, event: dict) -> dict:
        return {**event, "type": "telepathy"}

    def coerced(seq: int, event: dict) -> dict:
        return {**event, "type": "heartbeat", "data": {}, "ts_ms": str(event["ts_ms"])}

    for change in (unknown, coerced):
        check(resigned(TRACE, 1, relinked(TRACE, 1, change)), "event.malformed")


# 11 -----------------------------------------------------------------------------------------------------------


def statement_of(kind: str) -> object:
    """Return a sound statement of each signed type."""
    grant = opening.open_grant(dsse.parse_envelope(TRACE.evidence.grant), TRACE.server.public).statement
    return {
        OPENING_TYPE: opening.open_opening(dsse.parse_envelope(TRACE.evidence.opening), TRACE.device.public).statement,
        GRANT_TYPE: grant,
        CHUNK_TYPE: TRACE.manifests[0],
        RECEIPT_TYPE: receipt.open_receipt(dsse.parse_envelope(TRACE.evidence.receipts[0]), TRACE.server.public),
        DEVICE_TYPE: DeviceRegistration(
            v=1, challenge="0" * 64, jkt=TRACE.device.jkt, participant_id="p-1", study_id="default", host_hint=""
        ),
    }[kind]


MODELS = {
    OPENING_TYPE: Opening,
    GRANT_TYPE: Grant,
    CHUNK_TYPE: ChunkManifest,
    RECEIPT_TYPE: Receipt,
    DEVICE_TYPE: DeviceRegistration,
}


@pytest.mark.parametrize("signed_as", MODELS)
@pytest.mark.parametrize("opened_as", MODELS)
def test_11_type_confusion(signed_as: str, opened_as: str) -> None:
    """A statement opens as the type it was signed as, and as no other."""
    envelope = dsse.parse_envelope(dsse.seal(statement_of(signed_as), signed_as, TRACE.device))
    if signed_as == opened_as:
        assert dsse.open_envelope(envelope, opened_as, MODELS[opened_as], TRACE.device.public)
        return
    with pytest.raises(VerificationFailed) as caught:
        dsse.open_envelope(envelope, opened_as, MODELS[opened_as], TRACE.device.public)

    assert caught.value.code == "wrong_type"


def test_11_relabelled_type() -> None:
    """Changing the type's name breaks the signature, since it covers the name."""
    envelope = json.loads(dsse.seal(statement_of(RECEIPT_TYPE), RECEIPT_TYPE, TRACE.device))
    relabelled = dsse.parse_envelope(canonical.encode({**envelope, "payloadType": GRANT_TYPE}))
    with pytest.raises(VerificationFailed) as caught:
        dsse.open_envelope(relabelled, GRANT_TYPE, Grant, TRACE.device.public)

    assert caught.value.code == "bad_signature"


def test_11_pre_authentication_encoding() -> None:
    """The encoding is the published one, and no two pairs of type and body share it."""
    assert dsse.pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert dsse.pae("a 1", b"b") != dsse.pae("a", b"1 b")
    assert dsse.pae("ü", b"") == "DSSEv1 2 ü 0 ".encode()


def test_11_key_id_decides_nothing() -> None:
    """A key id that points at another key changes nothing, either way."""
    envelope = json.loads(dsse.seal(statement_of(RECEIPT_TYPE), RECEIPT_TYPE, TRACE.server))
    envelope["signatures"][0]["keyid"] = TRACE.device.jkt
    pointed = dsse.parse_envelope(canonical.encode(envelope))

    assert receipt.open_receipt(pointed, TRACE.server.public)
    with pytest.raises(VerificationFailed):
        receipt.open_receipt(pointed, TRACE.device.public)


@pytest.mark.parametrize("spelling", ["url-safe", "unpadded", "white space", "trailing bits"])
def test_11_base64_has_one_spelling(spelling: str) -> None:
    """Signed bytes have one base64 spelling: standard alphabet, padded, nothing between."""
    signature = base64.b64encode(b"\xfb\xff" * 32).decode()
    spelled = {
        "url-safe": signature.replace("+", "-").replace("/", "_"),
        "unpadded": signature.rstrip("="),
        "white space": f"{signature[:10]}\n{signature[10:]}",
        "trailing bits": signature[:-3] + chr(ord(signature[-3]) + 1) + "==",
    }[spelling]
    line, payload = chunk.split_body(TRACE.evidence.chunks[1])
    envelope = json.loads(line)
    envelope["signatures"][0]["sig"] = spelled

    check(TRACE.with_chunk(1, chunk.join_body(canonical.encode(envelope), payload)), "chunk.bad_envelope")


# 12 -----------------------------------------------------------------------------------------------------------

FIELD_PRIME = 2**255 - 19
UNSOUND = [
    y | sign << 255 for y in (0, 1, *sorted(keys.SMALL_ORDER_Y)[2:], FIELD_PRIME, FIELD_PRIME + 1) for sign in (0, 1)
]


@pytest.mark.parametrize("encoding", sorted(set(UNSOUND)), ids=hex)
def test_12_small_order_and_non_canonical_keys(encoding: int) -> None:
    """None of the fourteen encodings of small-order points is a key, nor any number beyond the field."""
    with pytest.raises(InvalidInput) as caught:
        VerifyingKey(PublicKey(kty="OKP", crv="Ed25519", x=unpadded(encoding.to_bytes(32, "little"))))

    assert caught.value.code == "bad_key"


def test_12_all_fourteen_encodings_are_tried() -> None:
    """Seven values, each with and without the sign bit."""
    assert len(set(UNSOUND)) == 14


def test_12_non_canonical_key_of_full_order() -> None:
    """A number between the field's prime and 2^255 is refused even where its point would be sound."""
    with pytest.raises(InvalidInput):
        VerifyingKey(PublicKey(kty="OKP", crv="Ed25519", x=unpadded((FIELD_PRIME + 3).to_bytes(32, "little"))))


def test_12_key_with_a_loose_spelling() -> None:
    """A key whose last base64 letter has spare bits set is another spelling of it, and refused."""
    x = device_key().public.jwk.x
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    loose = x[:-1] + alphabet[alphabet.index(x[-1]) + 1]
    with pytest.raises(InvalidInput):
        VerifyingKey(PublicKey(kty="OKP", crv="Ed25519", x=loose))


def test_12_malleable_signature() -> None:
    """A signature with the group order added to its scalar is not a second valid one."""
    order = 2**252 + 27742317777372353535851937790883648493
    signature = TRACE.device.sign(b"message")
    scalar = int.from_bytes(signature[32:], "little") + order
    assert TRACE.device.public.verifies(signature, b"message")
    assert not TRACE.device.public.verifies(signature[:32] + scalar.to_bytes(32, "little"), b"message")


def test_12_private_and_public_part_of_a_device_key_belong_together() -> None:
    """A device key whose halves come from two keys is refused before it signs anything."""
    seed = unpadded(bytes(32))
    with pytest.raises(InvalidInput):
        SigningKey.from_jwk(seed, device_key().public.jwk.x)


def test_12_thumbprint() -> None:
    """The thumbprint of RFC 8032's first test key is the one that RFC 8037 prints."""
    key = VerifyingKey(PublicKey(kty="OKP", crv="Ed25519", x="11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"))
    assert key.jkt == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize("field", ["challenge", "jkt", "participant_id", "study_id"])
def test_12_registration_answers_its_own_challenge(field: str) -> None:
    """A registration for another challenge, key, participant or study is refused."""
    told = {"challenge": "0" * 64, "jkt": TRACE.device.jkt, "participant_id": "p-1", "study_id": "default"}
    statement = DeviceRegistration(v=1, host_hint="", **told)
    assert list(registration.check_registration(statement, **told)) == []

    other = {**told, field: other_text(told[field])}
    assert [finding.code for finding in registration.check_registration(statement, **other)] == [f"device.{field}"]


# 13 -----------------------------------------------------------------------------------------------------------


def test_13_empty_chunk() -> None:
    """A chunk without events is refused, whether it says that it is the end or not."""
    check(resigned(TRACE, 1, ()), "chunk.empty")
    check(resigned(TRACE, 1, (), end="participant"), "chunk.empty")


def test_13_zero_byte_body() -> None:
    """A body without a line feed is no chunk."""
    check(TRACE.with_chunk(1, b""), "chunk.bad_chunk")


def test_13_zero_byte_payload() -> None:
    """An envelope without its payload is no chunk."""
    line, _ = chunk.split_body(TRACE.evidence.chunks[1])
    assert check_any(TRACE.with_chunk(1, line + b"\n"))


def test_13_first_beyond_last() -> None:
    """first, last and count must agree."""
    manifest = TRACE.manifests[1]
    check(resigned(TRACE, 1, TRACE.runs[1], last=manifest.first - 1), "chunk.count")
    check(resigned(TRACE, 1, TRACE.runs[1], last=manifest.last + 1, count=manifest.count + 1), "chunk.count")


def test_13_chunk_that_starts_elsewhere() -> None:
    """A chunk goes on with the event after the last one."""
    manifest = TRACE.manifests[1]
    check(resigned(TRACE, 1, TRACE.runs[1], first=manifest.first + 1, last=manifest.last + 1), "chunk.first")


def test_13_torn_payload() -> None:
    """A payload whose last line has no LF, or whose length or hash is another, is refused."""
    run = TRACE.runs[1]
    raw = b"".join(line + b"\n" for line in run)
    manifest = TRACE.manifests[1]
    forged = manifest.model_copy(update={"raw_len": len(raw) - 1, "raw_sha256": digest.sha256(raw[:-1])})
    torn = chunk.join_body(dsse.seal(forged, CHUNK_TYPE, TRACE.device), chunk.payload_of(raw[:-1], forged))
    check(TRACE.with_chunk(1, torn), "chunk.torn")

    line, _ = chunk.split_body(TRACE.evidence.chunks[1])
    other = raw.replace(b"a", b"b", 1)
    check(TRACE.with_chunk(1, chunk.join_body(line, chunk.compress(other))), "chunk.raw_sha256")


def test_13_wrong_length() -> None:
    """A payload that unpacks to another length than was signed is refused, compressed or not."""
    raw = b"".join(line + b"\n" for line in TRACE.runs[1])
    identity = TRACE.manifests[1].model_copy(update={"enc": "identity"})
    body = chunk.join_body(dsse.seal(identity, CHUNK_TYPE, TRACE.device), raw + b"\n")
    check(TRACE.with_chunk(1, body), "chunk.raw_len")
    line, _ = chunk.split_body(TRACE.evidence.chunks[1])
    check(TRACE.with_chunk(1, chunk.join_body(line, chunk.compress(raw + b"\n"))), "chunk.frame_size")


def test_13_bomb() -> None:
    """A payload that would unpack to more than its cap, or a hundred times its size, is never unpacked."""
    dice = random.Random(13)
    for raw in (dice.randbytes(chunk.MAX_RAW_BYTES + 1), bytes(1_000_000)):
        manifest = TRACE.manifests[1].model_copy(update={"raw_len": len(raw), "enc": "zstd"})
        body = chunk.join_body(dsse.seal(manifest, CHUNK_TYPE, TRACE.device), chunk.compress(raw))
        check(TRACE.with_chunk(1, body), "chunk.chunk_too_large")


def test_13_too_many_events_and_too_long_lines() -> None:
    """A chunk's events are capped in number, a line in length."""
    manifest = TRACE.manifests[1]
    many = {"count": chunk.MAX_EVENTS + 1, "last": manifest.first + chunk.MAX_EVENTS}
    check(resigned(TRACE, 1, TRACE.runs[1], **many), "chunk.too_large")

    dice = random.Random(13)
    noise = "".join(chr(dice.randint(0x20, 0x2FFF)) for _ in range(400_000))

    def long(seq: int, event: dict) -> dict | None:
        return {**event, "type": "heartbeat", "data": {"noise": noise}} if seq == manifest.first else None

    check(resigned(TRACE, 1, relinked(TRACE, 1, long)), "event.too_large")


# Receipts and artifacts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["trace_id", "n", "chunk_id", "head_out"])
def test_receipt_for_something_else(field: str) -> None:
    """A receipt names the trace, number, id and head of its chunk."""
    statement = receipt.open_receipt(dsse.parse_envelope(TRACE.evidence.receipts[1]), TRACE.server.public)
    told = getattr(statement, field)
    lied = statement.model_copy(update={field: told + 1 if isinstance(told, int) else other_text(told)})
    lines = list(TRACE.evidence.receipts)
    lines[1] = dsse.seal(lied, RECEIPT_TYPE, TRACE.server)

    check(replace(TRACE.evidence, receipts=tuple(lines)), f"receipt.{field}")


def test_receipt_that_the_participant_signed() -> None:
    """Only the collector gives receipts."""
    lines = list(TRACE.evidence.receipts)
    statement = receipt.open_receipt(dsse.parse_envelope(lines[1]), TRACE.server.public)
    lines[1] = dsse.seal(statement, RECEIPT_TYPE, TRACE.device)

    check(replace(TRACE.evidence, receipts=tuple(lines)), "receipt.bad_signature")


def test_envelope_that_is_too_long() -> None:
    """An envelope is short; a long one is refused before it is parsed."""
    envelope = json.loads(TRACE.evidence.grant)
    long = canonical.encode({**envelope, "payload": "AAAA" * (dsse.MAX_ENVELOPE_BYTES // 4)})
    with pytest.raises(InvalidInput):
        dsse.parse_envelope(long)


def test_chunk_out_of_turn() -> None:
    """A chunk that is sound, but not the next one, is told which one is."""
    opened = open_chunk(TRACE.evidence.chunks[1], key=TRACE.device.public, trace_id=TRACE.evidence.trace_id, n=1)
    assert isinstance(opened, OpenedChunk)
    manifest = opened.manifest
    tip = ChunkTip(0, manifest.prev_chunk, manifest.head_in, manifest.first)

    assert [finding.code for finding in check_position(opened, tip)] == ["chunk.order"]


def test_manifest_that_names_another_device_key() -> None:
    """A manifest names the key that signed it, even before anybody receipted it."""
    check(replace(resigned(TRACE, 1, TRACE.runs[1], jkt=device_key(5).jkt), receipts=()), "chunk.jkt")
