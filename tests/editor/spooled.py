"""Read what a sidecar wrote, without the code that wrote it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from patchtrail.contract.event_lines import Event


def events_of(spool: Path, *, parsed: bool = False) -> list[Any]:
    """Return the events of the one trace in a spool, sealed ones first."""
    segments = [*sorted(spool.glob("trace-*/*.seg")), *spool.glob("trace-*/active.jsonl")]
    lines = [line for path in segments for line in path.read_bytes().split(b"\n")[:-1]]
    return [TypeAdapter(Event).validate_json(line) if parsed else json.loads(line) for line in lines]
