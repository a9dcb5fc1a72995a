"""`patchtrail eval judge`: a model judges patches, under the word of how far it may be believed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from patchtrail.cli.console import told, visible
from patchtrail.cli.evaluating import environment_model
from patchtrail.contract.attempt import AttemptRecord
from patchtrail.contract.errors import InvalidInput, ModelUnavailable
from patchtrail.evaluation.alignment import align
from patchtrail.evaluation.judged_labels import judged_labels
from patchtrail.evaluation.label_file import read_labels, write_labels
from patchtrail.evaluation.marks import Curation
from patchtrail.evaluation.patch_judge import JudgedPatch, PatchJudge
from patchtrail.llm import Cancellation
from patchtrail.patching.attempts import AttemptStore

__all__ = ["judge_command"]


@told
def judge_command(
    labels: Annotated[Path, typer.Argument(help="Label file (.json) to write; people's labels in it are kept.")],
    root: Annotated[Path, typer.Option("--root", metavar="DIR", help="The folder that holds .patchtrail.")] = Path(),
    limit: Annotated[int, typer.Option(min=1, help="Judge so many patches, the newest first.")] = 50,
    samples: Annotated[int, typer.Option(min=1, max=11, help="Ask so often about each.")] = 3,
    model_url: Annotated[str, typer.Option(help="An OpenAI-compatible address; nothing: the environment's.")] = "",
) -> None:
    """Let a model judge patches that were made here, for `patchtrail eval align` to hold it to people."""
    if labels.suffix != ".json":
        raise InvalidInput(f"{labels}: labels are written as JSON: name a .json file.")
    kept = read_labels(labels) if labels.exists() else []
    judge = PatchJudge(environment_model(model_url), samples=samples)
    records = [one for one in AttemptStore(root.resolve(), redact=str).list() if one.patch_generated][:limit]
    judged, fault = _judged(judge, records)
    items = judged_labels(kept, judged, Curation(root.resolve()).marks())
    write_labels(labels, items)
    typer.echo(f"This judge is {align(items).badge}.")
    for _, verdict in judged:
        for line in _lines(verdict):
            typer.echo(visible(line))
    cost = sum(verdict.cost_microusd for _, verdict in judged) / 1e6
    typer.echo(f"{len(judged)} of {len(records)} patches judged for {cost:.4f} USD.")
    if fault is not None:
        raise fault


def _judged(
    judge: PatchJudge, records: Sequence[AttemptRecord]
) -> tuple[list[tuple[AttemptRecord, JudgedPatch]], ModelUnavailable | None]:
    """Return what was judged until the model failed, and how it failed: what was paid for is kept."""
    judged = list[tuple[AttemptRecord, JudgedPatch]]()
    for record in records:
        try:
            judged.append((record, judge.judge(record, Cancellation())))
        except ModelUnavailable as fault:
            return judged, fault
    return judged, None


def _lines(verdict: JudgedPatch) -> list[str]:
    word = {True: "correct", False: "incorrect", None: "undecided"}[verdict.correct]
    lines = [f"{verdict.attempt_id}: {word} ({verdict.confidence:.0%} of its answers)"]
    said = next((one for one in verdict.judgements if one.correct == verdict.correct), None)
    if said is not None:
        lines += [f"  {said.reasoning}", *(f"  - {issue}" for issue in said.issues)]
    return [*lines, *(f"  unreadable answer: {problem}" for problem in verdict.problems)]
