"""What the collector keeps in its data folder beside the database: its receipt key and its server token."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

import orjson

from patchtrail.collector.tokens import SERVER_PREFIX, draw_token
from patchtrail.contract.collection import KeySet, ServerKey
from patchtrail.delivery.durable import write_whole
from patchtrail.integrity.keys import SigningKey, unpadded

__all__ = ["ReceiptKey", "server_token"]


class ReceiptKey:
    """The Ed25519 key that signs grants and receipts; made at the first start, never leaves the folder."""

    def __init__(self, folder: Path) -> None:
        path = folder / "receipt_key.json"
        if not path.exists():
            seed = secrets.token_bytes(32)
            made = {"d": unpadded(seed), "x": SigningKey(seed).public.jwk.x, "created_ms": time.time_ns() // 1_000_000}
            write_whole(path, orjson.dumps(made))
        stored = orjson.loads(path.read_bytes())
        self.key = SigningKey.from_jwk(stored["d"], stored["x"])
        self._created_ms = int(stored["created_ms"])

    def key_set(self) -> KeySet:
        """Return what `GET /v1/keys` shows."""
        shown = ServerKey(jkt=self.key.jkt, public_key=self.key.public.jwk, created_ms=self._created_ms)
        return KeySet(version=1, receipt=[shown])


def server_token(folder: Path, configured: str | None) -> str:
    """Return the token for reading and inviting: the configured one, else one drawn at the first start."""
    if configured:
        return configured
    path = folder / "server_token"
    if not path.exists():
        write_whole(path, draw_token(SERVER_PREFIX).encode())
    return path.read_text().strip()
