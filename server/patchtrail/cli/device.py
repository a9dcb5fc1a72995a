"""`patchtrail device enrol`: enrol this machine by a one-time code, for editors without the extension."""

from __future__ import annotations

from typing import Annotated

import typer

from patchtrail.cli import enrolment
from patchtrail.cli.console import told
from patchtrail.contract.lsp import EnrolRequest

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
