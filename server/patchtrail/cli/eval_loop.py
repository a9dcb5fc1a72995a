"""`patchtrail eval loop`: let patterns be learned from failures, and measure elsewhere whether they help."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from patchtrail.cli.console import told
from patchtrail.cli.eval_run import HISTORY, History
from patchtrail.cli.evaluating import environment_model, model_for, run_head, taught_fix
from patchtrail.cli.learned import RetrievedPatterns
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.learning import Pattern
from patchtrail.evaluation.dataset import build
from patchtrail.evaluation.learning_loop import LearningLoop, LoopResult
from patchtrail.evaluation.lesson_bench import LessonBench
from patchtrail.evaluation.loop_report import loop_json, loop_report, misses
from patchtrail.evaluation.outcome import Judge
from patchtrail.evaluation.package_split import PackageSplit, split
from patchtrail.evaluation.packages import installed_sources
from patchtrail.evaluation.plan import OF_RUFF
from patchtrail.evaluation.recording import dataset_id_of, results_of
from patchtrail.evaluation.run_store import RunStore
from patchtrail.evaluation.suite_data import write_suite
from patchtrail.learning.evidence_file import evidence_text
from patchtrail.learning.pattern_file import KeptPatterns
from patchtrail.llm import Model
from patchtrail.qa import PytestRunner
from patchtrail.sandbox.bubblewrap import Bubblewrap

__all__ = ["loop_command"]

SUITE = "loop"
PLANTED = 3.2
"""So many findings are planted for each that is to be held out: learning needs about two."""


@told
def loop_command(
    findings: Annotated[int, typer.Option(min=40, max=5_000, help="Hold out at least so many.")] = 330,
    seed: Annotated[int, typer.Option(help="The same seed and packages give the same findings and parts.")] = 7,
    model_url: Annotated[str, typer.Option(help="An OpenAI-compatible address; nothing: the environment's.")] = "",
    model_command: Annotated[
        str, typer.Option(help="Starts a model for the run, and prints its address; {truths} and {key} are filled in.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write metrics, drafts, evidence, patterns and figures there.")
    ] = None,
    history: History = HISTORY,
) -> None:
    """Learn patterns from what fails in some packages, take them through the gate, and measure them in others.

    Exit code 0: learned patterns help, nothing else does, and a planted harmful one is put away; 1: not so; 2: bad
    input.
    """
    if model_url and model_command:
        raise InvalidInput("--model-url and --model-command exclude each other.")
    given = None if model_command else environment_model(model_url)
    _say(f"planting about {round(findings * PLANTED)} findings")
    cases = build(installed_sources(seed), round(findings * PLANTED), seed, plan=OF_RUFF, batch_share=0)
    parts = split(cases, findings, seed)
    with tempfile.TemporaryDirectory(prefix="patchtrail-loop-") as made:
        folder = Path(made).resolve()
        write_suite(cases, folder / "workspaces", folder / "truths.json")
        with model_for(given, model_command, folder / "truths.json") as model:
            assert model is not None
            result = _loop(parts, model, folder)
            name = model.name
    _kept(RunStore(history), result, seed, name)
    typer.echo(loop_report(result))
    if out is not None:
        _write(out, result)
    missed = misses(result)
    for one in missed:
        typer.echo(f"missed: {one}")
    raise typer.Exit(1 if missed else 0)


def _loop(parts: PackageSplit, model: Model, folder: Path) -> LoopResult:
    cases = (*parts.teaching, *parts.validation, *parts.held_out)
    root, runner = folder / "workspaces", PytestRunner(Bubblewrap(), python=Path(sys.executable))
    bench = LessonBench(
        cases,
        root,
        taught_fix(model, runner, folder / "mypy"),
        lambda retriever: RetrievedPatterns(root / cases[0].workspace, retriever),
        Judge(cases, runner),
    )
    return LearningLoop(parts, bench, folder / "patterns.json", datetime.now(UTC)).run(_say)


def _kept(store: RunStore, result: LoopResult, seed: int, model: str) -> None:
    """Keep a run for each arm, so that any two can be compared."""
    cases = result.split.held_out
    head = replace(run_head(SUITE, dataset_id_of(cases), seed), model=model)
    for arm, runs in result.arms.items():
        fixed = {case_id: one.fixed for case_id, one in runs.items()}
        outcomes = {case_id: one.outcome for case_id, one in runs.items()}
        _say(f"kept in {store.path}: {store.add(replace(head, arm=arm), results_of(cases, fixed, outcomes))} {arm}")


def _write(folder: Path, result: LoopResult) -> None:
    """Write what the gate had to decide by, what it made of it, and the figures."""
    folder.mkdir(parents=True, exist_ok=True)
    trialled = [*result.taught, *([] if result.planted is None else [result.planted])]
    _write_patterns(folder / "drafts.json", [one.before for one in trialled])
    _write_patterns(folder / "patterns.json", [one.pattern for one in trialled])
    texts = {
        "metrics.json": result.metrics.export_json(),
        "evidence.json": evidence_text({one.pattern.name: one.tried for one in trialled}),
        "loop.json": json.dumps(loop_json(result), ensure_ascii=False, indent=2) + "\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _write_patterns(path: Path, patterns: Sequence[Pattern]) -> None:
    kept = KeptPatterns(path)
    kept.read()
    kept.write(patterns)


def _say(progress: str) -> None:
    typer.echo(progress, err=True)
