"""`patchtrail eval finetune`: upload an export's chat lines and start a job, after asking."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from patchtrail.cli.console import told, visible
from patchtrail.cli.eval_curate import Root
from patchtrail.contract.errors import InvalidInput
from patchtrail.evaluation.exports import CHAT
from patchtrail.evaluation.fine_tuning import prepared
from patchtrail.evaluation.marks import Curation
from patchtrail.llm import endpoint_of
from patchtrail.llm.fine_tuning_door import start_fine_tuning

__all__ = ["finetune_command"]

HERE = Path()


@told
def finetune_command(
    dataset: Annotated[Path, typer.Option(help="An export's folder, or chat.jsonl in it.")],
    model: Annotated[str, typer.Option(help="The model that learns.")] = "gpt-4o-mini",
    is_dry: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent, and send nothing.")] = False,
    is_agreed: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    root: Root = HERE,
) -> None:
    """Send chat lines of an export to be learned from; the address and the key are the environment's.

    Exit code 0: started, or a dry run; 1: not agreed to; 2: bad input, or the server refused.
    """
    learned = prepared(dataset, Curation(root.resolve()).withdrawn())
    typer.echo(f"{learned.lines} lines, about {learned.tokens} tokens a pass, SHA-256 {learned.sha256}")
    typer.echo(visible(f"licence {learned.licence}; consent: {learned.consent}"))
    endpoint = endpoint_of(os.environ)
    where = "no endpoint: set OPENAI_API_KEY" if endpoint is None else endpoint.host
    typer.echo(visible(f"model {model} at {where}"))
    if is_dry:
        typer.echo("A dry run: nothing was sent.")
        return
    if endpoint is None:
        raise InvalidInput("No model is named: set OPENAI_API_KEY, or PATCHTRAIL_MODEL_URL.")
    if not is_agreed and not typer.confirm("Upload it and start the job? Both cost, and what was learned stays."):
        typer.echo("Nothing was sent.")
        raise typer.Exit(1)
    job = start_fine_tuning(replace(endpoint, model=model), learned.content, CHAT, learned.sha256[:12])
    typer.echo(visible(f"Started {job.job_id} on {job.file_id}: {job.status}"))
