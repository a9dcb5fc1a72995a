"""What follows when a trace is complete, in the same transaction: it is queued to be assessed, and told to webhooks."""

from __future__ import annotations

from sqlalchemy import Connection

from patchtrail.collector.qa_jobs import queue_if_new
from patchtrail.collector.service import Service
from patchtrail.contract.webhooks import WebhookNews

__all__ = ["follow_up", "note_completion"]


def note_completion(connection: Connection, parts: Service, trace_id: str) -> None:
    """Queue a complete trace; said again of the same trace, it changes nothing."""
    if queue_if_new(connection, trace_id, parts.now_ms()):
        parts.webhooks.queue(connection, "trace.completed", WebhookNews(trace_id=trace_id, qa_state="queued"))


def follow_up(parts: Service) -> None:
    """Begin with what was noted, once it is on disk."""
    parts.qa.wake()
    parts.webhooks.wake()
