"""Between its start and the session that it goes on with, a sidecar keeps to the participant's pause."""

from __future__ import annotations

from pathlib import Path

from patchtrail.cli.sidecar import build_sidecar
from patchtrail.contract.lsp import Facts
from patchtrail.study import current_consent


def test_nothing_is_sent_before_a_paused_session_is_gone_on_with(tmp_path: Path) -> None:
    """While the client says that what is to be gone on with was paused, nothing may leave; without that it may."""
    sidecar = build_sidecar(tmp_path / "spool", None)
    sidecar.start()
    facts = Facts(is_telemetry_enabled=True, is_workspace_trusted=True, consent=current_consent())
    told = []
    for is_paused in (True, False):
        sidecar.recorder.report_facts(facts.model_copy(update={"is_paused": is_paused})).result()
        told.append(sidecar.recorder.state.may_send)
    sidecar.close()

    assert told == [False, True]
