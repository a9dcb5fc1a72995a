"""Build the contract's generated files' content: JSON Schema, the manifest's settings block, the README's table.

Pure: it returns values; `cli/gen.py` writes them, and the TypeScript generator reads the schema.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import JsonValue, TypeAdapter
from pydantic.json_schema import models_json_schema

from patchtrail.contract import (
    attempt,
    base_snapshot,
    collection,
    document,
    evidence,
    forgetting,
    learning,
    lsp,
    lsp_changes,
    lsp_debugging,
    lsp_fixes,
    lsp_forgetting,
    lsp_notebooks,
    lsp_notes,
    open_protocol,
    qa,
    transparency,
    webhooks,
)
from patchtrail.contract.agent import AgentConfig
from patchtrail.contract.event_lines import Event
from patchtrail.contract.problem import Problem
from patchtrail.contract.settings import ClientSettings, Settings
from patchtrail.contract.wire import WireModel, WireSchema

__all__ = ["ROOT_TYPES", "agent_table", "contract_schema", "settings_block"]

ROOT_TYPES: tuple[type[WireModel], ...] = (
    evidence.Envelope,
    evidence.PublicKey,
    evidence.Opening,
    evidence.Grant,
    evidence.ChunkManifest,
    evidence.Receipt,
    evidence.DeviceRegistration,
    evidence.KeyStatement,
    collection.InvitationRequest,
    collection.Invitation,
    collection.DeviceRequest,
    collection.DeviceChallenge,
    collection.DeviceProof,
    collection.DeviceEnrolled,
    collection.KeySet,
    collection.TraceRequest,
    collection.TraceCreated,
    collection.UploadToken,
    collection.ArtifactStored,
    collection.TraceCompleted,
    collection.TraceList,
    transparency.InclusionProof,
    transparency.ConsistencyProof,
    open_protocol.OpenTraceRequest,
    open_protocol.OpenTraceCreated,
    open_protocol.OpenChunk,
    open_protocol.OpenChunkStored,
    open_protocol.OneShotRequest,
    open_protocol.OneShotCreated,
    open_protocol.OneShotEvents,
    open_protocol.OneShotStanding,
    open_protocol.OneShotOutcome,
    open_protocol.OneShotTrace,
    document.TraceDocument,
    learning.MetricsDocument,
    learning.PatternFile,
    learning.PatternRevision,
    learning.PatternRevisions,
    qa.QaStanding,
    qa.QaQueue,
    qa.QaRerun,
    webhooks.WebhookMessage,
    webhooks.WebhookDeliveries,
    base_snapshot.BaseStored,
    attempt.AttemptRecord,
    Problem,
    Settings,
    lsp.DeviceKey,
    lsp.InitializationOptions,
    lsp.ConsentText,
    lsp.Facts,
    lsp.GateDecision,
    lsp.StartSession,
    lsp.SessionState,
    lsp.CommandReport,
    lsp.TestsPrepared,
    lsp.TestsReport,
    lsp.NoteAdd,
    lsp.NoteDraft,
    lsp.DraftRef,
    lsp.Drafted,
    lsp.GapReport,
    lsp.EntriesRequest,
    lsp.SessionEntries,
    lsp.EditRequest,
    lsp.EditTexts,
    lsp.EnrolRequest,
    lsp.CollectorShown,
    lsp.NoParams,
    lsp.Recorded,
    lsp_changes.ChangesReport,
    lsp_changes.ChangesTaken,
    lsp_notebooks.CellRan,
    lsp_debugging.DebugReport,
    lsp_notes.NoteSuggestion,
    forgetting.Forget,
    forgetting.Forgotten,
    forgetting.ForgetRequest,
    forgetting.ForgetAnswer,
    forgetting.Deletion,
    lsp_forgetting.OffRecord,
    lsp_forgetting.ForgetMinutes,
    lsp_forgetting.ForgottenHere,
    lsp_forgetting.PendingRequest,
    lsp_forgetting.PendingChunks,
    lsp_fixes.DocumentDiagnostics,
    lsp_fixes.DiagnosticsTaken,
    lsp_fixes.FixTarget,
    lsp_fixes.FixDone,
    lsp_fixes.FixPreview,
    lsp_fixes.FixChoice,
    lsp_fixes.FixOutcome,
    lsp_fixes.OutcomeTaken,
    lsp_fixes.ModelAsk,
    lsp_fixes.ModelSaid,
    lsp_fixes.ModelKey,
    lsp_fixes.ModelKeyTaken,
)
"""Every type that crosses a boundary on its own, beside `Event`."""

ID = "urn:patchtrail:contract:v1"


def contract_schema() -> dict[str, JsonValue]:
    """Return the whole contract as one JSON Schema (2020-12) of definitions, without a root type."""
    event = TypeAdapter(Event).json_schema(
        schema_generator=WireSchema, mode="validation", ref_template="#/$defs/{model}"
    )
    definitions = models_json_schema(
        [(model, "validation") for model in ROOT_TYPES],
        schema_generator=WireSchema,
        ref_template="#/$defs/{model}",
    )[1]["$defs"]
    definitions |= event.pop("$defs")
    definitions["Event"] = event
    types: list[JsonValue] = [*sorted([*(model.__name__ for model in ROOT_TYPES), "Event"])]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "Patchtrail contract v1",
        "x-types": types,
        "x-methods": {
            method: {"params": params.__name__, "result": result.__name__}
            for method, (params, result) in lsp.METHODS.items()
        },
        "x-client-methods": {
            method: {"params": params.__name__, "result": result.__name__}
            for method, (params, result) in lsp.CLIENT_METHODS.items()
        },
        "x-notifications": {lsp.SESSION_STATE: lsp.SessionState.__name__},
        "$defs": dict(sorted(definitions.items())),
    }


def settings_block() -> dict[str, JsonValue]:
    """Return `contributes.configuration` of the editor's manifest."""
    properties: dict[str, JsonValue] = {}
    for model in (Settings, ClientSettings):
        schema = model.model_json_schema(schema_generator=WireSchema)
        for name, field in schema["properties"].items():
            entry = {key: value for key, value in field.items() if key != "setting"}
            entry["default"] = model.model_fields[name].default
            properties[f"patchtrail.{field['setting']}"] = entry
    return {"title": "Patchtrail", "properties": properties}


def agent_table() -> str:
    """Return the table of the keys under `[agent]` of `.patchtrail.toml`, in Markdown."""
    rows = ["| key | default | may be | means |", "|---|---|---|---|"]
    for name, field in AgentConfig.model_json_schema(schema_generator=WireSchema)["properties"].items():
        default = json.dumps(AgentConfig.model_fields[name].default)
        rows.append(f"| `{name}` | `{default}` | {_range(field)} | {field['description']} |")
    return "\n".join(rows) + "\n"


def _range(field: dict[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(f"`{json.dumps(one)}`" for one in field["enum"])
    if field["type"] == "boolean":
        return "`true`, `false`"
    low, high = field.get("minimum"), field.get("maximum")
    return f"{low:,} to {high:,}" if high is not None else f"{low:,} or more"
