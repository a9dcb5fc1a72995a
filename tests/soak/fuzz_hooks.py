"""What schemathesis has to be told: how a chunk's bytes are written. It is loaded by name, in a process of its own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import schemathesis

from patchtrail.contract.evidence import CHUNK_MEDIA_TYPE

CHUNKS = [bytes.fromhex(one) for one in json.loads(Path(os.environ["PATCHTRAIL_FUZZ_CHUNKS"]).read_text())]


@schemathesis.serializer(CHUNK_MEDIA_TYPE)
def chunk_bytes(_context: object, value: object) -> bytes:
    """Write what was drawn as it is, or cut into the place that it points at in a sound chunk."""
    drawn = value if isinstance(value, bytes) else json.dumps(value, default=str).encode()
    if len(drawn) % 3 == 0:
        return drawn
    chunk = CHUNKS[drawn[0] % len(CHUNKS)]
    at = int.from_bytes(drawn[:3], "big") % len(chunk)
    return chunk[:at] + drawn[1:] + chunk[at + len(drawn) - 1 :] if len(drawn) % 3 == 1 else chunk
