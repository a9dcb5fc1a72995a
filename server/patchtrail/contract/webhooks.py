"""What a collector tells others by itself, as Standard Webhooks 1.0.0 says it, and what became of each message.

A message is `{"type", "timestamp", "data"}` under the headers `webhook-id`, `webhook-timestamp` and
`webhook-signature`; the signature is HMAC-SHA256 over `id.timestamp.body`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from patchtrail.contract.qa import JudgeAlignment, JudgeKind, QaState, Verdict
from patchtrail.contract.wire import Count, Millis, TraceId, WireModel

__all__ = ["WebhookDeliveries", "WebhookDelivery", "WebhookMessage", "WebhookNews", "WebhookType"]

WebhookType = Literal["trace.completed", "qa.done"]


class WebhookNews(WireModel):
    """What happened to which trace: facts without texts and persons. Whoever wants to know more reads the trace."""

    trace_id: TraceId
    qa_state: QaState
    verdict: Verdict | None = None
    tests_passed: bool | None = None
    overall: float | None = Field(default=None, description="The judgement's weighted mean, 0 to 5.")
    judge: JudgeKind | None = Field(default=None, description="Whose judgement that is.")
    alignment: JudgeAlignment | None = Field(default=None, description="How far that judge agrees with people.")


class WebhookMessage(WireModel):
    """The body of a request to a webhook."""

    type: WebhookType
    timestamp: str = Field(description="When it happened, ISO 8601.")
    data: WebhookNews


class WebhookDelivery(WireModel):
    """A message to one address, and what became of it so far."""

    message_id: str
    url: str
    type: WebhookType
    state: Literal["waiting", "delivered", "given_up"]
    tries: Count
    created_ms: Millis
    due_ms: Millis
    ended_ms: Millis | None
    problem: str = Field(description="What came of the last try; empty when it was taken.")


class WebhookDeliveries(WireModel):
    """The newest deliveries first."""

    deliveries: list[WebhookDelivery]
