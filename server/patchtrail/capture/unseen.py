"""What must not be seen: time off the record, and time that is forgotten afterwards.

Neither may come back with the base of a later edit. A file that was opened or saved in such a time is `hidden` until
its next save on the record, whose text then is its own base: nothing of the text before is recorded. What is still
in a file at that save, or in a commit or a command's output that comes later, is part of what is recorded then.
"""

from __future__ import annotations

from pathlib import Path

from patchtrail.capture.session import Session
from patchtrail.capture.snapshots import Snapshots
from patchtrail.contract.errors import StateConflict
from patchtrail.contract.lsp_forgetting import ForgottenHere

__all__ = ["forget", "go_off_record", "go_on_unseen", "time_is_over", "touched"]

MINUTE_MS = 60_000


def go_off_record(session: Session, minutes: int) -> None:
    """Capture nothing for so many minutes; said again while it lasts, they begin anew.

    Raises `StateConflict` during another pause, which has no end of its own.
    """
    if session.paused_by not in (None, "off_record"):
        raise StateConflict(f"The session is paused already, by {session.paused_by}.")
    # On disk first: killed before the pause is written, the next sidecar writes it.
    session.log.off_record.begin(minutes * MINUTE_MS)
    if session.paused_by is None:
        session.pause("off_record", [])


def go_on_unseen(session: Session, snapshots: Snapshots) -> None:
    """Go on with a trace that an earlier sidecar left: still off the record, or no longer so."""
    left_ms = session.log.off_record.left_ms()
    if session.log.has_hidden:
        # Which files were touched is not known here, so none of their texts may become a base.
        snapshots.hides_all = True
    if left_ms is None:
        return
    if left_ms > 0:
        session.pause("off_record", [])
    else:
        session.log.off_record.end()
        session.resume("off_record")


def time_is_over(session: Session) -> bool:
    """Return whether the session is off the record and its time has come to go on."""
    return session.paused_by == "off_record" and session.log.off_record.left_ms() in (None, 0)


def touched(session: Session | None, snapshots: Snapshots, path: Path) -> None:
    """Note that a file was opened or saved, and hide its text when that was off the record."""
    if session is None:
        return
    snapshots.touched_ms[path] = session.log.mono_ms()
    if session.paused_by == "off_record":
        snapshots.hidden.add(path)


def forget(session: Session, snapshots: Snapshots, minutes: int) -> ForgottenHere:
    """Forget the last minutes: on disk, in the session view, among the drafts, and in the bases of later edits."""
    since_ms = session.log.mono_ms() - minutes * MINUTE_MS
    asked = session.forget(since_ms)
    snapshots.forget_recorded()
    snapshots.hidden |= {path for path, at_ms in snapshots.touched_ms.items() if at_ms >= since_ms}
    reasons = (
        [] if asked.chunks_asked == 0 else ["The collector is asked to drop what it has; it is asked until it answers."]
    )
    if session.paused_by is not None and asked.chunks_asked:
        reasons.append("While recording is paused nothing is sent, not even this; it is asked when recording goes on.")
    return ForgottenHere(
        events=asked.events,
        chunks_rewritten=asked.chunks_rewritten,
        chunks_asked=asked.chunks_asked,
        reasons=reasons,
    )
