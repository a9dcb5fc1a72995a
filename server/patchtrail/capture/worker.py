"""One thread that does everything slow, in the order in which it was asked; the save path only puts into its queue.

This is a boundary: what fails in a job is logged by its type, counted, and never stops the next job.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

__all__ = ["PULSE_S", "Worker"]

Result = TypeVar("Result")
PULSE_S = 1.0

logger = logging.getLogger(__name__)


class Worker:
    """A queue with one thread; between jobs, about once a second or when patience ends, it pulses."""

    def __init__(self, pulse: Callable[[], None], patience_s: Callable[[], float] = lambda: PULSE_S) -> None:
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._pulse = pulse
        self._patience_s = patience_s
        self.failures = 0
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def start(self) -> None:
        """Start working."""
        self._thread.start()

    def put(self, job: Callable[[], object]) -> None:
        """Queue a job whose result nobody waits for."""
        self._queue.put(lambda: self._guarded(job))

    def submit(self, job: Callable[[], Result]) -> Future[Result]:
        """Queue a job and return its future; its failure is the asker's."""
        future: Future[Result] = Future()
        self._queue.put(lambda: self._fulfil(future, job))
        return future

    def stop(self) -> None:
        """Finish what is queued, then stop."""
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def _run(self) -> None:
        while True:
            try:
                job = self._queue.get(timeout=min(PULSE_S, self._patience_s()))
            except queue.Empty:
                job = _nothing
            if job is None:
                return
            job()
            if self._queue.empty():
                self._guarded(self._pulse)

    def _guarded(self, job: Callable[[], object]) -> None:
        try:
            job()
        except Exception as error:  # noqa: BLE001 -- a failing capture must never stop the next one
            self.failures += 1
            # The message may quote what was being recorded, so only the type is logged.
            logger.warning("capture: %s", type(error).__name__)

    def _fulfil(self, future: Future[Any], job: Callable[[], object]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(job())
        except Exception as error:  # noqa: BLE001 -- handed to the asker, who answers with it
            future.set_exception(error)


def _nothing() -> None:
    """Stand in for a job when only the pulse is due."""
