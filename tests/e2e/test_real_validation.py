"""A session on a package that is not ours, turned into a verdict by that package's own suite, without network."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from patchtrail.cli.ground import start_tree
from patchtrail.contract.event_lines import Event
from patchtrail.llm import Cancellation
from patchtrail.qa.case import Case
from patchtrail.qa.lint_delta import RuffLinting
from patchtrail.qa.suites import RepositorySuites
from patchtrail.qa.validation import Validator
from patchtrail.trace.base_snapshot import write_base
from tests.e2e.sdists import fetch
from tests.e2e.test_real_packages import MIN_TESTS, PACKAGES, PLAY, Runner, commit_everything, read_bundle
from tests.sandbox.walls import usable

EVENT: TypeAdapter[Event] = TypeAdapter(Event)
MAX_S = 300
MIN_AGREEMENT = 0.99
CHOSEN = PACKAGES if os.environ.get("PATCHTRAIL_ALL_PACKAGES") else PACKAGES[:1]
"""Each takes about two minutes."""


@pytest.mark.timeout(900)
@pytest.mark.parametrize("package", CHOSEN, ids=lambda package: package.name)
def test_a_real_package_is_a_verified_fix(package, tmp_path: Path):
    """A recorded session that repairs a real package is a verified fix by its own suite, in under five minutes."""
    sdist, work, output, home = (tmp_path / name for name in ("sdist", "work", "output", "home"))
    for folder in (sdist, work, output, home):
        folder.mkdir()
    run = Runner(home)
    published = fetch(package.name, sdist)
    commit_everything(run, published)
    story = ["--repo", published, "--test", package.suite, "--seed", package.seed]
    run(sys.executable, PLAY, *story, "--no-keep", "--no-assess", "--output", output, "--work", work)
    trace = read_bundle(next(output.glob("trace-*.zip")))
    (start,) = trace.of_type("session_start")
    case = Case(
        trace_id=trace.document["trace_id"],
        events=[EVENT.validate_json(line) for line in trace.lines],
        artifacts=trace.blobs,
        start_commit=start["start_commit"],
        snapshot=write_base(start_tree(work / "repository", start["start_commit"])),
        # As in the session: files that measure time fail on a busy machine by themselves.
        recipe_toml=f"arguments = {[f'--ignore-glob={one}' for one in package.left_out]}\n",
    )
    validator = Validator(RepositorySuites(usable(), tmp_path / "cache"), linting=RuffLinting())
    result = validator.validate(case, Cancellation())

    assert result.verdict == "verified_fix", (result.reason, result.test_output)
    assert (result.network, result.pass_to_fail) == ("none", [])
    # Tests that want a network fail at both ends, and are set aside.
    assert [one for one in result.fail_to_fail if "socket" not in one] == []
    assert result.tests_passed == (not (result.fail_to_fail or result.flaky))
    assert len(result.pass_to_pass) >= MIN_TESTS
    assert [run.compared >= MIN_TESTS for run in result.recorded_runs] == [True, True]
    assert result.agreement is not None
    assert result.agreement >= MIN_AGREEMENT, result.recorded_runs
    assert result.replay is not None
    assert (result.replay.agrees, result.replay.start) == (True, "snapshot")
    assert result.coverage is not None
    assert result.coverage.covered_lines > 0
    assert result.duration_ms < MAX_S * 1000
