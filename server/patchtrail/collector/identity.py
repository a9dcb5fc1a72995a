"""What the collector keeps in its data folder beside the database: its keys, and its server token.

Three keys: the receipt key signs grants and receipts, the log key signs checkpoints, and the root key signs the set of
the other two (`keys.json`), old ones included. The root key is needed at rotations and renewals alone and may be kept
elsewhere; its fingerprint is the one that participants compare.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from pathlib import Path

import orjson

from patchtrail.collector.tokens import SERVER_PREFIX, draw_token
from patchtrail.contract.collection import KeySet
from patchtrail.contract.errors import InvalidInput, StateConflict
from patchtrail.contract.evidence import KEYS_TYPE, KeyStatement, ServerKey
from patchtrail.delivery.durable import write_whole
from patchtrail.integrity import canonical, checkpoint, dsse, key_set
from patchtrail.integrity.keys import SigningKey, VerifyingKey, unpadded

__all__ = ["ROOT_KEY", "ReceiptKey", "published_keys", "renew", "rotate_keys", "server_token"]

RECEIPT_KEY, LOG_KEY, ROOT_KEY, KEYS = "receipt_key.json", "log_key.json", "root_key.json", "keys.json"
YEAR_MS = 365 * 24 * 3600 * 1000
KEYS_LIFETIME_MS = 2 * YEAR_MS
MAX_VOUCHING = 15
"""An envelope has at most 16 signatures, and the root's is one."""


@dataclass(frozen=True)
class _KeyFile:
    """One of the collector's keys, and those before it."""

    key: SigningKey
    created_ms: int
    before: tuple[dict[str, str | int], ...]

    def shown(self) -> list[ServerKey]:
        """Return the public keys, newest last."""
        return [*(_shown(_signing(one), int(one["created_ms"])) for one in self.before), self.newest()]

    def newest(self) -> ServerKey:
        """Return the public key in use."""
        return _shown(self.key, self.created_ms)

    def old(self) -> list[SigningKey]:
        """Return the keys before, which still vouch for the set towards those who pinned one of them."""
        return [_signing(one) for one in self.before]


class ReceiptKey:
    """The Ed25519 key that signs grants and receipts, with the log's key and what the root key says of both.

    Made at the first start; they never leave the folder. A set that is a year from its end, or that does not name the
    keys in use, is signed anew where the root key is at hand.
    """

    def __init__(self, folder: Path, log_host: str = "localhost") -> None:
        receipts, log = _made(folder / RECEIPT_KEY), _made(folder / LOG_KEY)
        if not (folder / KEYS).exists():
            root = _made(folder / ROOT_KEY)
            _publish(folder, root, receipts, log, version=1, origin=checkpoint.origin_of(log_host))
        elif _is_stale(published_keys(folder), receipts, log) and (folder / ROOT_KEY).exists():
            renew(folder, folder / ROOT_KEY)
        self._shown = published_keys(folder)
        if not _names(self._shown, receipts, log):
            raise StateConflict("keys.json does not name the keys in use: run `patchtrail collect rotate-keys`.")
        trusted = key_set.open_key_set(self._shown, None)
        self.key = receipts.key
        self.receipt_keys = trusted.receipt
        self.log = log.key
        self.log_keys = trusted.log
        self.log_origin = trusted.log_origin
        self.fingerprint = key_set.fingerprint_of(self._shown)

    def key_set(self) -> KeySet:
        """Return what `GET /v1/keys` shows."""
        return self._shown


def published_keys(folder: Path) -> KeySet:
    """Return the signed set of a collector's keys; raises `InvalidInput` when there is none."""
    try:
        line = (folder / KEYS).read_bytes()
    except FileNotFoundError as error:
        raise InvalidInput(f"There are no keys in {folder}; start the collector once.", code="no_keys") from error
    payload = dsse.payload_bytes(dsse.parse_envelope(line))
    return key_set.shown(KeyStatement.model_validate(canonical.decode(payload)), line)


def rotate_keys(folder: Path, root_file: Path) -> KeySet:
    """Make a new receipt key and a new log key, and let the root key sign the set with the old ones in it.

    Raises `InvalidInput`, before anything is changed, when the root key is not there or not this collector's.
    """
    _root(folder, root_file)
    for name in (RECEIPT_KEY, LOG_KEY):
        held = orjson.loads((folder / name).read_bytes())
        before = [*held.pop("before", []), held]
        write_whole(folder / name, orjson.dumps({**_drawn(), "before": before}))
    return renew(folder, root_file)


def renew(folder: Path, root_file: Path) -> KeySet:
    """Sign the set of the keys in the folder anew, with the next version and a later end."""
    known, root = published_keys(folder), _root(folder, root_file)
    receipts, log = _read(folder / RECEIPT_KEY), _read(folder / LOG_KEY)
    _publish(folder, root, receipts, log, version=known.version + 1, origin=known.log_origin or "")
    return published_keys(folder)


def server_token(folder: Path, configured: str | None) -> str:
    """Return the token for reading and inviting: the configured one, else one drawn at the first start."""
    if configured:
        return configured
    path = folder / "server_token"
    if not path.exists():
        write_whole(path, draw_token(SERVER_PREFIX).encode())
    return path.read_text().strip()


def _root(folder: Path, root_file: Path) -> _KeyFile:
    if not root_file.exists():
        raise InvalidInput(f"The root key is not at {root_file}; name it by --root-key.", code="no_root_key")
    known, root = published_keys(folder), _read(root_file)
    if known.root is None or known.root.jkt != root.key.jkt:
        raise InvalidInput(f"{root_file} is not this collector's root key.", code="wrong_root_key")
    return root


def _publish(folder: Path, root: _KeyFile, receipts: _KeyFile, log: _KeyFile, *, version: int, origin: str) -> None:
    statement = KeyStatement(
        v=1,
        version=version,
        expires_ms=_now_ms() + KEYS_LIFETIME_MS,
        log_origin=origin,
        root=root.newest(),
        receipt=receipts.shown(),
        log=log.shown(),
    )
    vouching = [*receipts.old(), receipts.key][-MAX_VOUCHING:]
    write_whole(folder / KEYS, dsse.seal(statement, KEYS_TYPE, root.key, *vouching))


def _is_stale(shown: KeySet, receipts: _KeyFile, log: _KeyFile) -> bool:
    return not _names(shown, receipts, log) or (shown.expires_ms or 0) < _now_ms() + YEAR_MS


def _names(shown: KeySet, receipts: _KeyFile, log: _KeyFile) -> bool:
    return shown.receipt[-1].jkt == receipts.key.jkt and shown.log[-1].jkt == log.key.jkt


def _made(path: Path) -> _KeyFile:
    """Return the key of a file, which is made at the first start."""
    if not path.exists():
        write_whole(path, orjson.dumps(_drawn()))
    return _read(path)


def _read(path: Path) -> _KeyFile:
    stored = orjson.loads(path.read_bytes())
    return _KeyFile(_signing(stored), int(stored["created_ms"]), tuple(stored.get("before", ())))


def _drawn() -> dict[str, str | int]:
    seed = secrets.token_bytes(32)
    return {"d": unpadded(seed), "x": SigningKey(seed).public.jwk.x, "created_ms": _now_ms()}


def _signing(stored: dict[str, str | int]) -> SigningKey:
    return SigningKey.from_jwk(str(stored["d"]), str(stored["x"]))


def _shown(key: SigningKey, created_ms: int) -> ServerKey:
    public: VerifyingKey = key.public
    return ServerKey(jkt=public.jkt, public_key=public.jwk, created_ms=created_ms)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
