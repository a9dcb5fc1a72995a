"""Vectors of texts from a server of OpenAI's API: one request, bounded in time and bytes, without a retry."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

from patchtrail.contract.errors import ModelUnavailable
from patchtrail.llm.endpoint import Endpoint, endpoint_of
from patchtrail.llm.faults import Faults, said_by
from patchtrail.llm.json_parts import parsed
from patchtrail.llm.wire import Tls, Wire

__all__ = ["EmbeddingDoor", "embedding_door_of"]

TIMEOUT_S = 10.0
MAX_BYTES = 64 * 1024 * 1024
LARGE = 1e9
MAX_TEXTS = 256
"""In one request; servers commonly refuse more than 2,048."""


class EmbeddingDoor:
    """A model behind `POST …/embeddings`."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._faults = Faults(endpoint, "PATCHTRAIL_EMBEDDING_MODEL", "PATCHTRAIL_EMBEDDING_URL")
        self._tls = Tls(is_plain=endpoint.is_plain)

    def vectors(self, texts: Sequence[str]) -> list[list[float]]:
        """Return a vector for each text; raises `ModelUnavailable` where the server gives anything else."""
        batches = (texts[start : start + MAX_TEXTS] for start in range(0, len(texts), MAX_TEXTS))
        return [vector for batch in batches for vector in self._asked(batch)]

    def _asked(self, texts: Sequence[str]) -> list[list[float]]:
        import httpx

        wire = Wire(max_bytes=MAX_BYTES)
        # A client's time-outs start anew with every byte; this one does not.
        clock = threading.Timer(TIMEOUT_S, wire.cut)
        clock.daemon = True
        clock.start()
        headers = {"Authorization": f"Bearer {self._endpoint.api_key}"} if self._endpoint.api_key else {}
        body = {"model": self._endpoint.model, "input": list(texts), "encoding_format": "float"}
        try:
            with wire.client(self._tls, timeout_s=TIMEOUT_S) as client:
                answer = client.post(f"{self._endpoint.base_url}/embeddings", json=body, headers=headers)
        except httpx.TimeoutException:
            raise self._faults.silent() from None
        except (httpx.ConnectError, httpx.ProxyError) as error:
            raise self._faults.unreachable(str(error)) from None
        except httpx.HTTPError:
            raise self._faults.broken_off(wire) from None
        finally:
            clock.cancel()
        try:
            told = parsed(answer.content)
        except ValueError:
            told = {}
        if not answer.is_success:
            raise self._faults.status(answer.status_code, said_by(told), answer.headers)
        return self._read(told, len(texts))

    def _read(self, told: Mapping[str, object], count: int) -> list[list[float]]:
        """Return the vectors in the order of the texts, which is not always that of the answer."""
        rows = told.get("data")
        by_place = dict(map(_row, rows)) if isinstance(rows, list) else {}
        vectors = [by_place.get(place) for place in range(count)]
        lengths = {len(vector) for vector in vectors if vector}
        found = [vector for vector in vectors if vector]
        if len(found) != count or len(lengths) > 1:
            raise self._faults.unreadable()
        return found


def embedding_door_of(environment: Mapping[str, str]) -> EmbeddingDoor | None:
    """Return the door to the model that `PATCHTRAIL_EMBEDDING_MODEL` names, at the other model's address or its own.

    None where none is named. Raises `InvalidInput` for an address that may not be asked, and `ModelUnavailable` where
    a model is named, and no address for it.
    """
    model = environment.get("PATCHTRAIL_EMBEDDING_MODEL", "").strip()
    if not model:
        return None
    own = environment.get("PATCHTRAIL_EMBEDDING_URL", "").strip()
    address = {"PATCHTRAIL_MODEL_URL": own} if own else {}
    endpoint = endpoint_of({**environment, **address, "PATCHTRAIL_MODEL_KIND": "openai"})
    if endpoint is None:
        raise ModelUnavailable("PATCHTRAIL_EMBEDDING_MODEL names a model: set PATCHTRAIL_EMBEDDING_URL to its address.")
    return EmbeddingDoor(replace(endpoint, model=model))


def _row(row: object) -> tuple[int, list[float]]:
    """Return place and vector; what is not usable has no place."""
    place, vector = (row.get("index"), row.get("embedding")) if isinstance(row, Mapping) else (None, None)
    if not isinstance(place, int) or not isinstance(vector, list) or not all(map(_is_finite, vector)):
        return -1, []
    return place, [float(one) for one in vector]


def _is_finite(one: object) -> bool:
    return isinstance(one, int | float) and abs(one) < LARGE
