"""A golden set: tests that passed once and must go on passing, frozen from a run and checked against later ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.wire import WireModel
from patchtrail.evaluation.compare import Folded, folded
from patchtrail.evaluation.run_store import StoredRun, TestResult

__all__ = ["GoldenSet", "broken_in", "frozen", "read_golden"]


class GoldenSet(WireModel):
    """The file: names of tests, and which run they were taken from."""

    version: Literal[1] = 1
    suite: str
    dataset_id: str
    arm: str
    model: str
    git_commit: str
    tests: list[str]

    def text(self) -> str:
        """Return the file's text, one test a line."""
        return self.model_dump_json(indent=1) + "\n"


def frozen(runs: Sequence[StoredRun], repeats: Sequence[Sequence[TestResult]]) -> GoldenSet:
    """Return what passed in every repeat; raises `InvalidInput` where nothing did."""
    tests = sorted(name for name, one in folded(repeats).items() if one.passes == one.repeats)
    if not tests:
        raise InvalidInput("No test passed in every repeat: there is nothing to hold on to.")
    head = runs[0].head
    return GoldenSet(
        suite=head.suite,
        dataset_id=head.dataset_id,
        arm=head.arm,
        model=head.model,
        git_commit=head.git_commit,
        tests=tests,
    )


def broken_in(golden: GoldenSet, tests: Mapping[str, Folded]) -> list[tuple[str, str]]:
    """Return each golden test that does not pass, with the reason; one that the run lacks does not."""
    broken = list[tuple[str, str]]()
    for name in golden.tests:
        one = tests.get(name)
        if one is None:
            broken.append((name, "The run lacks it."))
        elif not one.is_passed:
            broken.append((name, one.error_message or "It fails."))
    return broken


def read_golden(path: Path) -> GoldenSet:
    """Return a golden set; raises `InvalidInput` where the file is none, or holds no test."""
    try:
        found = GoldenSet.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"])) or "the file"
        raise InvalidInput(f"{path} is no golden set: {where}: {fault['msg']}.") from None
    if not found.tests:
        raise InvalidInput(f"{path} holds no test, so nothing could break.")
    return found
