"""Checkpoints are C2SP signed notes: made by our own log's key, and opened strictly."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchtrail.contract.errors import InvalidInput, VerificationFailed
from patchtrail.contract.evidence import PublicKey
from patchtrail.integrity import checkpoint, merkle
from patchtrail.integrity.checkpoint import MAX_SIGNATURES, MIN_SIGNATURES, TreeHead
from patchtrail.integrity.keys import SigningKey, VerifyingKey, unpadded
from tests.integrity.honest import device_key, server_key

ORIGIN = checkpoint.origin_of("collector.example")
KEY = server_key(200)
HEAD = TreeHead(8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")
NOTE = checkpoint.sign_checkpoint(HEAD, ORIGIN, KEY)


def check(note: str | bytes, code: str, *, origin: str = ORIGIN, key: SigningKey = KEY) -> None:
    """Compare the code with which a checkpoint is refused."""
    content = note.encode() if isinstance(note, str) else note
    with pytest.raises((InvalidInput, VerificationFailed)) as caught:
        checkpoint.open_checkpoint(content, origin, [key.public])

    assert caught.value.code == code


def opened(note: str) -> TreeHead:
    """Open a checkpoint of our log."""
    return checkpoint.open_checkpoint(note.encode(), ORIGIN, [KEY.public])


def signed(text: str, *, name: str = ORIGIN, key: SigningKey = KEY, times: int = 1) -> str:
    """Return any text as a signed note."""
    return f"{text}\n" + line(text, name=name, key=key) * times


def line(text: str, *, name: str = ORIGIN, key: SigningKey = KEY, id_of: SigningKey | None = None) -> str:
    """Return a signature line."""
    blob = checkpoint.key_id(name, (id_of or key).public) + key.sign(text.encode())
    return f"\u2014 {name} {base64.b64encode(blob).decode()}\n"


def test_the_published_example() -> None:
    """The example of the reference implementation has the key id that it says, and verifies."""
    name, told_id, told_key = ["PeterNeumann", "c74f20a3", "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"]
    raw = base64.b64decode(told_key)[1:]
    key = VerifyingKey(PublicKey(kty="OKP", crv="Ed25519", x=unpadded(raw)))
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    note = f"{text}\n\u2014 {name} {signature}\n"

    assert checkpoint.key_id(name, key).hex() == told_id
    assert checkpoint.signed_text(note.encode(), name, [key]) == text


def test_a_checkpoint_is_three_lines_and_a_signature() -> None:
    """What is signed is the origin, the size and the root, and it is read back."""
    lines = NOTE.split("\n")

    assert lines[:2] == ["collector.example/patchtrail/log/1", "8"]
    assert base64.b64decode(lines[2]).hex() == HEAD.root
    assert lines[3] == ""
    assert lines[4].startswith(f"\u2014 {ORIGIN} ")
    assert opened(NOTE) == HEAD


@given(st.integers(min_value=1, max_value=2**53 - 1), st.binary(min_size=32, max_size=32))
def test_signing_and_opening(size: int, root: bytes) -> None:
    """Whatever tree head is signed comes out again."""
    head = TreeHead(size, root.hex())

    assert (
        checkpoint.open_checkpoint(checkpoint.sign_checkpoint(head, ORIGIN, KEY).encode(), ORIGIN, [KEY.public]) == head
    )


def test_14_the_empty_log() -> None:
    """A log without leaves has the hash of nothing, and no other."""
    empty = TreeHead(0, merkle.EMPTY_ROOT.hex())
    assert (
        checkpoint.open_checkpoint(checkpoint.sign_checkpoint(empty, ORIGIN, KEY).encode(), ORIGIN, [KEY.public])
        == empty
    )

    check(checkpoint.sign_checkpoint(TreeHead(0, HEAD.root), ORIGIN, KEY), "checkpoint.empty_root")


@pytest.mark.parametrize("count", [MIN_SIGNATURES, MAX_SIGNATURES])
def test_14_witnesses_may_sign_too(count: int) -> None:
    """Signatures by unknown keys are passed over, up to 64 of them."""
    text = NOTE.partition("\n\n")[0] + "\n"
    witnesses = "".join(line(text, name=f"witness.example/{n}", key=device_key(n)) for n in range(count - 1))

    assert opened(NOTE + witnesses) == HEAD


def test_14_too_many_signatures() -> None:
    """More than 64 signatures are refused before any is verified."""
    text = NOTE.partition("\n\n")[0] + "\n"
    check(signed(text, times=MAX_SIGNATURES + 1), "checkpoint.signatures")
    check(NOTE + "\u2014 x AAAAAAA=\n" * 7000, "checkpoint.too_large")


def test_04_a_bit_flip_anywhere_is_found() -> None:
    """No bit of a checkpoint's text or signature can be turned over unseen."""
    content = NOTE.encode()
    missed = []
    for at in range(len(content)):
        for bit in range(8):
            bent = content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :]
            try:
                checkpoint.open_checkpoint(bent, ORIGIN, [KEY.public])
                missed.append(at)
            except (InvalidInput, VerificationFailed):
                continue

    assert missed == []


