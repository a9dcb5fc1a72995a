"""`patchtrail lab`: the learning loop at work in a world that is known to the last rule, and what it brought."""

from __future__ import annotations

from typing import Annotated

import typer

from patchtrail.cli.console import told
from patchtrail.lab import Lab, LabPlan, examples, lives, report, traces

__all__ = ["lab_command"]


@told
def lab_command(
    runs: Annotated[int, typer.Option(min=1, max=100_000, help="Requests.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same report, byte for byte.")] = 7,
    show: Annotated[int, typer.Option(min=0, max=1000, help="Mended requests to list.")] = 5,
    trace: Annotated[int, typer.Option(min=0, max=1000, help="Requests to tell step by step.")] = 0,
    noise: Annotated[float, typer.Option(min=0, max=1, help="The share of requests that are misheard.")] = 0.03,
    golden: Annotated[int, typer.Option(min=0, max=1000, help="Size of the golden set, up to half adversarial.")] = 40,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Also each patch's decisions, with their figures.")
    ] = False,
) -> None:
    """Quote shipments with and without patches that are learned from the carrier's answers, and compare.

    The gate and the retrieval are the product's own. No model, network or clock takes part.
    """
    result = Lab(LabPlan(runs, seed, noise, golden)).run()
    told_of = [report(result)]
    told_of += [examples(result, show)] if show else []
    told_of += [traces(result, trace)] if trace else []
    told_of += [lives(result)] if verbose else []
    typer.echo("\n\n".join(told_of))
