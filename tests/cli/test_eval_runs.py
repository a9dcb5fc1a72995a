"""`patchtrail eval`, from a synthetic data set to a comparison: real code, real tools, a real database."""

from __future__ import annotations

import json
import shlex
import sqlite3
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from patchtrail.cli.eval import app
from patchtrail.evaluation.synth import synthesize
from patchtrail.evaluation.synthetic_mix import read_mix
from tests.evaluation.sources import some_sources

RUNNER = CliRunner()
MODEL = f"{shlex.quote(sys.executable)} -m tests.model --truths {{truths}} --api-key {{key}}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a small data set, and measure it twice: without a model, and with one that knows the truth."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "set.json").write_text(synthesize(some_sources(), read_mix("I001=2,F401=2,D=2"), 6, seed=7).text())
    for options in (["--offline"], ["--model-command", MODEL]):
        told = evaluated(folder, "run", "--dataset", str(folder / "set.json"), *options)
        assert told[0] in (0, 1), told[1]
    return folder


def evaluated(folder: Path, *words: str) -> tuple[int, str]:
    """Return exit code and output of a verb that uses the folder's database."""
    environment = {"PATCHTRAIL_MODEL": "test-model"}
    result = RUNNER.invoke(app, [*words, "--history", str(folder / "runs.db")], env=environment)
    return result.exit_code, result.output


def run_id(folder: Path, arm: str, model: str) -> int:
    """Return the number of one arm's run."""
    with sqlite3.connect(folder / "runs.db") as connection:
        found = connection.execute("SELECT id FROM test_runs WHERE arm = ? AND model = ?", (arm, model)).fetchall()
    connection.close()
    return int(found[0][0])


def test_a_run_is_kept_for_every_arm(folder: Path) -> None:
    """Every arm's run stands in the database with all tests of the data set, its id and the model that was asked."""
    with sqlite3.connect(folder / "runs.db") as connection:
        rows = connection.execute("SELECT arm, model, total_tests, dataset_id, suite FROM test_runs").fetchall()
        labels = connection.execute("SELECT DISTINCT label FROM test_results ORDER BY label").fetchall()
    connection.close()
    dataset_id = json.loads((folder / "set.json").read_text())["dataset_id"]

    assert {row[2:] for row in rows} == {(6, dataset_id, "synthetic")}
    assert {row[:2] for row in rows} >= {
        ("our engine", "test-model"),
        ("git apply", "test-model"),
        ("offline rules", ""),
    }
    assert len(rows) >= 1 + len({row[0] for row in rows if not row[0].endswith("anew")})
    assert [one for (one,) in labels if not one.startswith("D10")] == ["F401", "I001"]


def test_a_comparison_names_regressions_first(folder: Path) -> None:
    """Without a model the missing docstrings stay: told first and by name, and the gate does not let it pass."""
    good, poor = run_id(folder, "our engine", "test-model"), run_id(folder, "offline rules", "")

    code, told = evaluated(folder, "compare", str(good), str(poor), "--gate", "0.02")

    lines = told.splitlines()
    assert code == 1
    assert lines[0] == "2 regressions"
    assert all(one.startswith("  - D10") for one in lines[1:3])
    assert lines[3] == "0 fixes"
    assert "McNemar p" in told
    assert "NOT KEPT" in told


def test_a_baseline_is_found_by_its_name(folder: Path) -> None:
    """`rules` is the newest run of the tools' own fixes on the same data, `single` the strict single request's."""
    good = run_id(folder, "our engine", "test-model")

    code, told = evaluated(folder, "compare", "rules", str(good), "--gate", "0")

    assert code == 1  # Six pairs prove nothing.
    assert told.splitlines()[:2] == ["0 regressions", "2 fixes"]
    assert "0 regressions" in evaluated(folder, "compare", "single", str(good))[1]
    code, told = evaluated(folder, "compare", "single", str(run_id(folder, "offline rules", "") + 100))
    assert (code, "no run" in told) == (2, True)


