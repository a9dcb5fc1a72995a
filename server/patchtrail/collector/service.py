"""The parts of a running collector, wired in `app.py` and used by the routes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection

from patchtrail.collector.blobs import Blobs
from patchtrail.collector.database import Database
from patchtrail.collector.identity import ReceiptKey
from patchtrail.collector.ingest import Ingest
from patchtrail.collector.log import Log
from patchtrail.collector.metrics import Metrics
from patchtrail.collector.qa_work import QaWork
from patchtrail.collector.quotas import Quotas
from patchtrail.collector.rates import RateLimits
from patchtrail.collector.webhook_sending import Webhooks
from patchtrail.contract.events import ConsentRef
from patchtrail.evaluation.kept_alignments import Alignments

__all__ = ["Service", "system_ms"]

Result = TypeVar("Result")


def system_ms() -> int:
    """Return Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Service:
    """What the routes work with."""

    database: Database
    blobs: Blobs
    key: ReceiptKey
    log: Log
    ingest: Ingest
    server_token: str = field(repr=False)
    study_id: str
    consent: ConsentRef
    limits: RateLimits
    quotas: Quotas
    metrics: Metrics
    qa: QaWork
    webhooks: Webhooks
    alignments: Alignments
    is_loopback: bool
    dev_token: str | None = field(default=None, repr=False)
    now_ms: Callable[[], int] = system_ms
    snapshots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    """Whose turn it is to have a base snapshot redacted: it takes long, and all threads would be busy with it."""

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """Read in a thread of its own."""
        return await asyncio.to_thread(self.database.read, work)

    async def write(self, work: Callable[[Connection], Result]) -> Result:
        """Write, and return when it is on disk."""
        return await asyncio.wrap_future(self.database.write(work))
