"""The one port to a model: messages in, text and its cost out. Synchronous: whoever asks does so on a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

__all__ = ["Cancellation", "FinishReason", "Message", "Model", "ModelAnswer", "ModelRequest"]

FinishReason = Literal["stop", "length", "content_filter", "unknown"]


@dataclass(frozen=True)
class Message:
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class ModelRequest:
    """One request; `json_schema` asks for structured output where the model supports it."""

    messages: tuple[Message, ...]
    max_output_tokens: int
    timeout_s: float
    json_schema: str | None = None


@dataclass(frozen=True)
class ModelAnswer:
    """What came back; tokens are counted by the model, or estimated where it does not say (`is_estimated`)."""

    text: str
    model: str
    input_tokens: int
    output_tokens: int
    cost_microusd: int
    latency_ms: int
    first_token_ms: int | None = None
    finish_reason: FinishReason = "stop"
    is_estimated: bool = False


class Cancellation:
    """Says that nobody waits any more; doors register how to stop what they are doing."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._stops: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    @property
    def is_cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self._event.is_set()

    def cancel(self) -> None:
        """Cancel, once; every registered stop is called."""
        with self._lock:
            self._event.set()
            stops, self._stops = self._stops, []
        for stop in stops:
            stop()

    def on_cancel(self, stop: Callable[[], None]) -> None:
        """Call `stop` when it is cancelled; at once when it is already."""
        with self._lock:
            if not self._event.is_set():
                self._stops.append(stop)
                return
        stop()


class Model(Protocol):
    """A model that can be asked.

    `ask` raises `ModelUnavailable` with code `model_unavailable`, `model_timeout`, `spending_cap` or `cancelled`.
    """

    @property
    def name(self) -> str:
        """What attempts call it."""

    def ask(self, request: ModelRequest, cancellation: Cancellation) -> ModelAnswer:
        """Ask once, without a retry."""
