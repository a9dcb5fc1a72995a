"""The trace document v1.0: what a collector returns, with the published field names and decimals.

More fields may stand beside the published ones. Times are seconds as decimals, because that is published;
nothing here is signed.
"""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field, JsonValue

from patchtrail.contract.artifact import ArtifactRef
from patchtrail.contract.collection import Assurance
from patchtrail.contract.coverage import Coverage
from patchtrail.contract.episodes import Episode
from patchtrail.contract.events import ConsentRef
from patchtrail.contract.qa import QaResults
from patchtrail.contract.wire import Count, Sha256, TraceId, WireModel

__all__ = [
    "DocumentArtifact",
    "DocumentEnvironment",
    "DocumentEvent",
    "DocumentIntegrity",
    "DocumentMetrics",
    "DocumentRepo",
    "DocumentSession",
    "DocumentTask",
    "TraceDocument",
]


class DocumentSession(WireModel):
    """Who took part, under which consent."""

    participant_id: str | None
    consent: ConsentRef | None


class DocumentTask(WireModel):
    """What was to be done."""

    id: str
    title: str
    description: str


class DocumentRepo(WireModel):
    """Where replay starts."""

    origin: str
    start_commit: str


class DocumentEnvironment(WireModel):
    """Where it was recorded."""

    os: str
    python_version: str


class DocumentEvent(WireModel):
    """One event: the published fields, and its data's own fields beside them."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]

    id: str
    seq: Count
    ts_client_s: float
    ts_server_s: float | None
    type: str


class DocumentArtifact(WireModel):
    """A blob by reference."""

    uri: str
    sha256: Sha256
    size_bytes: Count
    media_type: str

    @classmethod
    def of(cls, ref: ArtifactRef, uri: str) -> DocumentArtifact:
        """Return the published form of an event's reference."""
        return cls(uri=uri, sha256=ref.sha256, size_bytes=ref.size_bytes, media_type=ref.media_type)


class DocumentMetrics(WireModel):
    """Counts over the events; `duration_s` by the session's own monotonic clock."""

    duration_s: float
    num_events: Count
    num_file_edits: Count
    num_commands: Count
    num_test_runs: Count
    num_commits: Count
    num_notes: Count
    num_patch_attempts: Count = 0
    num_patches_accepted: Count = Field(default=0, description="Attempts whose patch was accepted.")


class DocumentIntegrity(WireModel):
    """The hash of every event in order, and how far the chain can be trusted."""

    event_hash_chain: list[Sha256]
    assurance: Assurance
    forgotten_chunks: list[Count] = Field(
        default=[], description="Chunks whose bytes were dropped on the participant's signed request."
    )


class TraceDocument(WireModel):
    """A whole trace, in the published shape."""

    trace_version: Literal["1.0"]
    trace_id: TraceId
    session: DocumentSession
    task: DocumentTask
    repo: DocumentRepo
    environment: DocumentEnvironment
    events: list[DocumentEvent]
    artifacts: dict[str, DocumentArtifact]
    metrics: DocumentMetrics
    qa: QaResults = Field(description="Empty until the collector has validated and judged the trace.")
    integrity: DocumentIntegrity
    episodes: list[Episode] = Field(default=[], description="Fault episodes, worked out from the verified events.")
    coverage: Coverage | None = Field(
        default=None, description="What share was observed, and every gap; worked out from the verified events."
    )
