"""`patchtrail device enrol | pending`: enrol this machine by a one-time code, and see what it will send."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from patchtrail.cli import enrolment
from patchtrail.cli.console import told
from patchtrail.cli.sidecar import default_spool
from patchtrail.contract.lsp import EnrolRequest
from patchtrail.contract.lsp_forgetting import PendingChunk, PendingRequest
from patchtrail.contract.settings import Settings
from patchtrail.delivery import PendingRules, SystemClock
from patchtrail.delivery import pending as waiting_chunks

__all__ = ["app"]

app = typer.Typer(help="Enrol this machine with a collector.", no_args_is_help=True)


@app.callback()
def device() -> None:
    """Enrol this machine with a collector."""


@app.command()
@told
def enrol(
    url: Annotated[str, typer.Argument(help="Address of the collector.")],
    code: Annotated[str, typer.Argument(help="The one-time code from `patchtrail collect invite`.")],
    host_hint: Annotated[str, typer.Option(help="A name for this machine that its owner will recognise.")] = "",
) -> None:
    """Make a key, prove that we hold it, and print the one line that `patchtrail serve --key-stdin` reads.

    The line is a secret: keep it where your editor keeps secrets, not in a file that others can read.
    """
    shown = enrolment.shown(url)
    typer.echo(f"The collector's key has the fingerprint {shown.server_jkt}", err=True)
    request = EnrolRequest(url=url, code=code, server_jkt=shown.server_jkt, host_hint=host_hint)
    typer.echo(enrolment.enrol(request).model_dump_json())


@app.command()
@told
def pending(
    spool: Annotated[
        Path | None, typer.Option(help="The spool folder (default: the one of `patchtrail serve`).")
    ] = None,
) -> None:
    """Print every line that waits in the spool, as it will be sent; what is long is cut."""
    root = spool or default_spool()
    hold_ms = Settings().upload_hold_seconds * 1000
    rules, skip = PendingRules(hold_ms, SystemClock().wall_ms(), ()), 0
    while True:
        page = waiting_chunks(root, PendingRequest(skip=skip), rules)
        for chunk in page.chunks:
            _print_chunk(root, chunk, rules)
        if page.next_skip is None:
            break
        skip = page.next_skip
    typer.echo(f"{page.total} chunks wait, and {page.deletions} deletion requests.")


def _print_chunk(root: Path, chunk: PendingChunk, rules: PendingRules) -> None:
    state = "may be on its way" if chunk.is_begun else "sealed" if chunk.is_sealed else "being written"
    leaves = "stays on this machine" if chunk.earliest_ms is None else f"leaves after {_utc(chunk.earliest_ms)}"
    typer.echo(f"{chunk.trace_id} chunk {chunk.n}: {chunk.count} events, {chunk.size_bytes} bytes, {state}, {leaves}")
    while True:
        for event in chunk.events:
            typer.echo(event.line + (" … (cut here)" if event.is_cut else ""))
        for blob in chunk.artifacts:
            typer.echo(f"  blob {blob.sha256}, {blob.media_type}, {blob.size_bytes} bytes")
        if chunk.next_seq is None:
            return
        request = PendingRequest(trace_id=chunk.trace_id, n=chunk.n, since_seq=chunk.next_seq)
        (chunk,) = waiting_chunks(root, request, rules).chunks


def _utc(millis: int) -> str:
    return datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="seconds")
