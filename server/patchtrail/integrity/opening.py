"""How a trace opens: the device's signed opening, the collector's signed grant, and the genesis they give."""

from __future__ import annotations

from collections.abc import Iterator

from patchtrail.contract.evidence import GRANT_TYPE, OPENING_TYPE, Envelope, Grant, Opening
from patchtrail.integrity import canonical, digest, dsse
from patchtrail.integrity.dsse import Opened
from patchtrail.integrity.keys import VerifyingKey
from patchtrail.integrity.verify.finding import Finding

__all__ = ["check_grant", "genesis_of", "local_genesis", "open_grant", "open_opening"]


def open_opening(envelope: Envelope, key: VerifyingKey) -> Opened[Opening]:
    """Verify a device's opening statement."""
    return dsse.open_envelope(envelope, OPENING_TYPE, Opening, key)


def open_grant(envelope: Envelope, *keys: VerifyingKey) -> Opened[Grant]:
    """Verify that one of the collector's keys signed a grant."""
    return dsse.open_by_any(envelope, GRANT_TYPE, Grant, keys)


def genesis_of(opening: Opened[Opening], grant: Opened[Grant]) -> str:
    """Return the value before event 0: bound to the grant, or offline to the opening itself."""
    is_offline = opening.statement.kind == "offline_open"
    return digest.genesis(opening.payload if is_offline else grant.payload)


def local_genesis(trace_id: str) -> str:
    """Return the genesis of an unsigned trace, which is bound to nothing but its own id."""
    return digest.genesis(canonical.encode({"v": 1, "kind": "local", "trace_id": trace_id}))


def check_grant(grant: Grant, opening: Opening) -> Iterator[Finding]:
    """Yield what keeps a grant from being the answer to an opening."""
    if grant.jkt != opening.jkt:
        yield Finding("grant.jkt", "grant", "The grant is for another device key.")
    if grant.nonce != opening.nonce:
        yield Finding("grant.nonce", "grant", "The grant answers another opening.")
    if grant.participant_id != opening.participant_id:
        yield Finding("grant.participant_id", "grant", "The grant is for another participant.")
    if grant.consent != opening.consent:
        yield Finding("grant.consent", "grant", "The grant names another consent text.")
    if opening.trace_id not in (None, grant.trace_id):
        yield Finding("grant.trace_id", "grant", "The grant is for another trace than the one opened.")
