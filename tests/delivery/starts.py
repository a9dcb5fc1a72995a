"""The task and the start of the sessions that the delivery tests record."""

from __future__ import annotations

from patchtrail.contract.events import SessionStart, StartKind
from patchtrail.delivery import TaskFacts
from patchtrail.study import current_consent

TASK = TaskFacts(task_id="T", task_title="t", repo_origin="", start_commit="a" * 40, consent=current_consent())


def start_of(kind: StartKind, participant_id: str = "p-1") -> SessionStart:
    """Return a session's first event."""
    return SessionStart(
        kind=kind,
        participant_id=participant_id,
        task_description="",
        os="Linux",
        python_version="3.11",
        sidecar_version="0",
        client_name="test",
        client_version="",
        **TASK.model_dump(exclude={"consent"}),
        consent=TASK.consent,
    )
