"""Write a trace in other formats: its document, CTRF, OpenTelemetry, agent-trace, ATIF, ProgSnap2 and SWE-bench."""

from __future__ import annotations

import json
import os
import subprocess
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from patchtrail import __version__
from patchtrail.contract.document import TraceDocument
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.event_lines import Event
from patchtrail.integrity.verify import VerifiedEvent
from patchtrail.trace import (
    PROGSNAP2_README,
    CodeState,
    agent_trace_record,
    atif_trajectory,
    code_states,
    ctrf_reports,
    fast_import_stream,
    main_table,
    metadata_table,
    otel_traces,
)
from patchtrail.trace.file_tree import FileTree

__all__ = ["ExportFormat", "Exported", "write_export"]

ExportFormat = Literal["bundle", "document", "progsnap2", "agent-trace", "otel", "ctrf", "atif", "swe-bench"]
SUFFIX: dict[ExportFormat, str] = {
    "bundle": ".zip",
    "document": ".json",
    "progsnap2": "-progsnap2",
    "agent-trace": ".agent-trace.json",
    "otel": ".otel.json",
    "ctrf": "-ctrf",
    "atif": ".trajectory.json",
    "swe-bench": ".instance.json",
}
GIT_ALONE = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
"""Nobody's git configuration decides how a dataset looks."""


@dataclass(frozen=True)
class Exported:
    """A trace to tell: its events, and the texts at its start commit where the repository is at hand.

    `base` is what an unsigned trace brought along; that of a signed one is among its artifacts.
    """

    trace_id: str
    held: Sequence[VerifiedEvent]
    received_ms: Sequence[int | None]
    artifacts: Mapping[str, bytes]
    start_text: Callable[[str], str | None]
    repo: Path | None = None
    base: FileTree | None = None

    @property
    def events(self) -> list[Event]:
        """The trace's events."""
        return [held.event for held in self.held]


def write_document(document: TraceDocument, target: Path | None) -> Path:
    """Write the trace document v1.0, which is not signed."""
    place = target or Path(f"{document.trace_id}{SUFFIX['document']}")
    place.write_bytes(document.model_dump_json(indent=1).encode() + b"\n")
    return place


def write_export(exported: Exported, form: ExportFormat, target: Path | None) -> list[Path]:
    """Write a trace in this format and return what was written.

    Raises `InvalidInput` when the trace holds nothing that the format could tell, or the target is a folder that holds
    something already.
    """
    if not exported.held:
        raise InvalidInput("The trace holds no events yet.", code="empty_trace")
    place = target or Path(f"{exported.trace_id}{SUFFIX[form]}")
    match form:
        case "ctrf":
            return _write_ctrf(exported, place)
        case "progsnap2":
            return _write_progsnap2(exported, place)
        case "otel":
            return [_write_json(place, otel_traces(exported.trace_id, exported.held, __version__))]
        case "atif":
            return [_write_json(place, _trajectory(exported))]
        case "swe-bench":
            # What runs tests is loaded only where tests are run.
            from patchtrail.cli.instances import proven_instance

            case = exported.trace_id, exported.events, exported.artifacts
            return [_write_json(place, proven_instance(*case, repo=exported.repo, base=exported.base))]
        case _:
            return [_write_json(place, _agent_trace(exported))]


def _agent_trace(exported: Exported) -> dict[str, JsonValue]:
    return agent_trace_record(
        exported.trace_id,
        exported.events,
        start_text=exported.start_text,
        artifacts=exported.artifacts,
        version=__version__,
    )


def _trajectory(exported: Exported) -> dict[str, JsonValue]:
    return atif_trajectory(exported.trace_id, exported.events, artifacts=exported.artifacts, version=__version__)


def _write_ctrf(exported: Exported, folder: Path) -> list[Path]:
    reports = ctrf_reports(exported.events, exported.artifacts)
    if not reports:
        raise InvalidInput("No test run of this trace is known per test, so there is no report to write.")
    _make_empty(folder)
    return [_write_json(folder / name, report) for name, report in reports.items()]


def _write_progsnap2(exported: Exported, folder: Path) -> list[Path]:
    _make_empty(folder)
    events = exported.events
    states = list(code_states(events, start_text=exported.start_text, artifacts=exported.artifacts))
    ids = _import_states(folder / "CodeStates", events, states)
    seqs = [state.seq for state in states]
    table = main_table(
        events,
        exported.received_ms,
        state_at=lambda seq: ids[bisect_right(seqs, seq)],
        tool=f"Patchtrail {__version__}",
    )
    written = [folder / name for name in ("DatasetMetadata.csv", "MainTable.csv", "README.md")]
    for path, content in zip(written, (metadata_table(), table, PROGSNAP2_README.encode()), strict=True):
        path.write_bytes(content)
    return [*written, folder / "CodeStates"]


def _import_states(folder: Path, events: Sequence[Event], states: Sequence[CodeState]) -> list[str]:
    """Make the repository of the code states, and return each state's commit; the first is the empty start."""
    _git("init", "--quiet", "--initial-branch=main", str(folder))
    marks = folder / ".git" / "patchtrail-marks"
    stream = b"".join(fast_import_stream(events, states))
    _git("-C", str(folder), "fast-import", "--quiet", f"--export-marks={marks.resolve()}", feed=stream)
    found = dict(line.split() for line in marks.read_text().splitlines())
    marks.unlink()
    _git("-C", str(folder), "reset", "--quiet", "--hard", "main")
    return [found[f":{mark}"] for mark in range(1, len(states) + 2)]


def _git(*arguments: str, feed: bytes = b"") -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | GIT_ALONE
    try:
        subprocess.run(["git", *arguments], input=feed, env=environment, check=True, capture_output=True)
    except FileNotFoundError as error:
        raise InvalidInput("git is needed to write code states, and was not found.", code="no_git") from error
    except subprocess.CalledProcessError as error:
        told = error.stderr.decode("utf-8", "replace").strip()
        raise InvalidInput(f"git could not write the code states: {told}", code="git_failed") from error


def _make_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidInput(f"{folder} is there already and not empty; choose another with --output.")
    folder.mkdir(parents=True, exist_ok=True)


def _write_json(path: Path, value: Mapping[str, JsonValue]) -> Path:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", errors="replace")
    return path
