"""Cheating the verdict (catalogue 54): each way is told, or changes nothing; files of cheats/ say which."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from patchtrail.llm import Cancellation
from patchtrail.qa.suites import RepositorySuites
from patchtrail.sandbox.choice import usable_sandbox
from tests.qa.test_suites import outcomes, suite_of
from tests.qa.trees import laid_over, repository
from tests.sandbox.engines import environment_of, lacking_programs

CHEATS = sorted((Path(__file__).parent / "cheats").glob("*.txt"))
SHOWN = "tests/test_calc.py::TestAdd::test_one"
"""The test that fails, honestly."""


NEEDS_WALLS = ("exit_in_product", "forged_lines", "looking_around", "overwritten_result", "result_is_a_folder")
"""Those that depend on what a back end lets a process see and write."""


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda path: path.stem)
def test_54_a_cheat_is_no_success(suites: RepositorySuites, cheat: Path) -> None:
    """No cheat makes the failing test pass: either the run is not believed, in words, or the test is what it is."""
    check_cheat(suites, cheat)


@pytest.mark.skipif(bool(lacking_programs("docker")) and os.environ.get("CI") != "true", reason="docker.io is missing")
def test_54_a_cheat_is_no_success_in_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What depends on the walls is no success behind Docker's either."""
    with environment_of("docker") as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        sandbox = usable_sandbox("docker")
        assert not isinstance(sandbox, str), sandbox
        suites = RepositorySuites(sandbox, tmp_path)
        for cheat in [one for one in CHEATS if one.stem in NEEDS_WALLS]:
            check_cheat(suites, cheat)


def check_cheat(suites: RepositorySuites, cheat: Path) -> None:
    """Lay a cheat over an honest project, and hold what comes of it to what the cheat's first lines say."""
    honest = repository("calc")
    said, tree = laid_over(honest, cheat)
    expected, _, problem = said.partition(": ")
    suite = suite_of(suites, honest)
    run = suite.run(tree, cancellation=Cancellation())
    told = outcomes(run)

    assert told.get(SHOWN) != "passed" or run.trouble != ""
    if expected in ("cheat", "broken"):
        assert (run.trouble, problem in run.problem) == (expected, True), run
    else:
        assert run.trouble == "", run
        assert told.get(SHOWN, "absent") == {"fails": "failed"}.get(expected, expected)
    others = {test: outcome for test, outcome in told.items() if "looking" in test}
    assert set(others.values()) <= {"passed"}, run.output
