"""The hash chain of one trace: each event line names the hash of the line before."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import JsonValue

from patchtrail.contract.event_lines import EVENT_TYPES, EventData
from patchtrail.integrity import canonical, digest

__all__ = ["ChainHead", "Link", "link"]


@dataclass(frozen=True)
class ChainHead:
    """Where a chain stands: the next `seq`, the hash to name as `prev`, and the last `mono_ms`."""

    next_seq: int
    head: str
    mono_ms: int = 0


@dataclass(frozen=True)
class Link:
    """One event line without its LF, and the chain's head after it."""

    line: bytes
    after: ChainHead


def link(head: ChainHead, *, trace_id: str, data: EventData, ts_ms: int, mono_ms: int) -> Link:
    """Return the next event line of a chain.

    `mono_ms` never goes backwards inside a trace; an earlier reading is raised to the last one.
    Raises `InvalidInput` when `data` has no canonical form.
    """
    instant = max(mono_ms, head.mono_ms)
    event: dict[str, JsonValue] = {
        "v": 1,
        "trace_id": trace_id,
        "seq": head.next_seq,
        "prev": head.head,
        "ts_ms": ts_ms,
        "mono_ms": instant,
        "type": EVENT_TYPES[type(data)],
        "data": data.model_dump(),
    }
    line = canonical.encode(event)
    return Link(line, ChainHead(head.next_seq + 1, digest.event_hash(line), instant))
