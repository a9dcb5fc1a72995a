"""`patchtrail collect audit`: recompute a collector's log and traces, and say which row was changed by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from patchtrail.cli.console import console, plain, told
from patchtrail.collector import CollectorConfig
from patchtrail.collector.audit import audit

__all__ = ["audit_command"]


@told
def audit_command(
    config: Annotated[Path | None, typer.Option("--config", help="TOML file with the collector's settings.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder with the database, the blobs and the keys.")] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="A checkpoint that was kept elsewhere, to hold the log to.")
    ] = None,
) -> None:
    """Recompute every leaf, chunk, head and receipt, and name what was changed by hand. Exits 1 on a fault.

    Prints the newest checkpoint: keep it outside the collector, and hand it in at the next audit.
    """
    settings = CollectorConfig.load(config, data_dir=data_dir)
    report = audit(settings.data_dir, None if checkpoint is None else checkpoint.read_bytes())
    out = console()
    for finding in report.findings:
        out.print(plain(f"FAULT  {finding}", "red"))
    verdict = "see the faults above" if report.findings else "every leaf, chunk, head and receipt agrees"
    out.print(f"{report.traces} traces, {report.chunks} chunks, {report.leaves} leaves: {verdict}.")
    if report.open_traces:
        out.print(f"{report.open_traces} open traces, {report.open_events} events of theirs, are held to the log, too.")
    if report.unlogged:
        what = "openings, chunks and completions of open traces were stored before the log covered them"
        out.print(f"{report.unlogged} {what}: whether they were changed cannot be told.")
    if report.note is not None:
        out.print(f"The newest checkpoint covers {report.note_size} leaves. Keep it outside this machine:\n")
        typer.echo(report.note)
    if report.findings:
        raise typer.Exit(1)
