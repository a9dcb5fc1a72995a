"""Sound values of what belongs to the transparency log, and what makes each of them unsound."""

from __future__ import annotations

from typing import Any

from patchtrail.contract.evidence import KeyStatement, ServerKey
from patchtrail.integrity import key_set
from patchtrail.integrity.keys import SigningKey
from tests.integrity.honest import server_key

SHA = "5" * 64


def shown_key(key: SigningKey, created_ms: int = 0) -> ServerKey:
    """Return a key as a collector shows it."""
    return ServerKey(jkt=key.jkt, public_key=key.public.jwk, created_ms=created_ms)


STATEMENT = KeyStatement(
    v=1,
    version=2,
    expires_ms=1_823_072_000_000,
    log_origin="collector.example/patchtrail/log/1",
    root=shown_key(server_key(100)),
    receipt=[shown_key(server_key(1)), shown_key(server_key(), 1)],
    log=[shown_key(server_key(200))],
)
SIGNED_KEYS = key_set.published(STATEMENT, server_key(100), server_key(1), server_key()).model_dump()

LOG_SAMPLES: dict[str, dict[str, dict[str, Any]]] = {
    "InclusionProof": {
        "leaf_3_of_8": {"index": 3, "size": 8, "hashes": [SHA, SHA, SHA]},
        "only_leaf": {"index": 0, "size": 1, "hashes": []},
    },
    "ConsistencyProof": {
        "three_to_eight": {"from_size": 3, "to_size": 8, "hashes": [SHA, SHA, SHA, SHA]},
        "from_nothing": {"from_size": 0, "to_size": 8, "hashes": []},
    },
}
LOG_WRONG: dict[str, dict[str, Any]] = {
    "InclusionProof": {"negative_index": {"index": -1}, "short_hash": {"hashes": [SHA[1:]]}},
    "ConsistencyProof": {"text_size": {"to_size": "8"}, "too_long": {"hashes": [SHA] * 129}},
}
