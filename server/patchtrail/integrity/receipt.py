"""Receipts: the collector's signed answer to a chunk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from patchtrail.contract.evidence import RECEIPT_TYPE, ChunkManifest, Envelope, Receipt
from patchtrail.integrity import dsse
from patchtrail.integrity.keys import SigningKey, VerifyingKey
from patchtrail.integrity.verify.finding import Finding

__all__ = ["Logged", "check_receipt", "open_receipt", "seal_receipt"]


@dataclass(frozen=True)
class Logged:
    """Where a chunk stands in the log: its leaf, the salt that opens the leaf, and the tree with the leaf in it."""

    leaf_index: int
    commit: str
    log_size: int
    log_root: str


def seal_receipt(
    manifest: ChunkManifest, chunk_id: str, *, received_ms: int, key: SigningKey, logged: Logged | None = None
) -> bytes:
    """Return the receipt's envelope line for an accepted chunk."""
    receipt = Receipt(
        v=1,
        trace_id=manifest.trace_id,
        n=manifest.n,
        chunk_id=chunk_id,
        head_out=manifest.head_out,
        received_ms=received_ms,
        **({} if logged is None else vars(logged)),
    )
    return dsse.seal(receipt, RECEIPT_TYPE, key)


def open_receipt(envelope: Envelope, *keys: VerifyingKey) -> Receipt:
    """Verify that one of the collector's keys signed a receipt, and return it."""
    return dsse.open_by_any(envelope, RECEIPT_TYPE, Receipt, keys).statement


def check_receipt(receipt: Receipt, manifest: ChunkManifest, chunk_id: str) -> Iterator[Finding]:
    """Yield what keeps a receipt from being the answer to a chunk."""
    where = f"receipt {manifest.n}"
    if receipt.trace_id != manifest.trace_id:
        yield Finding("receipt.trace_id", where, f"The receipt is for {receipt.trace_id}.")
    if receipt.n != manifest.n:
        yield Finding("receipt.n", where, f"The receipt is for chunk {receipt.n}.")
    if receipt.chunk_id != chunk_id:
        yield Finding("receipt.chunk_id", where, "The receipt is for another chunk with this number.")
    if receipt.head_out != manifest.head_out:
        yield Finding("receipt.head_out", where, "The receipt names another head.")
