"""Chunks whose bytes were dropped: only a request that the device signed and the collector's answer excuse them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from patchtrail.contract.errors import InvalidInput, VerificationFailed
from patchtrail.contract.event_lines import Event, GapEvent
from patchtrail.contract.forgetting import Deletion, Forget, Forgotten, ForgottenChunk
from patchtrail.integrity import forgetting
from patchtrail.integrity.dsse import Opened
from patchtrail.integrity.keys import VerifyingKey
from patchtrail.integrity.verify.chunk import OpenedChunk
from patchtrail.integrity.verify.finding import Finding

__all__ = ["check_declared", "check_dropped", "proven"]


def proven(
    deletions: Sequence[Deletion], *, trace_id: str, device: VerifyingKey, server: Sequence[VerifyingKey]
) -> tuple[dict[int, ForgottenChunk], list[Finding]]:
    """Return the chunks that are rightly gone, by number, and what is wrong with the deletions that hold not."""
    gone, faults = dict[int, ForgottenChunk](), list[Finding]()
    for deletion in deletions:
        opened = _opened(deletion, device, server)
        if isinstance(opened, Finding):
            faults.append(opened)
            continue
        request, answer = opened
        found = [
            *forgetting.check_forget(request.statement, trace_id=trace_id, key=device),
            *forgetting.check_forgotten(answer, request),
        ]
        faults.extend(found)
        if not found:
            gone |= {one.n: one for one in answer.chunks}
    return gone, faults


def check_dropped(opened: OpenedChunk, gone: dict[int, ForgottenChunk]) -> Iterator[Finding]:
    """Yield whether a chunk without bytes may be without them, or one with bytes was to be dropped."""
    manifest = opened.manifest
    where = f"chunk {manifest.n}"
    answer = gone.get(manifest.n)
    if answer is None:
        yield Finding("chunk.dropped", where, "The chunk's bytes are missing, and no deletion receipt says why.")
        return
    if answer.chunk_id != opened.chunk_id:
        yield Finding("forgotten.chunk_id", where, "The deletion receipt is for another chunk with this number.")
    if answer.head_out != manifest.head_out:
        yield Finding("forgotten.head_out", where, "The deletion receipt names another head.")


def check_declared(before: int | None, event: Event) -> Iterator[Finding]:
    """Yield a remark when what follows dropped chunks (`before` is the last of them) does not declare the gap."""
    is_declared = isinstance(event, GapEvent) and event.data.reason == "forgotten"
    if before is not None and not is_declared:
        message = f"Chunk {before} was forgotten, and the event after it does not declare the gap."
        yield Finding("trace.undeclared", f"event {event.seq}", message, "remark")


def _opened(
    deletion: Deletion, device: VerifyingKey, server: Sequence[VerifyingKey]
) -> tuple[Opened[Forget], Forgotten] | Finding:
    try:
        request = forgetting.open_forget(deletion.request, device)
    except (InvalidInput, VerificationFailed) as error:
        return Finding(f"forget.{error.code}", "deletion request", error.message)
    try:
        return request, forgetting.open_forgotten(deletion.forgotten, *server)
    except (InvalidInput, VerificationFailed) as error:
        return Finding(f"forgotten.{error.code}", "deletion receipt", error.message)
