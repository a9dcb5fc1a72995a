"""References from events to blobs."""

from __future__ import annotations

from typing import Annotated

from patchtrail.contract.wire import Count, RedactedAsText, Sha256, WireModel

__all__ = ["ArtifactRef"]


class ArtifactRef(WireModel):
    """A blob that is stored beside the events, by the SHA-256 of its (redacted) bytes."""

    sha256: Sha256
    size_bytes: Count
    media_type: Annotated[str, RedactedAsText()]
