"""Slow work beside the event loop, on threads that end with the sidecar."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from patchtrail.llm import Cancellation

__all__ = ["FixThreads"]

Found = TypeVar("Found")
WORKERS = 3


class FixThreads:
    """Runs patches beside each other, and remembers how to stop them."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="patchtrail-fix")
        self._running = set[Cancellation]()

    async def run(self, work: Callable[[Cancellation], Found], cancellation: Cancellation) -> Found:
        """Return what the work returns, and raise what it raises."""
        self._running.add(cancellation)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, cancellation)
        finally:
            self._running.discard(cancellation)

    def close(self) -> None:
        """Cancel everything; nothing new begins."""
        for cancellation in [*self._running]:
            cancellation.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)
