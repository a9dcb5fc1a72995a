"""One complete trace, as the collector hands it over to be replayed, tested and judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from patchtrail.contract.event_lines import Event

__all__ = ["Case"]


@dataclass(frozen=True)
class Case:
    """What was recorded, verified as far as it can be, and what replay may start from.

    `snapshot` is the base snapshot that was uploaded; None when there is none. `recipe_toml` is the task's own recipe,
    empty when the repository's is to be detected. Where nothing `is_signed`, the hashes of contents are anybody's word,
    and are not compared. Everything in here is a participant's and is never trusted.
    """

    trace_id: str
    events: Sequence[Event]
    artifacts: Mapping[str, bytes] = field(default_factory=dict)
    repo_origin: str = ""
    start_commit: str = ""
    task_title: str = ""
    task_description: str = ""
    snapshot: bytes | None = None
    recipe_toml: str = ""
    is_signed: bool = True
