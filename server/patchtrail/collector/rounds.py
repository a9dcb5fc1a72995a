"""Something that is done again and again on a thread of its own: when it is woken, and now and then by itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

__all__ = ["Rounds"]

logger = logging.getLogger(__name__)


class Rounds:
    """Calls `look` until it is stopped; a round that fails is logged, and the next one is made all the same."""

    def __init__(self, name: str, look: Callable[[], None], every_s: float) -> None:
        self._look = look
        self._every_s = every_s
        self._woken = threading.Event()
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; the first round is made at once."""
        self._thread.start()

    def wake(self) -> None:
        """Make a round soon."""
        self._woken.set()

    def stop(self) -> None:
        """Stop after the round that is being made, if it was begun."""
        self._is_stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while True:
            # Cleared first: whoever stops this wakes it after saying so.
            self._woken.clear()
            if self._is_stopping.is_set():
                return
            try:
                self._look()
            except Exception:
                logger.exception("%s: this round failed", self._thread.name)
            self._woken.wait(self._every_s)
