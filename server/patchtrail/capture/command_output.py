"""What a command wrote, as much of it as is kept: its start and its end, and how much lies between them."""

from __future__ import annotations

from dataclasses import dataclass

from patchtrail.capture.terminal import plain_text
from patchtrail.contract.lsp import CommandReport

__all__ = ["Seen", "last_lines", "seen_output"]

MAX_HEAD_CHARS = 1_000_000
MAX_TAIL_CHARS = 3_000_000
EDGE_CHARS = 4_096
"""Of a line without an end, at a cut."""


@dataclass(frozen=True)
class Seen:
    """An output's plain text, unredacted; where `omitted_bytes` are left out, the text says so itself."""

    text: str
    omitted_bytes: int


def seen_output(report: CommandReport) -> Seen:
    """Return a report's output without escape sequences, bounded whatever the client sent."""
    head, tail = plain_text(report.output_head), plain_text(report.output)
    if report.output_omitted_bytes == 0 and len(head) + len(tail) <= MAX_HEAD_CHARS + MAX_TAIL_CHARS:
        return Seen(head + tail, 0)
    if not head:
        head, tail = tail[:MAX_HEAD_CHARS], tail[MAX_HEAD_CHARS:]
    kept_head, kept_tail = _start_of(head), _end_of(tail)
    cut = _size(head) - _size(kept_head) + _size(tail) - _size(kept_tail)
    omitted_bytes = report.output_omitted_bytes + cut
    return Seen(f"{kept_head}\n[... {omitted_bytes} bytes are left out here ...]\n{kept_tail}", omitted_bytes)


def last_lines(text: str, limit: int) -> str:
    """Return the end of a text, from the start of a line on where it has one."""
    if len(text) <= limit:
        return text
    tail = text[-limit:]
    return tail.partition("\n")[2] or tail


def _start_of(head: str) -> str:
    """Drop what stands at a cut: the rest of a line there may be half of a secret, which nobody would know as one."""
    room = head[:MAX_HEAD_CHARS]
    return room.rpartition("\n")[0] or room[:-EDGE_CHARS]


def _end_of(tail: str) -> str:
    room = tail[-MAX_TAIL_CHARS:]
    return room.partition("\n")[2] or room[EDGE_CHARS:]


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
