"""Send what webhooks are to be told: to public addresses alone, looked up once, without redirects, in a short time.

Whoever configures a webhook, or owns the name in it, must reach nothing through the collector that is hidden from him
outside. So the name is resolved here, each address is looked at, and the connection goes to that very address, while
certificate and `Host` go by the name.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

import httpx
from sqlalchemy import Connection

from patchtrail.collector.database import Database
from patchtrail.collector.metrics import Metrics
from patchtrail.collector.rounds import Rounds
from patchtrail.collector.webhooks import (
    GONE,
    Hook,
    Outcome,
    drop_old,
    due_deliveries,
    queue_news,
    settle,
    signed_headers,
)
from patchtrail.contract.errors import NotAllowed
from patchtrail.contract.webhooks import WebhookNews, WebhookType
from patchtrail.network import Resolve, public_addresses, system_resolve

__all__ = ["Webhooks"]

EVERY_S = 5.0
WHOLE_S = 15.0
CONNECT_S = 5.0
USER_AGENT = "Patchtrail-Webhook/1"


class Webhooks:
    """The configured webhooks of a running collector."""

    def __init__(
        self,
        database: Database,
        hooks: Sequence[Hook],
        metrics: Metrics,
        now_ms: Callable[[], int],
        *,
        is_loopback_allowed: bool = False,
        resolve: Resolve = system_resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`tls` knows whom to believe; by default the certificate authorities that browsers believe."""
        self.hooks = tuple(hooks)
        self._database = database
        self._metrics = metrics
        self._now_ms = now_ms
        self._is_loopback_allowed = is_loopback_allowed
        self._resolve = resolve
        self._tls: ssl.SSLContext | bool = True if tls is None else tls
        self._is_stopping = threading.Event()
        self._rounds = Rounds("webhooks", self._look, EVERY_S)

    def queue(self, connection: Connection, kind: WebhookType, news: WebhookNews) -> None:
        """Write down what is to be told, in the transaction of what happened."""
        queue_news(connection, self.hooks, kind, news, self._now_ms())

    def start(self) -> None:
        """Begin to send."""
        if self.hooks:
            self._rounds.start()

    def wake(self) -> None:
        """Send soon."""
        self._rounds.wake()

    def stop(self) -> None:
        """Stop after the message that is on its way; what waits is sent after the next start."""
        self._is_stopping.set()
        self._rounds.stop()

    def _look(self) -> None:
        for hook in self.hooks:
            self._tell(hook)

    def _tell(self, hook: Hook) -> None:
        """Send what an address is to be told, until it takes something not: nobody waits for one that is down."""
        rows = self._database.read(lambda connection: due_deliveries(connection, hook.url, self._now_ms()))
        for row in rows:
            if self._is_stopping.is_set():
                return
            outcome = asyncio.run(self._send(hook, row.message_id, row.body))
            self._metrics.webhooks.labels("refused" if outcome.problem else "delivered").inc()
            self._settle(row.message_id, row.url, outcome)
            if outcome.problem:
                return

    def _settle(self, message_id: str, url: str, outcome: Outcome) -> None:
        def settled(connection: Connection) -> None:
            settle(connection, message_id, url, outcome, self._now_ms())
            drop_old(connection, self._now_ms())

        self._database.write(settled).result()

    async def _send(self, hook: Hook, message_id: str, body: bytes) -> Outcome:
        try:
            async with asyncio.timeout(WHOLE_S):
                status = await self._post(hook, message_id, body)
        except NotAllowed as error:
            return Outcome(error.message)
        except TimeoutError:
            return Outcome(f"It did not answer within {WHOLE_S:.0f} s.")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return Outcome(f"{type(error).__name__}: {error}")
        if 200 <= status < 300:
            return Outcome()
        return Outcome(f"It answered {status}.", is_final=status == GONE)

    async def _post(self, hook: Hook, message_id: str, body: bytes) -> int:
        """Send one message; return the answer's status. Of the answer nothing else is read."""
        url = httpx.URL(hook.url)
        addresses = await asyncio.to_thread(self._addresses, url.host)
        headers = {
            "Host": url.netloc.decode("ascii"),
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            **signed_headers(hook, message_id, body, self._now_ms() // 1000),
        }
        request = {"content": body, "headers": headers, "extensions": {"sni_hostname": url.host}}
        timeout = httpx.Timeout(WHOLE_S, connect=CONNECT_S)
        async with httpx.AsyncClient(
            verify=self._tls, trust_env=False, follow_redirects=False, timeout=timeout
        ) as client:
            for address in addresses[:-1]:
                with contextlib.suppress(httpx.ConnectError, httpx.ConnectTimeout):
                    return await _status(client, url.copy_with(host=address), request)
            return await _status(client, url.copy_with(host=addresses[-1]), request)

    def _addresses(self, host: str) -> list[str]:
        if self._is_loopback_allowed:
            found = list(self._resolve(host))
            if found and all(ip_address(one.partition("%")[0]).is_loopback for one in found):
                return found
        return public_addresses(host, self._resolve)


async def _status(client: httpx.AsyncClient, url: httpx.URL, request: Mapping[str, Any]) -> int:
    async with client.stream("POST", url, **request) as answer:
        return answer.status_code
