"""An answer while it comes in: text, tokens, times, and what it has cost when it breaks off."""

from __future__ import annotations

import threading
import time
from typing import TypeGuard

from patchtrail.contract.errors import Detail, ModelUnavailable
from patchtrail.llm.port import FinishReason, ModelAnswer, ModelRequest
from patchtrail.llm.prices import Price
from patchtrail.llm.tokens import estimated_prompt_tokens, estimated_tokens

__all__ = ["FINISH_REASONS", "Gathering", "max_text_bytes", "max_wire_bytes"]

TEXT_BYTES_PER_TOKEN = 16
WIRE_BYTES_PER_TOKEN = 1024
SLACK_BYTES = 64 * 1024
FINISH_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "stop",
    "tool_calls": "stop",
    "function_call": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "content_filter": "content_filter",
    "refusal": "content_filter",
}
MAX_TOKENS = 1_000_000_000


def max_text_bytes(request: ModelRequest) -> int:
    """Return how long an answer's text may be: four times what its tokens usually are."""
    return SLACK_BYTES + TEXT_BYTES_PER_TOKEN * request.max_output_tokens


def max_wire_bytes(request: ModelRequest) -> int:
    """Return how many bytes may come in: a streamed token travels in an envelope of hundreds of bytes."""
    return 16 * SLACK_BYTES + WIRE_BYTES_PER_TOKEN * request.max_output_tokens


class Gathering:
    """Filled by the thread that reads; `spent` may be asked by any other."""

    def __init__(self, request: ModelRequest, model: str, price: Price) -> None:
        self._request = request
        self._price = price
        self._room = max_text_bytes(request)
        self._lock = threading.Lock()
        self._pieces: list[str] = []
        self._started_s = time.monotonic()
        self._first_token_ms: int | None = None
        self.model = model
        self.input_tokens: int | None = None
        self.output_tokens: int | None = None
        self.finish_reason: FinishReason | None = None

    def add(self, text: object) -> None:
        """Take a piece of text; anything else is none."""
        if not isinstance(text, str) or not text:
            return
        with self._lock:
            if self._first_token_ms is None:
                self._first_token_ms = self._elapsed_ms()
            self._pieces.append(text)
            self._room -= len(text.encode("utf-8", "surrogatepass"))
        if self._room < 0:
            raise ModelUnavailable(
                f"The model's answer does not end: more than {max_text_bytes(self._request)} bytes came for a limit of "
                f"{self._request.max_output_tokens} tokens. Try another model.",
                detail={"reason": "too_large"},
            )

    def count(self, input_tokens: object, output_tokens: object) -> None:
        """Take the model's own counts, each where it is one."""
        if _is_count(input_tokens):
            self.input_tokens = input_tokens
        if _is_count(output_tokens):
            self.output_tokens = output_tokens

    def name(self, model: object) -> None:
        """Take the name under which the model answers."""
        if isinstance(model, str) and 0 < len(model) <= 200 and model.isprintable():
            self.model = model

    def finish(self, reason: object) -> None:
        """Take why it ended; of a refusal that was seen, a later word does not take anything back."""
        if isinstance(reason, str) and self.finish_reason != "content_filter":
            self.finish_reason = FINISH_REASONS.get(reason, "unknown")

    def answer(self) -> ModelAnswer:
        """Return what came; what the model did not count is estimated."""
        input_tokens, output_tokens = self._tokens()
        return ModelAnswer(
            # Half a surrogate pair can stand in JSON, but in no file and in no database.
            text=self._text().encode("utf-8", "replace").decode(),
            model=self.model,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cost_microusd=self._price.cost_microusd(input_tokens, output_tokens),
            latency_ms=self._elapsed_ms(),
            first_token_ms=self._first_token_ms,
            finish_reason=self.finish_reason or "unknown",
            is_estimated=self.input_tokens is None or self.output_tokens is None,
        )

    def spent(self) -> Detail:
        """Return what was spent on an answer that does not come, once the model was asked."""
        input_tokens, output_tokens = self._tokens()
        return {
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "cost_microusd": self._price.cost_microusd(input_tokens, output_tokens),
        }

    def _tokens(self) -> tuple[int, int]:
        counted_in, counted_out = self.input_tokens, self.output_tokens
        estimated_in = estimated_prompt_tokens(self._request.messages) if counted_in is None else counted_in
        return estimated_in, estimated_tokens(self._text()) if counted_out is None else counted_out

    def _text(self) -> str:
        with self._lock:
            return "".join(self._pieces)

    def _elapsed_ms(self) -> int:
        return round((time.monotonic() - self._started_s) * 1000)


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_TOKENS
