"""What the user sets. The manifest's settings block and its documentation are generated from this type."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from patchtrail.contract.wire import WireModel

__all__ = ["ClientSettings", "Settings"]


class Settings(WireModel):
    """What the sidecar is told of the settings under `patchtrail.`; a dot in the setting's name is `_` here."""

    collector_url: Annotated[
        str,
        Field(
            description="The collector to enrol with. Sessions go to the one that this device did enrol with.",
            json_schema_extra={
                "setting": "collector.url",
                "scope": "machine",
                "tags": ["telemetry", "usesOnlineServices"],
            },
        ),
    ] = ""
    upload_hold_seconds: Annotated[
        int,
        Field(
            ge=0,
            le=240,
            description="How long a sealed chunk stays here before it is uploaded. Ending a session uploads at once.",
            json_schema_extra={"setting": "upload.holdSeconds", "scope": "machine", "tags": ["telemetry"]},
        ),
    ] = 120
    folders_allowed: Annotated[
        list[str],
        Field(
            description="Absolute paths of the folders that may be recorded, with all that is below them. Empty: none.",
            json_schema_extra={"setting": "folders.allowed", "scope": "machine", "tags": ["telemetry"]},
        ),
    ] = Field(default=[])
    redaction_denied_paths: Annotated[
        list[str],
        Field(
            description="More glob patterns of files whose content is never captured, beside the built-in ones.",
            json_schema_extra={"setting": "redaction.deniedPaths", "scope": "machine", "tags": ["telemetry"]},
        ),
    ] = Field(default=[])
    files_exclude: Annotated[
        list[str],
        Field(
            description="Glob patterns of files that are left out altogether, beside those that git ignores. "
            "A pattern with `/` matches whole paths, one without matches the name of a file or of a folder.",
            json_schema_extra={"setting": "files.exclude", "scope": "machine", "tags": ["telemetry"]},
        ),
    ] = Field(default=["*.log", "*.tmp", "*.pyc", "*.swp", "*.swx", "*~", "4913", ".DS_Store"])
    tests_junit: Annotated[
        bool,
        Field(
            description="Ask pytest in new terminals for a JUnit report, to record results per test. "
            "Without it only what the terminal shows is recorded.",
            json_schema_extra={"setting": "tests.junit", "scope": "machine", "tags": ["telemetry"]},
        ),
    ] = True
    agents_telemetry_file: Annotated[
        str,
        Field(
            description="Absolute path of the file that a coding agent writes its own telemetry to, such as Copilot's "
            "`github.copilot.chat.otel.outfile`. Read only while a session is recorded; empty: none.",
            json_schema_extra={"setting": "agents.telemetryFile", "scope": "machine", "tags": ["telemetry"]},
        ),
    ] = ""
    agents_receiver: Annotated[
        bool,
        Field(
            description="Listen on this machine alone, at a port that is drawn, for the telemetry of coding agents "
            "(OTLP over HTTP). They need the address that Copy the Agents' Address gives.",
            json_schema_extra={"setting": "agents.receiver", "scope": "machine", "tags": ["telemetry"]},
        ),
    ] = False
    debugger_values: Annotated[
        bool,
        Field(
            description="Record the values of variables and expressions that the debugger shows, redacted. "
            "Off: their names and types alone.",
            json_schema_extra={"setting": "debugger.values", "scope": "machine", "tags": ["telemetry"]},
        ),
    ] = False
    notes_hints: Annotated[
        bool,
        Field(
            description="Suggest a note at a natural pause, in the status bar and the session view: a third red run "
            "of a test, a revert, a long stop in the debugger. At most one in ten minutes, never a pop-up.",
            json_schema_extra={"setting": "notes.hints", "scope": "window"},
        ),
    ] = True
    fixes_enabled: Annotated[
        bool,
        Field(
            description="Offer patches as quick fixes for diagnostics of any tool and for failing tests.",
            json_schema_extra={"setting": "fixes.enabled", "scope": "machine"},
        ),
    ] = True
    fixes_preview: Annotated[
        Literal["always", "notRechecked", "never"],
        Field(
            description="When a patch is shown as a diff before it is applied. One that the reporting tool could not "
            "check again is always shown.",
            json_schema_extra={"setting": "fixes.preview", "scope": "machine"},
        ),
    ] = "notRechecked"
    patterns_hints: Annotated[
        bool,
        Field(
            description="Show a hint where code matches an active pattern of the folder's `patterns.json`.",
            json_schema_extra={"setting": "patterns.hints", "scope": "window"},
        ),
    ] = True
    model_source: Annotated[
        Literal["auto", "endpoint", "editor", "rules"],
        Field(
            description="Who makes patches: `endpoint` asks the model at `model.url`, `editor` the editor's own, "
            "`rules` no model at all. `auto` takes the endpoint where one is set, and the rules otherwise.",
            json_schema_extra={"setting": "model.source", "scope": "machine", "tags": ["usesOnlineServices"]},
        ),
    ] = "auto"
    model_url: Annotated[
        str,
        Field(
            description="Base address of a model's API, such as `http://localhost:11434/v1`. Empty: none.",
            json_schema_extra={"setting": "model.url", "scope": "machine", "tags": ["usesOnlineServices"]},
        ),
    ] = ""
    model_name: Annotated[
        str,
        Field(
            description="The model's name at that address, or the id of the editor's own.",
            json_schema_extra={"setting": "model.name", "scope": "machine"},
        ),
    ] = ""
    model_kind: Annotated[
        Literal["openai", "anthropic"],
        Field(
            description="The API that is spoken at that address: OpenAI's, as most do, or Anthropic's.",
            json_schema_extra={"setting": "model.kind", "scope": "machine"},
        ),
    ] = "openai"
    model_otlp_endpoint: Annotated[
        str,
        Field(
            description="Address of an OpenTelemetry collector that gets a span of each request to a model, without "
            "its texts. Empty: none.",
            json_schema_extra={"setting": "model.otlpEndpoint", "scope": "machine", "tags": ["telemetry"]},
        ),
    ] = ""


class ClientSettings(WireModel):
    """What only the VS Code client reads."""

    interpreter: Annotated[
        str,
        Field(
            description="The CPython (3.11 or later) that runs the sidecar. Empty: the Python extension's choice, "
            "then what is found on the PATH.",
            json_schema_extra={"setting": "interpreter", "scope": "machine"},
        ),
    ] = ""
    trace_server: Annotated[
        Literal["off", "messages", "verbose"],
        Field(
            description="Trace the messages between the editor and the sidecar in the output channel; "
            "texts are shown by their length only.",
            json_schema_extra={"setting": "trace.server", "scope": "window"},
        ),
    ] = "off"
