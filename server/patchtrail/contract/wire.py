"""The shared shape of every wire model, and the small value types that many of them use."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import GenerateJsonSchema

__all__ = [
    "MAX_SAFE_INTEGER",
    "Base64",
    "Count",
    "DiffText",
    "JwkThumbprint",
    "Millis",
    "RedactedAsText",
    "SafeInt",
    "Sha256",
    "TraceId",
    "WireModel",
    "WireSchema",
]

MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer that RFC 8785 and a JavaScript number carry exactly."""

SafeInt = Annotated[int, Field(ge=-MAX_SAFE_INTEGER, le=MAX_SAFE_INTEGER)]
Count = Annotated[int, Field(ge=0, le=MAX_SAFE_INTEGER)]
Millis = Annotated[int, Field(ge=-MAX_SAFE_INTEGER, le=MAX_SAFE_INTEGER, description="Integer milliseconds.")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256, lower-case hex.")]
JwkThumbprint = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_-]{43}$", description="RFC 7638 thumbprint of a public key.")
]
Base64 = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]*={0,2}$", description="Standard base64, padded.")]
TraceId = Annotated[str, Field(pattern=r"^trace-[0-9a-f]{32}$", description="Id of one trace.")]


class RedactedAsText:
    """Marks a string that is made from redacted texts and must not be redacted again.

    A diff's line prefixes can complete a pattern that no line of the file holds; redacting the diff itself
    would break it.
    """


DiffText = Annotated[str, RedactedAsText()]


class WireModel(BaseModel):
    """A frozen value as it crosses a process boundary.

    Readers ignore unknown fields, so that a newer writer is still understood; numbers, strings and
    booleans are never coerced into each other, so that both languages agree on what is valid.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class WireSchema(GenerateJsonSchema):
    """JSON Schema without a title per field: each would become an alias of its own in TypeScript."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 -- pydantic names the parameter
        """Answer no for every field."""
        return False
