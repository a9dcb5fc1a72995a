"""`patchtrail eval cluster`: the worst modes of failure, found in attempts, a metrics file or JSON lines."""

from __future__ import annotations

import importlib.util
import json
import time
from pathlib import Path
from typing import Annotated

import typer

from patchtrail.cli.console import told, visible
from patchtrail.cli.evaluating import environment_model
from patchtrail.cli.fixing import redaction_of
from patchtrail.contract.errors import InvalidInput, ModelUnavailable
from patchtrail.evaluation.cluster_report import cluster_json, cluster_report
from patchtrail.evaluation.failure import Failure
from patchtrail.evaluation.failure_mode import Clustering
from patchtrail.evaluation.failure_sources import failures_of_attempts, read_failures
from patchtrail.evaluation.mode_names import KnownModes, read_modes
from patchtrail.evaluation.mode_naming import named_by_model
from patchtrail.llm import Model
from patchtrail.patching.attempts import AttemptStore

__all__ = ["cluster_command"]


@told
def cluster_command(
    source: Annotated[
        Path | None, typer.Argument(help="Failures as .jsonl, or a metrics .json; nothing: the attempts of --root.")
    ] = None,
    root: Annotated[Path, typer.Option("--root", metavar="DIR", help="The folder that holds .patchtrail.")] = Path(),
    top: Annotated[int, typer.Option(min=1, help="Show so many modes.")] = 5,
    names: Annotated[
        Path | None, typer.Option(help="Keep the modes' names here: edit them, and the next run goes by them.")
    ] = None,
    ask_model: Annotated[bool, typer.Option("--ask-model", help="Let the environment's model name new modes.")] = False,
    seed: Annotated[int, typer.Option(help="The same seed and failures give the same modes.")] = 0,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write all modes and their members here.")] = None,
) -> None:
    """Find what fails in the same way, and show the worst: by frequency, severity and recency."""
    if importlib.util.find_spec("sklearn") is None:
        raise InvalidInput("Clusters need scikit-learn: pip install 'patchtrail[evaluation]'.")
    # scikit-learn takes a second to import, and is there with its extra alone.
    from patchtrail.evaluation.clusters import cluster, known_modes

    failures = _failures(source, root)
    known = read_modes(names) if names is not None else KnownModes()
    model = environment_model() if ask_model else None
    begun = time.perf_counter()
    clustering = cluster(failures, known, seed=seed)
    seconds = time.perf_counter() - begun
    if model is not None:
        clustering = _asked(clustering, known, model, root)
    for line in cluster_report(clustering, top).splitlines():
        typer.echo(visible(line))
    typer.echo(f"Found in {seconds:.1f} s.", err=True)
    if names is not None:
        text = known.followed_by(known_modes(clustering)).model_dump_json(indent=2)
        names.write_text(f"{text}\n", encoding="utf-8")
    if json_out is not None:
        json_out.write_text(json.dumps(cluster_json(clustering), indent=2) + "\n", encoding="utf-8")


def _asked(clustering: Clustering, known: KnownModes, model: Model, root: Path) -> Clustering:
    """Return the modes under the model's names; without an answer that can be read, the rule's stay, and it is told."""
    try:
        clustering, fault = named_by_model(clustering, known, model, redaction_of(root.resolve()))
    except ModelUnavailable as error:
        fault = error.message
    if fault:
        typer.echo(f"patchtrail: {visible(fault)} The modes keep the names that the rule gives.", err=True)
    return clustering


def _failures(source: Path | None, root: Path) -> list[Failure]:
    if source is not None:
        return read_failures(source)
    return list(failures_of_attempts(AttemptStore(root.resolve(), redact=str).list()))
