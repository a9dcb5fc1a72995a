"""Caps on what a request may send, counted while it streams: Content-Length is never believed."""

from __future__ import annotations

import asyncio

from fastapi import Request

from patchtrail.contract.errors import InvalidInput

__all__ = ["BODY_TIMEOUT_S", "MAX_ARTIFACT_BYTES", "MAX_JSON_BYTES", "read_capped"]

MAX_JSON_BYTES = 128 * 1024
MAX_ARTIFACT_BYTES = 32 * 1024 * 1024
BODY_TIMEOUT_S = 30.0
SLOWEST_BYTES_PER_S = 64 * 1024
"""What arrives at this rate is waited for beyond the 30 seconds: a base snapshot takes minutes on a thin line."""


async def read_capped(request: Request, limit: int) -> bytes:
    """Return a request's body.

    Raises `InvalidInput` with code `too_large` as soon as `limit` is passed, `too_slow` for what is 30 seconds
    behind the slowest rate.
    """
    pieces, size = list[bytes](), 0
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S) as patience:
            began_s = asyncio.get_running_loop().time()
            async for piece in request.stream():
                size += len(piece)
                patience.reschedule(began_s + BODY_TIMEOUT_S + size / SLOWEST_BYTES_PER_S)
                if size > limit:
                    raise InvalidInput(f"This body may hold {limit} bytes.", code="too_large")
                pieces.append(piece)
    except TimeoutError:
        message = f"The body came too slowly: {size} bytes so far."
        raise InvalidInput(message, code="too_slow") from None
    return b"".join(pieces)
