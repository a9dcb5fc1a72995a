"""Webhooks: what happened is written down with the event itself, and told until it is taken.

Signed as Standard Webhooks 1.0.0 says (https://www.standardwebhooks.com). Each address has a secret of its own, derived
from one that is kept in the data folder, so that none of them can speak for the collector to another.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row, delete, insert, select, update

from patchtrail.collector.qa_tables import webhook_deliveries
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.webhooks import (
    WebhookDeliveries,
    WebhookDelivery,
    WebhookMessage,
    WebhookNews,
    WebhookType,
)
from patchtrail.delivery.durable import write_whole

__all__ = [
    "Hook",
    "Outcome",
    "deliveries_told",
    "drop_old",
    "due_deliveries",
    "hooks_of",
    "queue_news",
    "settle",
    "signed_headers",
]

SECRET_FILE = "webhook_secret"
RETRY_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Waits between the tries, as Standard Webhooks proposes them: over three days."""
KEPT_MS = 30 * 24 * 3600 * 1000
GONE = 410
BATCH = 100
"""How many messages an address gets in a round."""
MAX_PROBLEM_CHARS = 300


@dataclass(frozen=True)
class Hook:
    """An address that wants to know, and the secret under which it is told."""

    url: str
    key: bytes

    @property
    def secret(self) -> str:
        """The secret as its receiver configures it."""
        return f"whsec_{base64.b64encode(self.key).decode()}"


@dataclass(frozen=True)
class Outcome:
    """What came of a try; `problem` is empty when the message was taken, `is_final` when it never will be."""

    problem: str = ""
    is_final: bool = False


def hooks_of(folder: Path, urls: Sequence[str], *, is_loopback_allowed: bool) -> tuple[Hook, ...]:
    """Return the configured webhooks.

    Raises `InvalidInput` naming an address that nothing may be sent to.
    """
    if not urls:
        return ()
    master = _kept_secret(folder)
    for url in urls:
        _check(url, is_loopback_allowed=is_loopback_allowed)
    return tuple(Hook(url, hmac.digest(master, url.encode(), "sha256")) for url in urls)


def queue_news(
    connection: Connection, hooks: Sequence[Hook], kind: WebhookType, news: WebhookNews, now_ms: int
) -> None:
    """Write down a message to every webhook, in the transaction of what it tells."""
    if not hooks:
        return
    message_id, at = f"msg_{secrets.token_hex(16)}", datetime.fromtimestamp(now_ms / 1000, UTC)
    message = WebhookMessage(type=kind, timestamp=at.isoformat(timespec="milliseconds"), data=news)
    place = {"message_id": message_id, "type": kind, "body": message.model_dump_json().encode()}
    fresh = {"state": "waiting", "tries": 0, "created_ms": now_ms, "due_ms": now_ms, "problem": ""}
    connection.execute(insert(webhook_deliveries), [{**place, **fresh, "url": hook.url} for hook in hooks])


def due_deliveries(connection: Connection, url: str, now_ms: int) -> list[Row[Any]]:
    """Return what is to be sent to an address now, the oldest first."""
    columns = webhook_deliveries.c
    is_due = (columns.state == "waiting") & (columns.due_ms <= now_ms)
    query = select(webhook_deliveries).where(is_due, columns.url == url).order_by(columns.due_ms).limit(BATCH)
    return list(connection.execute(query))


def drop_old(connection: Connection, now_ms: int) -> None:
    """Forget deliveries of a month ago, whatever became of them."""
    connection.execute(delete(webhook_deliveries).where(webhook_deliveries.c.created_ms < now_ms - KEPT_MS))


def settle(connection: Connection, message_id: str, url: str, outcome: Outcome, now_ms: int) -> None:
    """Note what came of a try: delivered, due again later, or given up."""
    mine = (webhook_deliveries.c.message_id == message_id) & (webhook_deliveries.c.url == url)
    tries = connection.execute(select(webhook_deliveries.c.tries).where(mine)).scalar_one() + 1
    values: dict[str, object] = {"tries": tries, "problem": outcome.problem[:MAX_PROBLEM_CHARS]}
    if not outcome.problem:
        values |= {"state": "delivered", "ended_ms": now_ms}
    elif outcome.is_final or tries > len(RETRY_S):
        values |= {"state": "given_up", "ended_ms": now_ms}
    else:
        values |= {"due_ms": now_ms + 1000 * RETRY_S[tries - 1]}
    connection.execute(update(webhook_deliveries).where(mine).values(**values))


def signed_headers(hook: Hook, message_id: str, body: bytes, now_s: int) -> dict[str, str]:
    """Return the headers that prove who sends a message, and when."""
    signed = b".".join((message_id.encode(), str(now_s).encode(), body))
    signature = base64.b64encode(hmac.digest(hook.key, signed, hashlib.sha256)).decode()
    return {"webhook-id": message_id, "webhook-timestamp": str(now_s), "webhook-signature": f"v1,{signature}"}


def deliveries_told(connection: Connection, limit: int) -> WebhookDeliveries:
    """Return the newest deliveries."""
    columns = [column for column in webhook_deliveries.c if column.name != "body"]
    newest = (webhook_deliveries.c.created_ms.desc(), webhook_deliveries.c.message_id, webhook_deliveries.c.url)
    rows = connection.execute(select(*columns).order_by(*newest).limit(limit))
    return WebhookDeliveries(deliveries=[WebhookDelivery.model_validate(dict(row._mapping)) for row in rows])


def _kept_secret(folder: Path) -> bytes:
    path = folder / SECRET_FILE
    if not path.exists():
        write_whole(path, secrets.token_hex(32).encode())
    return bytes.fromhex(path.read_text().strip())


def _check(url: str, *, is_loopback_allowed: bool) -> None:
    try:
        parts = urlsplit(url)
        is_sound = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_sound = False
    schemes = ("https", "http") if is_loopback_allowed else ("https",)
    if not is_sound or parts.scheme not in schemes or parts.username is not None or parts.password is not None:
        message = f"The webhook {url!r} is no address that may be called: https://HOST/PATH, without a user."
        raise InvalidInput(message, code="bad_config")
