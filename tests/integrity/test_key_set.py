"""Catalogue item 16: the collector's keys are believed as far as a pinned key vouches for them."""

from __future__ import annotations

import base64

import pytest

from patchtrail.contract.collection import KeySet
from patchtrail.contract.errors import InvalidInput, VerificationFailed
from patchtrail.contract.evidence import KEYS_TYPE, Envelope
from patchtrail.integrity import dsse, key_set
from patchtrail.integrity.keys import SigningKey
from tests.contract.log_samples import STATEMENT, shown_key
from tests.integrity.honest import server_key

ROOT, OLD, NEW, LOG = server_key(100), server_key(1), server_key(), server_key(200)
SHOWN = key_set.published(STATEMENT, ROOT, OLD, NEW)
UNSIGNED = KeySet(version=1, receipt=[shown_key(OLD), shown_key(NEW)])


def check(shown: KeySet, pinned: SigningKey | None, code: str) -> None:
    """Compare the code with which a set of keys is refused."""
    with pytest.raises((InvalidInput, VerificationFailed)) as caught:
        key_set.open_key_set(shown, None if pinned is None else pinned.jkt)

    assert caught.value.code == code


@pytest.mark.parametrize("pinned", [ROOT, OLD, NEW, None], ids=["root", "old receipt key", "receipt key", "no pin"])
def test_16_a_signed_set(pinned: SigningKey | None) -> None:
    """The root's pin, and that of any receipt key that vouches, lead to all keys and to the root."""
    trusted = key_set.open_key_set(SHOWN, None if pinned is None else pinned.jkt)

    assert [key.jkt for key in trusted.receipt] == [OLD.jkt, NEW.jkt]
    assert [key.jkt for key in trusted.log] == [LOG.jkt]
    assert (trusted.root_jkt, trusted.version, trusted.log_origin) == (ROOT.jkt, 2, STATEMENT.log_origin)
    assert key_set.fingerprint_of(SHOWN) == ROOT.jkt


def test_16_an_unsigned_set() -> None:
    """Of keys that nobody signed, the pinned one is believed and no other."""
    trusted = key_set.open_key_set(UNSIGNED, OLD.jkt)

    assert [key.jkt for key in trusted.receipt] == [OLD.jkt]
    assert (trusted.root_jkt, trusted.log) == (None, ())
    assert key_set.fingerprint_of(UNSIGNED) == NEW.jkt
    check(UNSIGNED, ROOT, "keys.pinned")


def test_16_unknown_root() -> None:
    """Another root's set is not ours, even with our receipt keys in it, for which it cannot sign."""
    stranger = server_key(101)
    theirs = STATEMENT.model_copy(update={"root": shown_key(stranger)})
    check(key_set.published(theirs, stranger), ROOT, "keys.pinned")
    check(key_set.published(theirs, stranger), NEW, "bad_signature")
    check(key_set.published(theirs, stranger, NEW), ROOT, "keys.pinned")
    check(key_set.published(theirs, ROOT), None, "bad_signature")


def test_16_another_root_in_the_statement() -> None:
    """A set must name the very root that signed it."""
    shown = SHOWN.model_copy(update={"root": shown_key(OLD)})
    check(shown, None, "keys.root")
    check(SHOWN.model_copy(update={"root": None}), None, "keys.malformed")


def test_16_what_stands_beside_the_statement_decides_nothing() -> None:
    """Keys that are shown, but not signed for, are not believed."""
    lured = SHOWN.model_copy(update={"receipt": [shown_key(server_key(7))], "version": 9, "log": []})
    trusted = key_set.open_key_set(lured, ROOT.jkt)

    assert [key.jkt for key in trusted.receipt] == [OLD.jkt, NEW.jkt]
    assert trusted.version == 2


def test_16_a_key_under_anothers_fingerprint() -> None:
    """A key is known by its own fingerprint alone."""
    liar = shown_key(server_key(7)).model_copy(update={"jkt": ROOT.jkt})
    check(SHOWN.model_copy(update={"root": liar}), ROOT, "keys.jkt")
    check(KeySet(version=1, receipt=[liar]), ROOT, "keys.jkt")


def test_16_tampered_statement() -> None:
    """A set whose signed bytes were changed is refused, and so is another type of statement."""
    assert SHOWN.signed is not None
    payload = base64.b64decode(SHOWN.signed.payload).replace(b'"version":2', b'"version":3')
    bent = SHOWN.signed.model_copy(update={"payload": base64.b64encode(payload).decode()})
    check(SHOWN.model_copy(update={"signed": bent}), ROOT, "bad_signature")
    other = Envelope.model_validate_json(dsse.seal(STATEMENT, KEYS_TYPE.replace("keys", "receipt"), ROOT))
    check(SHOWN.model_copy(update={"signed": other}), ROOT, "wrong_type")


@pytest.mark.parametrize(
    ("known", "now_ms", "codes"),
    [
        (0, 0, []),
        (2, 0, []),
        (3, 0, ["keys.rollback"]),
        (2, STATEMENT.expires_ms - 1, []),
        (2, STATEMENT.expires_ms, ["keys.expired"]),
        (9, 2 * STATEMENT.expires_ms, ["keys.rollback", "keys.expired"]),
    ],
)
def test_16_rollback_and_expiry(known: int, now_ms: int, codes: list[str]) -> None:
    """A lower version than one seen before, and a set whose time is over, are refused; one that never ends is not."""
    trusted = key_set.open_key_set(SHOWN, ROOT.jkt)

    assert [one.code for one in key_set.check_key_set(trusted, known_version=known, now_ms=now_ms)] == codes
    unsigned = key_set.open_key_set(UNSIGNED, OLD.jkt)
    assert [one.code for one in key_set.check_key_set(unsigned, known_version=1, now_ms=now_ms)] == ["keys.rollback"]