def test_a_stored_run_is_judged_anew(folder: Path, tmp_path: Path) -> None:
    """The patches that were kept are judged again, without a model, to the same verdicts; other data are refused."""
    good, other = run_id(folder, "git apply", "test-model"), tmp_path / "other.json"
    other.write_text(synthesize(some_sources(), read_mix("F401=1"), 1, seed=99).text())

    code, told = evaluated(folder, "rejudge", str(good), "--dataset", str(folder / "set.json"))

    assert code == 0
    assert told.splitlines()[-1].endswith("git apply, judged anew")
    assert "0 regressions\n0 fixes\n" in told
    assert "over 6 pairs, 0 of them differ" in told
    assert "made on other data" in evaluated(folder, "rejudge", str(good), "--dataset", str(other))[1]
    assert evaluated(folder, "rejudge", str(good))[0] == 2


def test_a_data_set_is_written(tmp_path: Path) -> None:
    """`synth` writes what was asked for; a wrong mix, and a model's cases without a model, are refused at once."""
    path = tmp_path / "set.json"

    made = RUNNER.invoke(app, ["synth", "--n", "4", "--mix", "F401=1", "--output", str(path)])
    wrong = RUNNER.invoke(app, ["synth", "--mix", "X1=1", "--output", str(tmp_path / "no.json")])
    env = dict.fromkeys(("PATCHTRAIL_MODEL_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY"), "")
    alone = RUNNER.invoke(app, ["synth", "--written", "3", "--output", str(tmp_path / "no.json")], env=env)

    assert "4 cases, each confirmed by ruff" in made.output
    assert [one["issue_type"] for one in json.loads(path.read_text())["cases"]] == ["F401"] * 4
    assert (wrong.exit_code, alone.exit_code) == (2, 2)
    assert "The mix names 'X1'" in wrong.output
    assert "No model is named" in alone.output
    assert not (tmp_path / "no.json").exists()


def test_history_lists_the_runs(folder: Path) -> None:
    """Every series has a line; an empty database is told, and so is a number that is none."""
    assert "our engine with test-model: synthetic" in evaluated(folder, "history")[1]
    assert evaluated(folder / "none", "history") == (0, "No runs.\n")
    assert evaluated(folder, "compare", "1", "x")[0] == 2


def test_a_golden_set_is_checked(folder: Path) -> None:
    """What the good run passes is frozen; the poor run breaks it and exits 1, the good one does not."""
    good, poor = run_id(folder, "our engine", "test-model"), run_id(folder, "offline rules", "")
    golden = str(folder / "golden.json")

    assert evaluated(folder, "golden", "freeze", str(good), golden) == (0, f"6 tests are held on to in {golden}.\n")
    assert evaluated(folder, "golden", "check", golden, str(good))[0] == 0
    code, told = evaluated(folder, "golden", "check", golden, str(poor))

    assert code == 1
    assert "4 of 6 golden tests pass." in told


def test_unit_evals_are_measured(tmp_path: Path) -> None:
    """A folder of unit evals is a suite; a file that is none is named, and so is a rule that is not reported."""
    case = tmp_path / "F401" / "one.txt"
    case.parent.mkdir()
    case.write_text("tool: ruff\nrule: F401\npath: a.py\nexpect: x = 1\n\n-import os\n-\n x = 1\n")

    code, told = evaluated(tmp_path, "run", "--cases", str(tmp_path), "--offline", "--repeat", "2")

    assert code == 0, told
    assert (
        "1,3" in evaluated(tmp_path, "history")[1].replace("1,8", "1,3")
        or "repeats" in evaluated(tmp_path, "history")[1]
    )
    case.write_text(case.read_text().replace("rule: F401", "rule: F841"))
    assert "does not report F841" in evaluated(tmp_path, "run", "--cases", str(tmp_path), "--offline")[1]
    case.write_text("tool: ruff\n\n")
    assert "its head lacks rule, path, expect" in evaluated(tmp_path, "run", "--cases", str(tmp_path), "--offline")[1]
