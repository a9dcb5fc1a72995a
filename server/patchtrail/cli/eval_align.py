"""`patchtrail eval align`: hold a judge to people's labels, and say which to ask for next."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from patchtrail.cli.console import told, visible
from patchtrail.evaluation.alignment import align
from patchtrail.evaluation.alignment_report import alignment_json, alignment_report
from patchtrail.evaluation.label_file import read_labels
from patchtrail.evaluation.proposal import propose

__all__ = ["align_command"]


@told
def align_command(
    labels: Annotated[Path, typer.Argument(help="Labels of people and of the judge, JSON or CSV.")],
    next_count: Annotated[int, typer.Option("--next", min=0, help="Propose so many items to label next.")] = 14,
    seed: Annotated[int, typer.Option(help="The same seed gives the same interval and the same items.")] = 0,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
) -> None:
    """Measure how far a judge agrees with people, and whether that is enough to believe it.

    Exit code 0: aligned; 1: not aligned; 2: bad input.
    """
    items = read_labels(labels)
    alignment, proposal = align(items, seed=seed), propose(items, next_count, seed=seed)
    for line in alignment_report(alignment, proposal).splitlines():
        typer.echo(visible(line))
    if json_out is not None:
        json_out.write_text(json.dumps(alignment_json(alignment, proposal), indent=2) + "\n", encoding="utf-8")
    raise typer.Exit(0 if alignment.is_aligned else 1)
