"""What the user sets. The manifest's settings block and its documentation are generated from this type."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from patchtrail.contract.wire import WireModel

__all__ = ["Settings"]


class Settings(WireModel):
    """The editor's settings under `patchtrail.`; a dot in the setting's name is `_` here."""

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
