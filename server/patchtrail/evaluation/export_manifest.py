"""What stands beside every export: what was asked for, what is in it, whose it is, and under which terms."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.wire import Count, WireModel

__all__ = ["MANIFEST", "ExportConsent", "ExportManifest", "ExportSource", "ExportedFile", "exported", "read_export"]

MANIFEST = "manifest.json"


class ExportedFile(WireModel):
    """One file, by its path in the export."""

    path: str
    sha256: str
    size_bytes: Count


class ExportSource(WireModel):
    """One attempt that is in it, and the session that it was made in."""

    attempt_id: str
    trace_id: str | None


class ExportConsent(WireModel):
    """What the people whose work is in it agreed to, as whoever exports states it."""

    statement: str = Field(min_length=1)
    recording_text_version: str = Field(description="The consent text that sessions are recorded under.")
    recording_text_sha256: str
    recording_text_covers_model_texts: bool = Field(
        description="Whether that text alone would allow prompts and answers to be exported."
    )


class ExportManifest(WireModel):
    """The file `manifest.json`."""

    version: Literal[1] = 1
    created_at: str = Field(description="ISO 8601, UTC.")
    query: dict[str, str]
    licence: str = Field(min_length=1)
    consent: ExportConsent
    counts: dict[str, Count]
    left_out: dict[str, Count]
    sources: list[ExportSource]
    files: list[ExportedFile]

    def withdrawn_among(self, withdrawn: Collection[str]) -> list[str]:
        """Return the attempts in it that were withdrawn since, themselves or by their session."""
        return [one.attempt_id for one in self.sources if one.attempt_id in withdrawn or one.trace_id in withdrawn]


def exported(files: Mapping[str, bytes]) -> list[ExportedFile]:
    """Return files as a manifest names them, by path."""
    return [
        ExportedFile(path=path, sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))
        for path, content in sorted(files.items())
    ]


def read_export(folder: Path) -> ExportManifest:
    """Return an export's manifest; raises `InvalidInput` where there is none, or a file is not as it says."""
    try:
        manifest = ExportManifest.model_validate_json((folder / MANIFEST).read_bytes())
        for one in manifest.files:
            if hashlib.sha256((folder / one.path).read_bytes()).hexdigest() != one.sha256:
                raise InvalidInput(f"{folder / one.path} is not what {MANIFEST} says: it was changed after the export.")
    except OSError as error:
        raise InvalidInput(f"{folder} is no whole export: {error.filename} cannot be read.") from error
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"])) or "the file"
        raise InvalidInput(f"{folder / MANIFEST}: {where}: {fault['msg']}.") from None
    return manifest
