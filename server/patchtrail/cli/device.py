"""`patchtrail device`: enrol this machine by a one-time code, see what it will send, report on it, or wipe it."""

from __future__ import annotations

import os
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from patchtrail.cli import enrolment
from patchtrail.cli.console import told, visible
from patchtrail.cli.sidecar import default_spool
from patchtrail.contract.lsp import EnrolRequest
from patchtrail.contract.lsp_forgetting import PendingChunk, PendingRequest, PendingSnapshot
from patchtrail.contract.settings import Settings
from patchtrail.delivery import PendingRules, SystemClock, support
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
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A new file for the line, which you alone can read.")
    ] = None,
) -> None:
    """Make a key, prove that we hold it, and print the one line that `patchtrail serve --key-stdin` reads.

    The line is a secret: keep it where your editor keeps secrets, or let --output write it to a file of mode 0600.
    """
    if output is None:
        typer.echo(_enrolled(url, code, host_hint))
        return
    with ExitStack() as undo:
        # The file is made before the code is used up, so that a place that cannot be written costs no code.
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        undo.callback(output.unlink)
        with os.fdopen(descriptor, "w") as file:
            file.write(_enrolled(url, code, host_hint) + "\n")
        undo.pop_all()
    typer.echo(f"{output}: the key of this device. Keep it to yourself.", err=True)


def _enrolled(url: str, code: str, host_hint: str) -> str:
    shown = enrolment.shown(url)
    typer.echo(f"The collector's key has the fingerprint {visible(shown.server_jkt)}", err=True)
    request = EnrolRequest(url=url, code=code, server_jkt=shown.server_jkt, host_hint=host_hint)
    return enrolment.enrol(request).model_dump_json()


Spool = Annotated[Path | None, typer.Option("--spool", help="The spool folder, if it is not the default one.")]


@app.command()
@told
def report(
    output: Annotated[Path, typer.Argument(help="The ZIP file to write.")] = Path("patchtrail-report.zip"),
    spool: Spool = None,
) -> None:
    """Write a ZIP for whoever helps: names, sizes, manifests and refusals of the spool; nothing that was recorded."""
    count = support.write_report(spool or default_spool(), output)
    typer.echo(f"{output}: {count} files are described. Look inside before you pass it on.")


@app.command()
@told
def forget(
    spool: Spool = None,
    key_file: Annotated[Path | None, typer.Option(help="The file with the device key's line, if you keep one.")] = None,
    is_sure: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Wipe everything that Patchtrail keeps here: the spool, sent or not, and the key. What was sent stays sent."""
    place = spool or default_spool()
    unsent = support.unsent_traces(place)
    typer.echo(f"{place} is removed. {len(unsent)} traces in it were not delivered, and are lost with it.")
    if not is_sure:
        typer.confirm("Remove it?", abort=True)
    support.wipe(place)
    if key_file is not None:
        key_file.unlink(missing_ok=True)
    typer.echo("Nothing is left here; an editor may still hold the key in its own secret storage.")


@app.command()
@told
def pending(spool: Spool = None) -> None:
    """Print every line that waits in the spool, as it will be sent; what is long is cut."""
    root = spool or default_spool()
    hold_ms = Settings().upload_hold_seconds * 1000
    rules, skip = PendingRules(hold_ms, SystemClock().wall_ms(), ()), 0
    while True:
        page = waiting_chunks(root, PendingRequest(skip=skip), rules)
        for snapshot in page.snapshots:
            _print_snapshot(snapshot)
        for chunk in page.chunks:
            _print_chunk(root, chunk, rules)
        if page.next_skip is None:
            break
        skip = page.next_skip
    typer.echo(f"{page.total} chunks wait, and {page.deletions} deletion requests.")


def _print_snapshot(snapshot: PendingSnapshot) -> None:
    typer.echo(
        f"{visible(snapshot.trace_id)} base snapshot: {snapshot.files} files, {snapshot.size_bytes} bytes, goes along "
        f"with the session's end. Look into it: tar -tzf {visible(snapshot.path)}"
    )
    for what, paths in (("redacted", snapshot.redacted), ("left out", snapshot.left_out)):
        for path in paths:
            typer.echo(f"  {what} {visible(path)}")


def _print_chunk(root: Path, chunk: PendingChunk, rules: PendingRules) -> None:
    state = "may be on its way" if chunk.is_begun else "sealed" if chunk.is_sealed else "being written"
    leaves = "stays on this machine" if chunk.earliest_ms is None else f"leaves after {_utc(chunk.earliest_ms)}"
    typer.echo(
        f"{visible(chunk.trace_id)} chunk {chunk.n}: {chunk.count} events, {chunk.size_bytes} bytes, {state}, {leaves}"
    )
    while True:
        for event in chunk.events:
            typer.echo(visible(event.line) + (" … (cut here)" if event.is_cut else ""))
        for blob in chunk.artifacts:
            typer.echo(f"  blob {blob.sha256}, {visible(blob.media_type)}, {blob.size_bytes} bytes")
        if chunk.next_seq is None:
            return
        request = PendingRequest(trace_id=chunk.trace_id, n=chunk.n, since_seq=chunk.next_seq)
        (chunk,) = waiting_chunks(root, request, rules).chunks


def _utc(millis: int) -> str:
    return datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="seconds")
