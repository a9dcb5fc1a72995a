"""`patchtrail eval labels`: what a collector's judge said of sessions, for people to say beside it what they think."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from patchtrail.cli.client import CollectorClient
from patchtrail.cli.collector_options import DEFAULT_COLLECTOR, Collector, Token
from patchtrail.cli.console import told, visible
from patchtrail.contract.collection import TraceList
from patchtrail.contract.qa import QaStanding
from patchtrail.evaluation.label_file import read_labels, write_labels
from patchtrail.evaluation.session_labels import JudgedSession, session_labels

__all__ = ["labels_command"]

PAGE = 200


@told
def labels_command(
    labels: Annotated[Path, typer.Argument(help="Label file to write, .csv or .json; people's labels in it are kept.")],
    collector: Collector = DEFAULT_COLLECTOR,
    token: Token = None,
    judge: Annotated[str, typer.Option(help="Which judge; nothing: the one of most sessions.")] = "",
    rater: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Who is to label; may be repeated.")] = None,
) -> None:
    """Write the judged sessions of a collector down, for `patchtrail eval align` to hold their judge to people."""
    kept = read_labels(labels) if labels.exists() else []
    found = session_labels(kept, list(_judged(CollectorClient(collector, token))), rater or (), judge)
    write_labels(labels, found.items)
    judged = [one for one in found.items if one.judge is not None]
    labelled = sum(one.human is not None for one in judged)
    typer.echo(visible(f"{labels}: {len(judged)} sessions judged by {found.judged_by}, {labelled} with a label."))
    for name, count in found.left_out.items():
        typer.echo(visible(f"Left out: {count} sessions judged by {name}."))


def _judged(client: CollectorClient) -> Iterator[JudgedSession]:
    """Yield the sessions of a collector that were judged, with their newest judgement."""
    before: dict[str, str] = {}
    while True:
        page = client.get("/v1/traces", TraceList, limit=PAGE, **before)
        for trace in page.traces:
            results = client.get(f"/v1/traces/{trace.trace_id}/qa", QaStanding).results
            verdict = None if results.validation is None else results.validation.verdict
            if results.judge is not None:
                yield JudgedSession(trace.trace_id, results.judge, verdict or "none")
        if page.next_before is None:
            return
        before = {"before": page.next_before}
