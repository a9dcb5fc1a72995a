"""What the session view is told of a session: its entries, drafts, episodes and ledger."""

from __future__ import annotations

from patchtrail.capture.drafts import Draft
from patchtrail.capture.session import Session
from patchtrail.contract.lsp import PendingDraft, SessionEntries

__all__ = ["entries_of"]

SHOWN_EPISODES = 50


def entries_of(session: Session | None, since_seq: int) -> SessionEntries:
    """Return what the session view shows from an event on."""
    if session is None:
        return SessionEntries(trace_id=None, first_seq=0, entries=[], drafts=[])
    now_ms = session.log.mono_ms()
    return SessionEntries(
        trace_id=session.log.trace_id,
        first_seq=session.entries.first_seq,
        entries=session.entries.since(since_seq),
        generation=session.log.forgettings,
        coverage=session.log.coverage(),
        drafts=[_pending(draft, now_ms) for draft in session.drafts.all()],
        episodes=session.episodes.all(SHOWN_EPISODES),
    )


def _pending(draft: Draft, now_ms: int) -> PendingDraft:
    return PendingDraft(
        draft_id=draft.draft_id,
        kind=draft.note.kind,
        text=draft.note.text,
        confidence=draft.note.confidence,
        links=draft.note.links,
        confirms_in_ms=draft.confirms_in_ms(now_ms),
    )
