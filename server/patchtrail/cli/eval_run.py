"""`patchtrail eval run | rejudge`: measure what the product does on data whose truth is known, and keep the runs."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from patchtrail.cli.console import told, visible
from patchtrail.cli.evaluating import environment_model, evaluated_fix, model_for, run_head, started_at
from patchtrail.contract.errors import InvalidInput
from patchtrail.evaluation.case import PatchCase
from patchtrail.evaluation.compare import compared, comparison_report
from patchtrail.evaluation.recording import dataset_id_of, results_by_arm
from patchtrail.evaluation.rejudge import rejudged
from patchtrail.evaluation.report import is_missed, report, report_json
from patchtrail.evaluation.run import OFFLINE, PatchSuite, SuiteResult
from patchtrail.evaluation.run_store import RunStore
from patchtrail.evaluation.suite_data import suite_cases, write_suite
from patchtrail.evaluation.synth import cases_of
from patchtrail.evaluation.synthetic import read_synthetic
from patchtrail.evaluation.unit_case import as_patch_cases, read_unit_cases
from patchtrail.patching.ports import TestRunner
from patchtrail.qa import PytestRunner
from patchtrail.sandbox import Limits
from patchtrail.sandbox.bubblewrap import Bubblewrap

__all__ = ["HISTORY", "History", "rejudge_command", "run_command"]

TESTS = Limits(wall_s=300, cpu_s=300)
HISTORY = Path(".patchtrail/evaluation.db")
History = Annotated[Path, typer.Option("--history", help="The database of runs.")]


class Suite(StrEnum):
    """What can be measured."""

    PATCHES = "patches"
    SYNTHETIC = "synthetic"
    UNITS = "units"


@dataclass(frozen=True)
class _Data:
    """What is measured on."""

    suite: Suite
    dataset_id: str
    cases: tuple[PatchCase, ...]


@told
def run_command(
    suite: Annotated[Suite, typer.Option(help="What is measured.")] = Suite.PATCHES,
    findings: Annotated[int, typer.Option(min=20, max=20_000, help="About so many, rather more.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed and packages give the same findings.")] = 7,
    dataset: Annotated[Path | None, typer.Option(help="A file of `eval synth`: its cases are measured.")] = None,
    cases: Annotated[Path | None, typer.Option(help="A folder of unit evals: they are measured.")] = None,
    model_url: Annotated[str, typer.Option(help="An OpenAI-compatible address; nothing: the environment's.")] = "",
    model_command: Annotated[
        str, typer.Option(help="Starts a model for the run, and prints its address; {truths} and {key} are filled in.")
    ] = "",
    is_offline: Annotated[bool, typer.Option("--offline", help="Ask no model: the tools' own fixes alone.")] = False,
    repeat: Annotated[int, typer.Option(min=1, max=50, help="Ask so many times; each is a run.")] = 1,
    truths: Annotated[
        Path | None, typer.Option(help="Also write the known right changes here, for a prepared model alone.")
    ] = None,
    history: History = HISTORY,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
) -> None:
    """Let every arm fix findings whose truth is known, judge by the tools what came out, and keep a run for each arm.

    Exit code 0: every goal is met; 1: one is missed; 2: bad input.
    """
    if (bool(model_url) + bool(model_command) + is_offline) > 1:
        raise InvalidInput("--model-url, --model-command and --offline exclude each other.")
    given = None if model_command or is_offline else environment_model(model_url)
    runner = PytestRunner(Bubblewrap(), python=Path(sys.executable), limits=TESTS)
    with tempfile.TemporaryDirectory(prefix="patchtrail-eval-") as folder:
        root, own_truths = Path(folder).resolve() / "workspaces", Path(folder).resolve() / "truths.json"
        data = _named_data(dataset, cases) or _planted_data(suite, findings, seed, runner)
        write_suite(data.cases, root, own_truths)
        if truths is not None:
            truths.write_bytes(own_truths.read_bytes())
        with model_for(given, model_command, own_truths) as model:
            for _ in range(repeat):
                offline = evaluated_fix(None, runner, Path(folder) / "mypy")
                fix = offline if model is None else evaluated_fix(model, runner, Path(folder) / "mypy")
                result = PatchSuite(data.cases, root, fix, offline, runner).run(_say)
                kept = _kept(RunStore(history), data, result, seed, model.name if model else "")
                _say(f"kept in {history}: {', '.join(f'{number} {arm}' for arm, number in kept.items())}")
    typer.echo(report(result))
    if json_out is not None:
        json_out.write_text(json.dumps(report_json(result), indent=2) + "\n", encoding="utf-8")
    raise typer.Exit(1 if is_missed(result) else 0)


@told
def rejudge_command(
    run: Annotated[int, typer.Argument(help="The run's number.")],
    dataset: Annotated[Path | None, typer.Option(help="The file of `eval synth` that it was made on.")] = None,
    cases: Annotated[Path | None, typer.Option(help="The folder of unit evals that it was made on.")] = None,
    history: History = HISTORY,
) -> None:
    """Judge a stored run's patches by the tools that are here now, without asking a model, and say what differs."""
    data, store = _named_data(dataset, cases), RunStore(history)
    if data is None:
        raise InvalidInput("Name the run's data with --dataset or --cases.")
    head, before = store.run(run).head, store.results(run)
    runner = PytestRunner(Bubblewrap(), python=Path(sys.executable), limits=TESTS)
    after = rejudged(data.cases, before, runner)
    number = store.add(replace(head, arm=f"{head.arm}, judged anew", timestamp=started_at()), after)
    typer.echo("\n".join(visible(line) for line in comparison_report(compared([before], [after])).split("\n")))
    typer.echo(f"kept in {history}: {number} {head.arm}, judged anew")


def _named_data(dataset: Path | None, cases: Path | None) -> _Data | None:
    """Return the data that a file or a folder holds; None where neither is named."""
    if dataset is not None and cases is not None:
        raise InvalidInput("--dataset and --cases exclude each other.")
    if dataset is not None:
        synthetic = read_synthetic(dataset)
        _say(f"confirming {len(synthetic.cases)} cases")
        return _Data(Suite.SYNTHETIC, synthetic.dataset_id, tuple(cases_of(synthetic)))
    if cases is not None:
        made = as_patch_cases(read_unit_cases(cases))
        return _Data(Suite.UNITS, dataset_id_of(made), tuple(made))
    return None


def _planted_data(suite: Suite, findings: int, seed: int, runner: TestRunner) -> _Data:
    if suite is Suite.SYNTHETIC:
        raise InvalidInput("--suite synthetic needs --dataset: `patchtrail eval synth` writes one.")
    if suite is Suite.UNITS:
        raise InvalidInput("--suite units needs --cases, a folder of unit evals.")
    _say(f"planting about {findings} findings")
    made = suite_cases(findings, seed, runner)
    return _Data(suite, dataset_id_of(made), tuple(made))


def _kept(store: RunStore, data: _Data, result: SuiteResult, seed: int, model: str) -> dict[str, int]:
    """Keep a run for each arm that had something to work on; return their numbers."""
    head = run_head(data.suite.value, data.dataset_id, seed)
    return {
        arm: store.add(replace(head, arm=arm, model="" if arm == OFFLINE else model), results)
        for arm, results in results_by_arm(result).items()
        if model or arm == OFFLINE
    }


def _say(progress: str) -> None:
    typer.echo(progress, err=True)
