"""What schemathesis has to be told: how chunks and snapshots are written. Loaded by name, in a process of its own."""

from __future__ import annotations

import json
import os
import re
import secrets
from pathlib import Path

import schemathesis

from patchtrail.contract.evidence import CHUNK_MEDIA_TYPE
from patchtrail.trace.base_snapshot import BASE_MEDIA_TYPE, write_base
from patchtrail.trace.file_tree import FileTree

SOUND_KEY = re.compile(r"[!-~]{1,100}")
CHUNKS = [bytes.fromhex(one) for one in json.loads(Path(os.environ["PATCHTRAIL_FUZZ_CHUNKS"]).read_text())]


@schemathesis.hook
def before_call(_context: object, case: schemathesis.Case, _kwargs: object) -> None:
    """Make a sound key one that nothing came under before: another body under it is rightly refused."""
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and SOUND_KEY.fullmatch(key):
        case.headers["Idempotency-Key"] = f"{key}{secrets.token_hex(8)}"


@schemathesis.serializer(BASE_MEDIA_TYPE, "application/gzip")
def base_bytes(_context: object, value: object) -> bytes:
    """Write what was drawn as it is, or as the one file of a sound snapshot."""
    drawn = value if isinstance(value, bytes) else json.dumps(value, default=str).encode()
    return drawn if len(drawn) % 2 else write_base(FileTree({"drawn.py": drawn}))


@schemathesis.serializer(CHUNK_MEDIA_TYPE)
def chunk_bytes(_context: object, value: object) -> bytes:
    """Write what was drawn as it is, or cut into the place that it points at in a sound chunk."""
    drawn = value if isinstance(value, bytes) else json.dumps(value, default=str).encode()
    if len(drawn) % 3 == 0:
        return drawn
    chunk = CHUNKS[drawn[0] % len(CHUNKS)]
    at = int.from_bytes(drawn[:3], "big") % len(chunk)
    return chunk[:at] + drawn[1:] + chunk[at + len(drawn) - 1 :] if len(drawn) % 3 == 1 else chunk
