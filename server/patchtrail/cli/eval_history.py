"""`patchtrail eval history | compare | golden`: the runs that were kept, and whether anything got worse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from patchtrail.cli.console import console, plain, told, visible
from patchtrail.cli.eval_run import HISTORY, History
from patchtrail.contract.errors import InvalidInput, NotFound
from patchtrail.evaluation.compare import compared, comparison_report, folded
from patchtrail.evaluation.golden import broken_in, frozen, read_golden
from patchtrail.evaluation.history import history_lines, series_of
from patchtrail.evaluation.run import OFFLINE
from patchtrail.evaluation.run_store import RunStore, TestResult

__all__ = ["compare_command", "golden_app", "history_command"]

golden_app = typer.Typer(help="Hold on to what passes.", no_args_is_help=True)
Runs = Annotated[str, typer.Argument(help="A run's number, or those of repeats, as 12,18.")]
Base = Annotated[
    str,
    typer.Argument(
        help="Likewise; or a baseline, its newest run on the same data: rules (the tools' own fixes), single."
    ),
]
BASELINES = {"rules": OFFLINE, "single": "one request, strict"}
File = Annotated[Path, typer.Argument(help="The golden set's file.")]


@told
def history_command(
    history: History = HISTORY,
    limit: Annotated[int, typer.Option(min=1, help="How many rows, newest first.")] = 50,
) -> None:
    """List runs, the newest first: repeats in one row with their spread, a single one with its 95 % interval."""
    lines = list(history_lines(series_of(RunStore(history).runs())))
    for line in lines[:limit]:
        console().print(plain(line))
    if not lines:
        typer.echo("No runs.")


@told
def compare_command(
    base: Base,
    new: Runs,
    history: History = HISTORY,
    gate: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Exit 1 where the difference's lower bound is below minus this share, as 0.02."
        ),
    ] = None,
) -> None:
    """Compare two runs: regressions first, then fixes, shares by label, the paired difference with its interval."""
    store = RunStore(history)
    runs = str(_baseline(store, base, _numbers(new)[0])) if base in BASELINES else base
    found = compared(_results(history, runs), _results(history, new))
    typer.echo("\n".join(visible(line) for line in comparison_report(found).split("\n")))
    if gate is None:
        return
    is_worse = found.is_worse_than(gate)
    typer.echo(f"Gate: the lower bound may be {-100 * gate:+.1f} points: {'NOT KEPT' if is_worse else 'kept'}")
    raise typer.Exit(1 if is_worse else 0)


@golden_app.command("freeze")
@told
def freeze_command(run: Runs, file: File, history: History = HISTORY) -> None:
    """Write the tests that passed in every one of the named runs into a golden set."""
    store = RunStore(history)
    golden = frozen([store.run(number) for number in _numbers(run)], _results(history, run))
    file.write_text(golden.text(), encoding="utf-8", newline="")
    typer.echo(f"{len(golden.tests)} tests are held on to in {file}.")


@golden_app.command("check")
@told
def check_command(file: File, run: Runs, history: History = HISTORY) -> None:
    """Exit 1 where a test of the golden set does not pass in the run, or is not in it."""
    golden = read_golden(file)
    broken = broken_in(golden, folded(_results(history, run)))
    for name, reason in broken:
        typer.echo(f"  - {visible(name)}: {visible(reason)}")
    typer.echo(f"{len(golden.tests) - len(broken)} of {len(golden.tests)} golden tests pass.")
    raise typer.Exit(1 if broken else 0)


def _baseline(store: RunStore, name: str, run_id: int) -> int:
    """Return the newest run of a baseline on a run's data; raises `NotFound`."""
    arm, dataset_id = BASELINES[name], store.run(run_id).head.dataset_id
    found = next((one for one in store.runs() if (one.head.arm, one.head.dataset_id) == (arm, dataset_id)), None)
    if found is None:
        raise NotFound(f"No run of the baseline {name} is kept on the data of run {run_id}.")
    return found.run_id


def _results(history: Path, runs: str) -> list[list[TestResult]]:
    return [RunStore(history).results(number) for number in _numbers(runs)]


def _numbers(runs: str) -> list[int]:
    words = [one.strip() for one in runs.split(",")]
    if not all(one.isdecimal() for one in words) or len(set(words)) < len(words):
        raise InvalidInput(f"{runs!r} names no runs: give a number, or several different ones as 12,18.")
    return [int(one) for one in words]
