"""Read what a sidecar wrote, without the code that wrote it."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from patchtrail.contract.event_lines import Event


def events_of(spool: Path, *, parsed: bool = False) -> list[Any]:
    """Return the events of the one trace in a spool, in order, also while it is being sealed and delivered."""
    # What is sealed between the two readings is read twice; in the other order it would be missed.
    active = [line for path in spool.glob("trace-*/active.jsonl") for line in _lines(path)]
    sealed = [line for path in sorted(spool.glob("trace-*/*.seg")) for line in _lines(path)]
    known = set(sealed)
    lines = [*sealed, *(line for line in active if line not in known)]
    return [TypeAdapter(Event).validate_json(line) if parsed else json.loads(line) for line in lines]


def _lines(path: Path) -> list[bytes]:
    """Return a file's whole lines; none of one that was delivered in this moment."""
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes().split(b"\n")[:-1]
    return []
