"""`patchtrail eval synth`: write a synthetic data set whose every label the tool that defines it confirms."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from patchtrail.cli.console import told
from patchtrail.cli.evaluating import environment_model
from patchtrail.evaluation.packages import installed_sources
from patchtrail.evaluation.synth import synthesize
from patchtrail.evaluation.synth_writing import written_cases
from patchtrail.evaluation.synthetic import sealed
from patchtrail.evaluation.synthetic_mix import DEFAULT_MIX, read_mix

__all__ = ["synth_command"]


@told
def synth_command(
    cases: Annotated[int, typer.Option("--n", min=1, max=50_000, help="How many cases.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed, packages and Ruff give the same bytes.")] = 7,
    mix: Annotated[
        str, typer.Option(help="Parts of each kind: rules, D (D100 to D107), multi (strings of several lines).")
    ] = DEFAULT_MIX,
    written: Annotated[
        int,
        typer.Option(min=0, max=5_000, help="So many more that the environment's model writes; none is repeatable."),
    ] = 0,
    output: Annotated[Path, typer.Option(help="Where the data set goes.")] = Path("synthetic.json"),
) -> None:
    """Break installed packages' code in known ways, and keep what Ruff confirms: `code, issue_type, expected_fix`."""
    parts, model = read_mix(mix), environment_model() if written else None
    made = synthesize(installed_sources(seed), parts, cases, seed)
    if model is not None:
        more = written_cases(model, parts, written, lambda progress: typer.echo(progress, err=True))
        made = sealed(made.provenance.model_copy(update={"model": model.name}), [*made.cases, *more])
    output.write_text(made.text(), encoding="utf-8", newline="")
    for rule, count in sorted(Counter(one.issue_type for one in made.cases).items()):
        typer.echo(f"  {rule:<16}{count}")
    typer.echo(f"{len(made.cases)} cases, each confirmed by {made.provenance.tool}: data set {made.dataset_id[:12]}")
