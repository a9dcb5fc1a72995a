"""The collector's keys: which of those that it shows a reader may believe.

A reader pins one fingerprint. If it is the root key's, the root's signature over the set counts. If it is that of a
receipt key, from before there were roots, that key must have signed the set too; then it hands its trust to the root.
A set that nobody signed shows only itself: of its keys the pinned one is believed, and no other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from patchtrail.contract.collection import KeySet
from patchtrail.contract.errors import InvalidInput, VerificationFailed
from patchtrail.contract.evidence import KEYS_TYPE, KeyStatement, ServerKey
from patchtrail.integrity import dsse
from patchtrail.integrity.keys import SigningKey, VerifyingKey
from patchtrail.integrity.verify.finding import Finding

__all__ = ["TrustedKeys", "check_key_set", "fingerprint_of", "open_key_set", "published", "shown"]


@dataclass(frozen=True)
class TrustedKeys:
    """The collector's keys that a reader believes; `root_jkt` is None for a collector without a root key."""

    receipt: tuple[VerifyingKey, ...]
    log: tuple[VerifyingKey, ...] = ()
    log_origin: str = ""
    root_jkt: str | None = None
    version: int = 0
    expires_ms: int | None = None


def published(statement: KeyStatement, root: SigningKey, *vouching: SigningKey) -> KeySet:
    """Return a set of keys as a collector shows it, signed by its root key and vouched for by others."""
    return shown(statement, dsse.seal(statement, KEYS_TYPE, root, *vouching))


def shown(statement: KeyStatement, envelope_line: bytes) -> KeySet:
    """Return a signed statement as a collector shows it."""
    return KeySet(
        version=statement.version,
        receipt=statement.receipt,
        log=statement.log,
        log_origin=statement.log_origin,
        expires_ms=statement.expires_ms,
        root=statement.root,
        signed=dsse.parse_envelope(envelope_line),
    )


def open_key_set(keys: KeySet, pinned_jkt: str | None) -> TrustedKeys:
    """Return the keys of a set that somebody may believe who trusts `pinned_jkt`; without a pin, the set itself.

    Raises `VerificationFailed` when the set is not the pinned key's, `InvalidInput` when a key is unsound.
    """
    if keys.signed is None:
        trusted = tuple(key for key in map(_verifying, keys.receipt) if pinned_jkt in (None, key.jkt))
        if not trusted:
            raise VerificationFailed(f"None of the collector's keys is the pinned {pinned_jkt}.", code="keys.pinned")
        return TrustedKeys(trusted)
    if keys.root is None:
        raise InvalidInput("The signed set of keys names no root key.", code="keys.malformed")
    root = _verifying(keys.root)
    statement = dsse.open_envelope(keys.signed, KEYS_TYPE, KeyStatement, root).statement
    if statement.root.jkt != root.jkt:
        raise VerificationFailed("The set of keys names another root than the one that signed it.", code="keys.root")
    receipt = tuple(map(_verifying, statement.receipt))
    if pinned_jkt not in (None, root.jkt):
        _check_vouched(keys, pinned_jkt, receipt)
    return TrustedKeys(
        receipt=receipt,
        log=tuple(map(_verifying, statement.log)),
        log_origin=statement.log_origin,
        root_jkt=root.jkt,
        version=statement.version,
        expires_ms=statement.expires_ms,
    )


def check_key_set(keys: TrustedKeys, *, known_version: int, now_ms: int) -> Iterator[Finding]:
    """Yield why somebody who has seen version `known_version` must not go by this set of keys now."""
    if keys.version < known_version:
        yield Finding("keys.rollback", "keys", f"The collector shows keys of version {keys.version} again.")
    if keys.expires_ms is not None and keys.expires_ms <= now_ms:
        yield Finding("keys.expired", "keys", "The collector's signed set of keys has expired.")


def fingerprint_of(keys: KeySet) -> str:
    """Return the one fingerprint to compare and pin: the root key's, or the receipt key's where there is no root."""
    trusted = open_key_set(keys, None)
    return trusted.root_jkt or trusted.receipt[-1].jkt


def _check_vouched(keys: KeySet, pinned_jkt: str | None, receipt: tuple[VerifyingKey, ...]) -> None:
    assert keys.signed is not None, "only a signed set is vouched for"
    pinned = [key for key in receipt if key.jkt == pinned_jkt]
    if not pinned:
        raise VerificationFailed(
            f"Neither the root key nor any other of the collector's keys is the pinned {pinned_jkt}.",
            code="keys.pinned",
        )
    dsse.open_envelope(keys.signed, KEYS_TYPE, KeyStatement, pinned[0])


def _verifying(key: ServerKey) -> VerifyingKey:
    made = VerifyingKey(key.public_key)
    if made.jkt != key.jkt:
        raise InvalidInput("A key is shown under another key's fingerprint.", code="keys.jkt")
    return made
