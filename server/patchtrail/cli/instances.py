"""Wires what proves a benchmark instance: the start commit's files, the sandbox, and the repository's own tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from platformdirs import user_cache_path
from pydantic import JsonValue

from patchtrail.cli.ground import snapshot_of, start_tree
from patchtrail.contract.errors import InvalidInput, NotFound
from patchtrail.contract.event_lines import Event
from patchtrail.contract.events import SessionStart
from patchtrail.llm import Cancellation
from patchtrail.qa.case import Case
from patchtrail.qa.instance import instance_of
from patchtrail.qa.suites import RepositorySuites
from patchtrail.sandbox.choice import sandbox_named
from patchtrail.trace.file_tree import FileTree

__all__ = ["proven_instance"]


def proven_instance(
    trace_id: str,
    events: Sequence[Event],
    artifacts: Mapping[str, bytes],
    *,
    repo: Path | None,
    base: FileTree | None = None,
) -> dict[str, JsonValue]:
    """Return a session's SWE-bench instance: of the repository, of `base`, or of the snapshot among the artifacts.

    Raises `InvalidInput` saying why it gives none, `NotFound` when there is no sandbox.
    """
    start = events[0].data if events else None
    if not isinstance(start, SessionStart):
        raise InvalidInput("The trace has no session_start, so nothing names its start commit.", code="empty_trace")
    case = Case(
        trace_id=trace_id,
        events=events,
        artifacts=artifacts,
        repo_origin=start.repo_origin,
        start_commit=start.start_commit,
        task_title=start.task_title,
        task_description=start.task_description,
    )
    tree = start_tree(repo, start.start_commit) if repo is not None else base or _snapshot(events, artifacts)
    walls = sandbox_named("auto")
    if (reason := walls.is_usable()) is not None:
        raise NotFound(f"An instance is proven in the sandbox or not at all: {reason}", code="no_sandbox")
    suites = RepositorySuites(walls, user_cache_path("patchtrail") / "suites")
    instance, _ = instance_of(case, tree, suites, walls, Cancellation())
    return dict(asdict(instance))


def _snapshot(events: Sequence[Event], artifacts: Mapping[str, bytes]) -> FileTree:
    """Return the files of the base snapshot that the trace brought along."""
    tree = snapshot_of(events, artifacts)
    if tree is None:
        raise InvalidInput("The trace brought no base snapshot: name the repository with --repo.", code="no_ground")
    return tree
