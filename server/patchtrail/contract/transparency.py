"""The proofs that the collector's log answers with.

A checkpoint itself is no JSON, but a signed note (https://c2sp.org/tlog-checkpoint).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from patchtrail.contract.wire import Count, Sha256, WireModel

__all__ = ["ConsistencyProof", "InclusionProof"]

MAX_HASHES = 128
"""Twice the height of the tallest tree that can be counted."""

Hashes = Annotated[list[Sha256], Field(max_length=MAX_HASHES)]


class InclusionProof(WireModel):
    """Hashes that lead from leaf `index` to the root of the tree of `size` leaves (RFC 9162, 2.1.3)."""

    index: Count
    size: Count
    hashes: Hashes


class ConsistencyProof(WireModel):
    """Hashes that show that the tree of `to_size` leaves begins with the one of `from_size` (RFC 9162, 2.1.4)."""

    from_size: Count
    to_size: Count
    hashes: Hashes
