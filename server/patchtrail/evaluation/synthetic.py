"""A synthetic data set as a file: cases with their known label and right text, and all that they were made from.

`code`, `issue_type` and `expected_fix` are the published names; the rest stands beside them. The file holds no time, so
that the same seed and sources give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.wire import Count, WireModel

__all__ = ["CaseSource", "SyntheticCase", "SyntheticProvenance", "SyntheticSet", "read_synthetic", "sealed"]

CaseSource = Literal["mutation", "model"]
MAX_BYTES = 512 * 1024 * 1024


class SyntheticCase(WireModel):
    """One file with one finding: its text, the rule that is reported of it, and the text that it should become."""

    case_id: str = Field(description="Follows from the content, so that a case keeps its name in every data set.")
    kind: str = Field(description="The part of the mix that it counts for.")
    group: str = Field(description="The class of findings that it counts for in reports.")
    file_path: str
    line: Count = Field(description="Where the tool reports it, from 1.")
    code: str
    issue_type: str = Field(description="The rule by which the tool that defines it reports it.")
    expected_fix: str
    source: CaseSource = "mutation"


class SyntheticProvenance(WireModel):
    """What the cases follow from."""

    seed: int
    mix: dict[str, Count] = Field(description="Parts of each kind.")
    tool: str = Field(description="The tool that confirmed every label, with its version.")
    sources: Count = Field(description="Files of correct code that could be drawn from.")
    sources_sha256: str = Field(description="Of their paths and texts.")
    model: str = Field(default="", description="The model that wrote the cases of source `model`.")


class SyntheticSet(WireModel):
    """The file; `dataset_id` is the SHA-256 of everything else in it."""

    version: Literal[1] = 1
    dataset_id: str = ""
    provenance: SyntheticProvenance
    cases: list[SyntheticCase]

    def content_id(self) -> str:
        """Return the SHA-256, in hex, of provenance and cases."""
        told = self.model_dump(mode="json", exclude={"dataset_id"})
        return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def text(self) -> str:
        """Return the file's text."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n"


def sealed(provenance: SyntheticProvenance, cases: list[SyntheticCase]) -> SyntheticSet:
    """Return the data set with its id."""
    unnamed = SyntheticSet(provenance=provenance, cases=cases)
    return unnamed.model_copy(update={"dataset_id": unnamed.content_id()})


def read_synthetic(path: Path) -> SyntheticSet:
    """Return a data set; raises `InvalidInput` where it is none, is empty, or is not what its id says."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InvalidInput(f"{path} is larger than {MAX_BYTES} bytes.")
        found = SyntheticSet.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"])) or "the file"
        raise InvalidInput(f"{path} is no synthetic data set: {where}: {fault['msg']}.") from None
    if not found.cases:
        raise InvalidInput(f"{path} holds no case.")
    if found.content_id() != found.dataset_id:
        raise InvalidInput(f"{path} was changed after it was made: its id no longer follows from its content.")
    return found
