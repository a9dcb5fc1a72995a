"""One request on a thread of its own, so that whoever waits is free again in time, whatever the other side does."""

from __future__ import annotations

import threading
from collections.abc import Callable

from patchtrail.contract.errors import Detail, ModelUnavailable
from patchtrail.llm.gathering import Gathering, max_wire_bytes
from patchtrail.llm.port import Cancellation, ModelAnswer, ModelRequest
from patchtrail.llm.prices import Price
from patchtrail.llm.wire import Wire

__all__ = ["Exchange", "bounded", "over_wire"]

Exchange = Callable[[ModelRequest, Wire, Gathering], ModelAnswer]
"""Asks over a wire, gathers what comes, and raises `ModelUnavailable` where nothing usable does."""


class _Outcome:
    """What the thread left: an answer, or the parts of an error.

    The parts, not the error: a library's exception hangs on it, which may quote what was sent.
    """

    def __init__(self) -> None:
        self.answer: ModelAnswer | None = None
        self.error: tuple[str, str, Detail] | None = None

    def fill(self, work: Callable[[], ModelAnswer]) -> None:
        """Do the work."""
        try:
            self.answer = work()
        except ModelUnavailable as error:
            self.error = (error.message, error.code, error.detail)


def bounded(
    work: Callable[[], ModelAnswer],
    *,
    stop: Callable[[], None],
    spent: Callable[[], Detail],
    timeout_s: float,
    cancellation: Cancellation,
) -> ModelAnswer:
    """Return what `work` returns, or raise in time; then `stop` makes it end, and `spent` says what it cost so far."""
    _refuse_cancelled(cancellation, {})
    outcome, done = _Outcome(), threading.Event()

    def run() -> None:
        try:
            outcome.fill(work)
        finally:
            done.set()

    cancellation.on_cancel(done.set)
    threading.Thread(target=run, name="model", daemon=True).start()
    is_done = done.wait(max(timeout_s, 0.0))
    if cancellation.is_cancelled:
        stop()
        _refuse_cancelled(cancellation, spent())
    if not is_done:
        stop()
        message = (
            f"The model did not finish within {timeout_s:g} s: ask again, or raise `timeout_s` under [agent] in "
            "`.patchtrail.toml`."
        )
        raise ModelUnavailable(message, code="model_timeout", detail=spent())
    if outcome.answer is not None:
        return outcome.answer
    message, code, detail = outcome.error or ("Asking the model failed in an unforeseen way.", "model_unavailable", {})
    raise ModelUnavailable(message, code=code, detail={**spent(), **detail})


def _refuse_cancelled(cancellation: Cancellation, spent: Detail) -> None:
    if cancellation.is_cancelled:
        raise ModelUnavailable("Cancelled: the model's answer is not waited for.", code="cancelled", detail=spent)


def over_wire(
    request: ModelRequest, cancellation: Cancellation, model: str, price: Price, exchange: Exchange
) -> ModelAnswer:
    """Ask a server: whatever it does, its connection is cut when the time is over or nobody waits any more."""
    wire = Wire(max_bytes=max_wire_bytes(request))
    gathering = Gathering(request, model, price)

    def spent() -> Detail:
        return gathering.spent() if wire.is_sent else {}

    return bounded(
        lambda: exchange(request, wire, gathering),
        stop=wire.cut,
        spent=spent,
        timeout_s=request.timeout_s,
        cancellation=cancellation,
    )
