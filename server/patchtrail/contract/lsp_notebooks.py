"""What a client reports of notebooks beside LSP's own messages: a cell's execution that ended.

Outputs may be large and secret, so they stay in the editor: what travels is a SHA-256 per output, and even that leaves
the sidecar only under the session's local key.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from patchtrail.contract.wire import Count, Sha256, WireModel

__all__ = ["CELL_RAN", "CellOutput", "CellRan"]

CELL_RAN = "patchtrail/notebook/cellRan"


class CellOutput(WireModel):
    """One output: its media types, in order, and the SHA-256 over their names and bytes."""

    media_types: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=50)]
    sha256: Sha256
    size_bytes: Count


class CellRan(WireModel):
    """A cell's execution that ended. `cell_id` is the file's own id of the cell, empty where the editor has none."""

    notebook_uri: Annotated[str, Field(max_length=4000)]
    index: Count
    cell_id: Annotated[str, Field(max_length=200)] = ""
    kind: Literal["code", "markdown"] = "code"
    language: Annotated[str, Field(max_length=100)] = ""
    execution_order: Count | None
    is_success: bool | None
    duration_ms: Count | None
    outputs: Annotated[list[CellOutput], Field(max_length=1000)]
    error_name: Annotated[str, Field(max_length=200)] | None = None
