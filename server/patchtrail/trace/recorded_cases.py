"""All cases of a recorded test run: those in its line, or those in its artifact where they were too many for a line."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from patchtrail.contract.events import TestCase, TestRun

__all__ = ["cases_of"]


def cases_of(run: TestRun, artifacts: Mapping[str, bytes]) -> list[TestCase]:
    """Return a run's cases; without its artifact, or with one that holds no cases, those that stand in its line."""
    if run.cases_artifact is None or run.cases_artifact.sha256 not in artifacts:
        return run.cases
    lines = artifacts[run.cases_artifact.sha256].split(b"\n")
    try:
        return [TestCase.model_validate_json(line) for line in lines if line]
    except ValidationError:
        return run.cases
