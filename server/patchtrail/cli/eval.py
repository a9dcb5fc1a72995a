"""`patchtrail eval run`: measure what the product does on data whose truth is known, and print one report."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from patchtrail.cli.console import told
from patchtrail.cli.evaluating import evaluated_fix, started_model
from patchtrail.contract.errors import InvalidInput
from patchtrail.evaluation.report import is_missed, report, report_json
from patchtrail.evaluation.run import PatchSuite
from patchtrail.evaluation.suite_data import suite_cases, write_suite
from patchtrail.llm import Model, endpoint_of, model_of, prices_of
from patchtrail.qa import PytestRunner
from patchtrail.sandbox import Limits
from patchtrail.sandbox.bubblewrap import Bubblewrap

__all__ = ["app"]

app = typer.Typer(help="Measure patches on data whose truth is known.", no_args_is_help=True)
TESTS = Limits(wall_s=300, cpu_s=300)


class Suite(StrEnum):
    """What can be measured."""

    PATCHES = "patches"


@app.callback()
def group() -> None:
    """Measure patches on data whose truth is known."""


@app.command("run")
@told
def run_command(
    suite: Annotated[Suite, typer.Option(help="What is measured.")] = Suite.PATCHES,
    findings: Annotated[int, typer.Option(min=20, max=20_000, help="About so many, rather more.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed and packages give the same findings.")] = 7,
    model_url: Annotated[str, typer.Option(help="An OpenAI-compatible address; nothing: the environment's.")] = "",
    model_command: Annotated[
        str, typer.Option(help="Starts a model for the run, and prints its address; {truths} and {key} are filled in.")
    ] = "",
    truths: Annotated[
        Path | None, typer.Option(help="Also write the known right changes here, for a prepared model alone.")
    ] = None,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
) -> None:
    """Plant findings in installed packages, let every arm fix them, and judge by the tools what came out.

    Exit code 0: every goal is met; 1: one is missed; 2: bad input.
    """
    assert suite is Suite.PATCHES
    if model_url and model_command:
        raise InvalidInput("--model-url and --model-command exclude each other.")
    given = None if model_command else _asked_at(model_url, "")
    runner = PytestRunner(Bubblewrap(), python=Path(sys.executable), limits=TESTS)
    with tempfile.TemporaryDirectory(prefix="patchtrail-eval-") as folder:
        root, own_truths = Path(folder).resolve() / "workspaces", Path(folder).resolve() / "truths.json"
        _say(f"planting about {findings} findings")
        cases = suite_cases(findings, seed, runner)
        write_suite(cases, root, own_truths)
        if truths is not None:
            truths.write_bytes(own_truths.read_bytes())
        cache = Path(folder) / "mypy"
        with _model(given, model_command, own_truths) as model:
            fixes = evaluated_fix(model, runner, cache), evaluated_fix(None, runner, cache)
            result = PatchSuite(tuple(cases), root, *fixes, runner).run(_say)
    typer.echo(report(result))
    if json_out is not None:
        json_out.write_text(json.dumps(report_json(result), indent=2) + "\n", encoding="utf-8")
    raise typer.Exit(1 if is_missed(result) else 0)


@contextlib.contextmanager
def _model(given: Model | None, command: str, truths: Path) -> Iterator[Model]:
    if given is not None:
        yield given
        return
    with started_model(command, truths) as (address, key):
        yield _asked_at(address, key)


def _asked_at(url: str, key: str) -> Model:
    environment = dict(os.environ)
    if url:
        environment |= {"PATCHTRAIL_MODEL_URL": url, "PATCHTRAIL_MODEL_KIND": "openai"}
    endpoint = endpoint_of(environment)
    if endpoint is None:
        raise InvalidInput("No model is named: give --model-url or --model-command, or set PATCHTRAIL_MODEL_URL.")
    return model_of(replace(endpoint, api_key=key or endpoint.api_key), prices_of(environment))


def _say(progress: str) -> None:
    typer.echo(progress, err=True)
