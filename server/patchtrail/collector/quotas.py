"""How much one trace and one participant may store.

Counts are kept in memory beside the database, which this process alone writes, and read from it when they are asked
for first.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request
from sqlalchemy import Connection, func, select

from patchtrail.collector.database import Database
from patchtrail.collector.limits import read_capped
from patchtrail.collector.open_tables import open_traces
from patchtrail.collector.qa_tables import open_bases
from patchtrail.collector.tables import artifacts, chunks, forks, traces
from patchtrail.contract.errors import InvalidInput

__all__ = ["Account", "Quotas", "stored_bytes"]

KEPT_ACCOUNTS = 20_000


@dataclass(frozen=True)
class Account:
    """Whose bytes are counted. What an unsigned trace says of its participant is never held against a device's."""

    trace_id: str
    participant_id: str
    is_signed: bool


class Quotas:
    """The bytes of every trace and participant that was asked for lately."""

    def __init__(self, database: Database, *, per_session: int, per_participant: int) -> None:
        self._database = database
        self._per_session = per_session
        self._per_participant = per_participant
        self._used: OrderedDict[tuple[str, str], int] = OrderedDict()

    async def read(
        self, request: Request, account: Account, cap: int, *, is_stored: Callable[[Connection, bytes], bool]
    ) -> bytes:
        """Return a request's body and count it; who does not store it gives it back by `refund`.

        What is stored already is read and counted beyond the quota too, so that it is answered as before. Raises
        `InvalidInput` with code `too_large` beyond `cap`, with `quota_exceeded` beyond what is left.
        """
        content = await read_capped(request, cap)
        try:
            await self.take(account, len(content))
        except InvalidInput:
            if not await asyncio.to_thread(self._database.read, lambda connection: is_stored(connection, content)):
                raise
            self._add(account, len(content))
        return content

    async def take(self, account: Account, size: int) -> None:
        """Count bytes that were read already; raises `InvalidInput` with code `quota_exceeded`."""
        await self.load(account)
        if size > self._left(account):
            raise self._exceeded()
        self._add(account, size)

    def refund(self, account: Account, size: int) -> None:
        """Count bytes no more that were not stored, or are dropped; an account not in memory is read when it is."""
        for key in _keys(account):
            if key in self._used:
                self._used[key] -= size

    async def load(self, account: Account) -> None:
        """Count what is stored now, before something of it is dropped and given back by `refund`."""
        for key in _keys(account):
            if key not in self._used:
                used = await asyncio.to_thread(
                    self._database.read, lambda connection: stored_bytes(connection, account)
                )
                for name, size in zip(_keys(account), used, strict=True):
                    self._used.setdefault(name, size)
            self._used.move_to_end(key)
        while len(self._used) > KEPT_ACCOUNTS:
            self._used.popitem(last=False)

    def _left(self, account: Account) -> int:
        trace, participant = _keys(account)
        session = self._per_session - self._used.get(trace, 0)
        return max(0, min(session, self._per_participant - self._used.get(participant, 0)))

    def _add(self, account: Account, size: int) -> None:
        for key in _keys(account):
            self._used[key] = self._used.get(key, 0) + size

    def _exceeded(self) -> InvalidInput:
        message = f"A session may store {self._per_session} bytes, a participant {self._per_participant}."
        return InvalidInput(message, code="quota_exceeded")


def _keys(account: Account) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("trace", account.trace_id), ("device's" if account.is_signed else "open", account.participant_id)


def stored_bytes(connection: Connection, account: Account) -> tuple[int, int]:
    """Return what a trace and its participant have stored."""
    if not account.is_signed:
        size = open_traces.c.size_bytes + func.coalesce(open_bases.c.size_bytes, 0)
        total = select(func.coalesce(func.sum(size), 0)).select_from(open_traces.outerjoin(open_bases))
        return (
            int(connection.execute(total.where(open_traces.c.trace_id == account.trace_id)).scalar_one()),
            int(connection.execute(total.where(open_traces.c.participant_id == account.participant_id)).scalar_one()),
        )
    sizes = func.coalesce(func.sum(func.length(chunks.c.envelope) + func.length(chunks.c.payload)), 0)
    split = func.coalesce(func.sum(func.length(forks.c.envelope) + func.length(forks.c.payload)), 0)
    blobs = func.coalesce(func.sum(artifacts.c.size_bytes), 0)
    theirs = select(traces.c.trace_id).where(traces.c.participant_id == account.participant_id)
    queries = (
        (select(sizes).where(chunks.c.trace_id == account.trace_id), 0),
        (select(blobs).where(artifacts.c.trace_id == account.trace_id), 0),
        (select(split).where(forks.c.trace_id == account.trace_id), 0),
        (select(sizes).where(chunks.c.trace_id.in_(theirs)), 1),
        (select(split).where(forks.c.trace_id.in_(theirs)), 1),
        (select(blobs).where(artifacts.c.trace_id.in_(theirs)), 1),
    )
    used = [0, 0]
    for query, place in queries:
        used[place] += int(connection.execute(query).scalar_one())
    return used[0], used[1]
