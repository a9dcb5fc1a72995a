"""Receipts and grants that name the log agree with each other, and with the leaves that they promise."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace

import pytest

from patchtrail.contract.evidence import GRANT_TYPE, Receipt
from patchtrail.integrity import digest, dsse, entry, key_set, merkle, opening, receipt
from patchtrail.integrity.receipt import Logged
from patchtrail.integrity.verify import TraceEvidence
from tests.contract.log_samples import STATEMENT
from tests.integrity.honest import START_MS, Honest, check, honest, server_key

SESSION = honest(seed=3)
SALT = hashlib.sha256(b"salt").hexdigest()
ROOT = server_key(100)


def root_of(size: int) -> str:
    """Return some root for a size."""
    return hashlib.sha256(b"%d" % size).hexdigest()


def logged(**lies: object) -> list[Logged | None]:
    """Return where the three chunks of a session stand, with lies about the second."""
    places = [Logged(index, SALT, index + 1, root_of(index + 1)) for index in (4, 9, 11)]
    return [places[0], replace(places[1], **lies), places[2]]


def evidence_of(places: list[Logged | None], session: Honest = SESSION, **grant_fields: object) -> TraceEvidence:
    """Return the session with receipts that name the log, and a grant that names it too."""
    lines = []
    for n, (manifest, place) in enumerate(zip(session.manifests, places, strict=True)):
        chunk_id, received_ms = digest.chunk_id(dsse.payload_of(manifest)), START_MS + 1_000 + n * 60_000
        lines.append(
            receipt.seal_receipt(manifest, chunk_id, received_ms=received_ms, key=session.server, logged=place)
        )
    granted = opening.open_grant(dsse.parse_envelope(session.evidence.grant), session.server.public).statement
    grant = dsse.seal(granted.model_copy(update=grant_fields), GRANT_TYPE, session.server)
    return replace(session.evidence, receipts=tuple(lines), grant=grant if grant_fields else session.evidence.grant)


def test_a_logged_trace_verifies() -> None:
    """Receipts whose leaves come one after the other, in a log that grows, are sound; so are those from before it."""
    check(evidence_of(logged()))
    check(evidence_of([None, *logged()[1:]]))
    check(evidence_of([None, None, None]))


def test_09_a_grant_that_names_the_log() -> None:
    """A trace whose grant names the log has every receipt in it, in a tree that is not smaller or another."""
    offline = honest(seed=3, kind="offline_open")
    told = {"log_size": 3, "log_root": root_of(3)}
    check(evidence_of(logged(), offline, **told))
    check(evidence_of([None, *logged()[1:]], offline, **told), "receipt.not_logged")
    check(evidence_of(logged(), offline, log_size=6, log_root=root_of(6)), "receipt.log_size")
    check(evidence_of(logged(), offline, log_size=5, log_root=root_of(6)), "receipt.log_root")


@pytest.mark.parametrize(
    ("places", "code"),
    [
        ([*logged()[:2], None], "receipt.not_logged"),
        (logged(leaf_index=10), "receipt.leaf_index"),
        (logged(leaf_index=4), "receipt.leaf_order"),
        (logged(log_size=12, log_root=root_of(13)), "receipt.log_root"),
        (logged(log_size=13), "receipt.log_size"),
    ],
    ids=["not logged", "leaf outside its tree", "the same leaf", "two roots", "the log shrank"],
)
def test_14_receipts_that_disagree(places: list[Logged | None], code: str) -> None:
    """A collector that signs receipts which do not go together is found out by the receipts alone."""
    check(evidence_of(places), code)


def test_14_another_salt() -> None:
    """All leaves of a trace are opened by one salt."""
    places = logged(commit=hashlib.sha256(b"another").hexdigest())
    check(evidence_of([*places[:2], replace(places[2], commit=places[1].commit)]), "receipt.commit")


def test_14_a_receipt_names_all_of_it_or_nothing() -> None:
    """A receipt that names its tree, but not its leaf, is not logged."""
    whole = receipt.open_receipt(
        dsse.parse_envelope(evidence_of(logged()).receipts[0]), SESSION.server.public
    ).model_dump()
    part = Receipt.model_validate({**whole, "leaf_index": None})
    line = dsse.seal(part, "application/vnd.patchtrail.receipt.v1+json", SESSION.server)

    evidence = evidence_of(logged())
    check(replace(evidence, receipts=(line, *evidence.receipts[1:])), "receipt.not_logged")


def test_a_leaf_can_be_computed_from_a_receipt() -> None:
    """The leaf says its type, time and commitment in canonical JSON, and only the salt links it to a chunk."""
    told = Receipt(
        v=1,
        trace_id=SESSION.evidence.trace_id,
        n=0,
        chunk_id="a" * 64,
        head_out="b" * 64,
        received_ms=7,
        leaf_index=0,
        commit="00" * 32,
        log_size=1,
        log_root="c" * 64,
    )
    committed = hmac.new(bytes(32), bytes.fromhex("a" * 64), "sha256").hexdigest()

    assert entry.receipt_leaf(told) == b'{"c":"%s","r":7,"v":1,"y":"chunk"}' % committed.encode()
    assert entry.receipt_leaf(told.model_copy(update={"commit": None})) is None
    assert entry.commitment("11" * 32, "a" * 64) != committed
    assert len(merkle.leaf_hash(entry.receipt_leaf(told) or b"")) == 32


def test_keys_of_a_bundle_are_believed_as_far_as_the_root_signed_them() -> None:
    """A reader who pins the root accepts what an old receipt key signed; one who pins another accepts nothing."""
    shown = key_set.published(STATEMENT, ROOT, server_key(1), server_key())
    evidence = replace(evidence_of(logged()), key_set=shown, server_keys=())
    check(evidence, pinned=ROOT)
    check(evidence, pinned=server_key(1))
    check(evidence, "keys.pinned", pinned=server_key(9))
    other = key_set.published(STATEMENT, server_key(100), server_key(1))
    check(replace(evidence, key_set=other), "keys.bad_signature", pinned=server_key())
