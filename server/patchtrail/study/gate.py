"""The one gate that says whether anything may be recorded and sent. The client reports facts; this decides."""

from __future__ import annotations

from collections.abc import Iterator

from patchtrail.contract.events import ConsentRef
from patchtrail.contract.lsp import Facts, GateDecision
from patchtrail.study.consent import Consent

__all__ = ["decide", "may_snapshot"]


def decide(facts: Facts | None, *, folder: str | None, allowed_folders: list[str], consent: ConsentRef) -> GateDecision:
    """Return yes only when every fact is reported and says yes.

    `folder` and `allowed_folders` are absolute paths with `/`; a folder is allowed with all that is below it.
    Without a folder the question is only whether what was recorded before may be sent.
    """
    reasons = list(_reasons(facts, folder, allowed_folders, consent))
    return GateDecision(is_allowed=not reasons, reasons=reasons)


def may_snapshot(facts: Facts | None, consent: Consent) -> bool:
    """Return whether a base snapshot may be made and sent: agreed to by itself, under a text that covers it."""
    return facts is not None and facts.is_base_agreed and consent.covers(facts.consent, "base_snapshot")


def _reasons(facts: Facts | None, folder: str | None, allowed_folders: list[str], consent: ConsentRef) -> Iterator[str]:
    if facts is None:
        yield "The editor has not reported whether recording is allowed."
        return
    if not facts.is_telemetry_enabled:
        yield "Telemetry is off in the editor."
    if not facts.is_workspace_trusted:
        yield "The workspace is not trusted."
    if folder is not None and not any(_holds(allowed, folder) for allowed in allowed_folders):
        yield f"The folder is not in patchtrail.folders.allowed: {folder}"
    if facts.consent is None:
        yield "Consent has not been given."
    elif facts.consent != consent:
        yield f"Consent was given to another text; version {consent.version} is in force."


def _holds(allowed: str, folder: str) -> bool:
    stem = allowed.rstrip("/")
    return bool(allowed) and (folder == (stem or "/") or folder.startswith(f"{stem}/"))
