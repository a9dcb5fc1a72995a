"""Asks a model, and asks again after a while where that can help."""

from __future__ import annotations

from collections.abc import Callable

from patchtrail.contract.errors import ModelUnavailable
from patchtrail.llm import Cancellation, Model, ModelAnswer, ModelRequest

__all__ = ["ask_patiently", "cost_of_error"]

FIRST_WAIT_S = 1.0
MAX_WAIT_S = 20.0


def ask_patiently(
    model: Model, request: ModelRequest, cancellation: Cancellation, *, tries: int, wait: Callable[[float], None]
) -> ModelAnswer:
    """Ask up to `tries` times; raises the last `ModelUnavailable`, and the first one that waiting does not mend.

    Its `cost_microusd` is that of all tries.
    """
    spent = 0
    for attempt in range(1, tries + 1):
        try:
            return model.ask(request, cancellation)
        except ModelUnavailable as error:
            spent += cost_of_error(error)
            if attempt == tries or not _may_pass(error):
                detail = {**error.detail, "cost_microusd": spent}
                raise ModelUnavailable(error.message, code=error.code, detail=detail) from None
            wait(_pause_s(error, attempt))
    raise ModelUnavailable("No model was asked.", code="cancelled")


def cost_of_error(error: ModelUnavailable) -> int:
    """Return what a request cost that failed."""
    cost = error.detail.get("cost_microusd", 0)
    return cost if isinstance(cost, int) else 0


def _may_pass(error: ModelUnavailable) -> bool:
    status = error.detail.get("status")
    if error.code not in ("model_unavailable", "model_timeout") or error.detail.get("reason") == "too_large":
        return False
    return status is None or (isinstance(status, int) and (status in (408, 429) or status >= 500))


def _pause_s(error: ModelUnavailable, attempt: int) -> float:
    told = error.detail.get("retry_after_s")
    return min(float(told) if isinstance(told, int) else FIRST_WAIT_S * 2 ** (attempt - 1), MAX_WAIT_S)
