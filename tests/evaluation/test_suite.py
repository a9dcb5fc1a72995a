"""The whole suite, small: every arm on the same answers of a damaging model, judged by the real tools."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from patchtrail.cli.evaluating import evaluated_fix
from patchtrail.evaluation.arms import ANSWER_ARMS
from patchtrail.evaluation.case import PatchCase
from patchtrail.evaluation.report import figures, report, report_json
from patchtrail.evaluation.run import ENGINE, OFFLINE, PatchSuite, SuiteResult
from patchtrail.evaluation.suite_data import write_suite
from patchtrail.llm import Endpoint, model_of
from patchtrail.qa import PytestRunner
from patchtrail.sandbox.bubblewrap import Bubblewrap
from tests.model.damaging import damaging_diffs
from tests.model.server import ModelServer
from tests.model.truths import load, truthful


@pytest.fixture(scope="module")
def result(cases: list[PatchCase], tmp_path_factory: pytest.TempPathFactory) -> SuiteResult:
    """Run the suite on a handful of findings."""
    folder = tmp_path_factory.mktemp("suite").resolve()
    some = tuple(cases[::2])
    write_suite(some, folder / "workspaces", folder / "truths.json")
    runner = PytestRunner(Bubblewrap(), python=Path(sys.executable))
    with ModelServer(truthful(load(folder / "truths.json"), damaging_diffs, seed=2)) as server:
        model = model_of(Endpoint("openai", server.url, "test-model", server.api_key))
        fixes = (evaluated_fix(one, runner, folder / "cache") for one in (model, None))
        return PatchSuite(some, folder / "workspaces", *fixes, runner).run(lambda _: None)


def test_what_is_offered_applies_and_parses(result: SuiteResult) -> None:
    """Every offered patch is taken by `git apply`, gives what it promises, and parses."""
    told = figures(result)

    assert told["offered patches that apply"].share == 1
    assert told["offered patches that parse"].share == 1
    assert told["file coverage"].share >= 0.9


def test_no_arm_is_better_than_the_engine(result: SuiteResult) -> None:
    """Every arm is judged on the same cases, and the engine fixes at least as much as any."""
    fixed = {arm: sum(sum(one.fixed) for one in outcomes.values()) for arm, outcomes in result.outcomes.items()}

    assert set(fixed) == {ENGINE, OFFLINE, *ANSWER_ARMS}
    assert fixed[ENGINE] == max(fixed.values())
    assert 0 < fixed["one request, strict"] < fixed[ENGINE] or fixed["one request, strict"] == 0
    assert fixed[OFFLINE] > 0


def test_the_report_tells_everything(result: SuiteResult) -> None:
    """The report holds goals, the table with a column per arm, and the damage beside the published one."""
    printed, diffs = report(result), sum(one.is_diff for one in result.damages)

    assert all(one in printed for one in [ENGINE, OFFLINE, *ANSWER_ARMS, "Ruff cannot fix", "published", "goal 90"])
    assert json.loads(json.dumps(report_json(result)))["damage"]["diffs"] == diffs > 0
