"""`patchtrail device`: enrol this machine by a one-time code, report on its spool, or wipe it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from patchtrail.cli import enrolment
from patchtrail.cli.console import told
from patchtrail.cli.sidecar import default_spool
from patchtrail.contract.lsp import EnrolRequest
from patchtrail.delivery import support

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