def test_14_signatures() -> None:
    """A checkpoint must be signed by a key of this log; one bad signature by a known key spoils it."""
    text = NOTE.partition("\n\n")[0] + "\n"
    other = server_key(201)
    check(NOTE, "checkpoint.unsigned", key=other)
    check(signed(text, name="elsewhere.example"), "checkpoint.unsigned")
    check(f"{text}\n{line(text, key=other, id_of=KEY)}", "checkpoint.signature")
    check(NOTE + line(text, key=other, id_of=KEY), "checkpoint.signature")
    check(f"{text}\n{line('another text')}", "checkpoint.signature")


SIZES = {
    "leading zero": "08",
    "signed": "+8",
    "negative": "-8",
    "hex": "0x8",
    "other digits": "\u0668",
    "huge": "9" * 17,
}
SIZES |= {"beyond 2^53": str(2**53), "fraction": "8.0"}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_14_sizes(size: str) -> None:
    """A size is a plain decimal number."""
    root = base64.b64encode(HEAD.root_bytes).decode()
    text = f"{ORIGIN}\n{size}\n{root}\n"
    check(signed(text), "checkpoint.size")


def test_14_texts() -> None:
    """Another log's checkpoint, extension lines, and roots that are no SHA-256 are refused, whoever signed them."""
    root = base64.b64encode(HEAD.root_bytes).decode()
    check(signed(f"elsewhere.example/patchtrail/log/1\n8\n{root}\n"), "checkpoint.origin")
    check(signed(f"{ORIGIN}\n8\n{root}\nextension\n"), "checkpoint.lines")
    check(signed(f"{ORIGIN}\n8\n"), "checkpoint.lines")
    check(signed(f"{ORIGIN}\n8\n{base64.b64encode(b'short').decode()}\n"), "checkpoint.root")
    check(signed(f"{ORIGIN}\n8\n{root[:-2]}J=\n"), "checkpoint.base64")
    check(signed(f"{ORIGIN}\n8\n{root[:-1]}\n"), "checkpoint.base64")


def test_14_notes() -> None:
    """What is not UTF-8, holds control characters, or has no or malformed signature lines, is no signed note."""
    text = NOTE.partition("\n\n")[0] + "\n"
    check(NOTE.encode() + b"\xff", "checkpoint.encoding")
    check(NOTE.replace("8", "\t8", 1), "checkpoint.encoding")
    check(NOTE.replace("\n", "\r\n"), "checkpoint.encoding")
    check(text, "checkpoint.note")
    check(f"{text}\n", "checkpoint.note")
    check(NOTE[:-1], "checkpoint.note")
    check(NOTE.replace("\u2014", "-"), "checkpoint.note")
    check(f"{text}\n\u2014 {ORIGIN} AAAA\n", "checkpoint.note")
    check(f"{text}\n\u2014 {ORIGIN} {'A' * 86}B=\n", "checkpoint.base64")
    check(f"{text}\n\u2014 a+b {'A' * 88}\n", "checkpoint.note")


@pytest.mark.parametrize("host", ["", "a b", "a+b", "a/b", "a\n1"])
def test_origins(host: str) -> None:
    """A name that cannot stand in a signature line names no log."""
    with pytest.raises(InvalidInput):
        checkpoint.origin_of(host)
