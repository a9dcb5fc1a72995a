"""Entries of the transparency log: what a leaf says, and what opens the commitment in it.

A leaf tells the type of an entry, its receive time, and a commitment to what it is about: HMAC-SHA256 under a salt of
the trace. The participant gets the salt in each receipt; once the collector has destroyed its own, a leaf can no longer
be linked to anybody, and the tree stays as it is.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from typing import Literal

from patchtrail.contract.evidence import Grant, Receipt
from patchtrail.integrity import canonical
from patchtrail.integrity.checkpoint import TreeHead
from patchtrail.integrity.verify.finding import Finding

__all__ = ["EntryType", "check_logged", "commitment", "grant_head", "leaf_bytes", "receipt_head", "receipt_leaf"]

EntryType = Literal["chunk", "grant", "consent", "withdrawal", "open_trace", "open_chunk", "open_end"]
"""What a leaf is about: a chunk, a grant, the device's signed consent, or the end of them all; of a trace that nobody
signed, what is stored of its opening, a chunk, and its completion."""

LOG_FIELDS = ("leaf_index", "commit", "log_size", "log_root")


def commitment(salt: str, subject: str) -> str:
    """Return the commitment to `subject`, a SHA-256 in hex, under a trace's salt of 32 bytes in hex."""
    return hmac.new(bytes.fromhex(salt), bytes.fromhex(subject), hashlib.sha256).hexdigest()


def leaf_bytes(kind: EntryType, committed: str, received_ms: int) -> bytes:
    """Return the bytes of a leaf."""
    return canonical.encode({"v": 1, "y": kind, "c": committed, "r": received_ms})


def receipt_leaf(receipt: Receipt) -> bytes | None:
    """Return the leaf that a receipt promises; None when it is from before the log."""
    if receipt.commit is None:
        return None
    return leaf_bytes("chunk", commitment(receipt.commit, receipt.chunk_id), receipt.received_ms)


def receipt_head(receipt: Receipt) -> TreeHead | None:
    """Return the tree that a receipt names, with its own leaf in it."""
    if receipt.log_size is None or receipt.log_root is None:
        return None
    return TreeHead(receipt.log_size, receipt.log_root)


def grant_head(grant: Grant) -> TreeHead | None:
    """Return the tree that a grant names; its own leaf is the next one."""
    if grant.log_size is None or grant.log_root is None:
        return None
    return TreeHead(grant.log_size, grant.log_root)


def check_logged(grant: Grant, receipts: Sequence[Receipt]) -> Iterator[Finding]:
    """Yield where a trace's receipts do not agree with each other, or with the grant, about the log.

    A trace from before the log has none of the fields; from the first that has them on, all have.
    """
    head, salt, last = grant_head(grant), None, -1
    for receipt in receipts:
        where = f"receipt {receipt.n}"
        told = [getattr(receipt, name) is not None for name in LOG_FIELDS]
        if not all(told) and (any(told) or head is not None):
            yield Finding("receipt.not_logged", where, "The receipt does not say where in the log its chunk is.")
        if receipt.leaf_index is None or receipt.log_size is None or receipt.log_root is None:
            continue
        if receipt.leaf_index >= receipt.log_size:
            yield Finding("receipt.leaf_index", where, "The receipt's leaf is not in the tree that it names.")
        if receipt.leaf_index <= last:
            yield Finding("receipt.leaf_order", where, "The receipt's leaf is not after the one before.")
        if head is not None and receipt.log_size < head.size:
            yield Finding("receipt.log_size", where, "The log shrank.")
        if head is not None and receipt.log_size == head.size and receipt.log_root != head.root:
            yield Finding("receipt.log_root", where, "The log has two roots at one size.")
        if salt is not None and receipt.commit != salt:
            yield Finding("receipt.commit", where, "The receipt opens its leaf with another salt than the one before.")
        head, salt, last = TreeHead(receipt.log_size, receipt.log_root), receipt.commit, receipt.leaf_index
