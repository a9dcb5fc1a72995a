"""Waits for a fact instead of a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["until"]

T = TypeVar("T")


def until(what: str, fn: Callable[[], T], timeout_s: float = 30) -> T:
    """Ask ten times a second until the answer is truthy, and return it."""
    end = time.monotonic() + timeout_s
    while True:
        answer = fn()
        if answer:
            return answer
        if time.monotonic() > end:
            raise TimeoutError(f"not within {timeout_s:g} s: {what}")
        time.sleep(0.1)
