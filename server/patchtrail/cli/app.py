"""The `patchtrail` command: one file per verb."""

from __future__ import annotations

import typer

from patchtrail.cli import attempts, device, patch, trace
from patchtrail.cli.eval import app as eval_app
from patchtrail.cli.fix import fix_command
from patchtrail.cli.lab import lab_command
from patchtrail.cli.learn import app as learn_app

__all__ = ["app"]

app = typer.Typer(
    name="patchtrail",
    help="Record how a developer debugs, as a signed trace that anyone can check.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
try:
    from patchtrail.cli import collect

    app.add_typer(collect.app, name="collect")
except ModuleNotFoundError:
    # A participant who enrols and verifies needs no collector, nor its libraries.
    @app.command("collect")
    def no_collector() -> None:
        """Run a collector (its libraries are not installed here)."""
        typer.echo("A collector needs more libraries: pip install '.[collector]' in a checkout", err=True)
        raise typer.Exit(2)


app.add_typer(attempts.app, name="attempts")
app.add_typer(device.app, name="device")
app.add_typer(eval_app, name="eval")
app.add_typer(learn_app, name="learn")
app.add_typer(patch.app, name="patch")
app.add_typer(trace.app, name="trace")


app.command("fix")(fix_command)
app.command("lab")(lab_command)


@app.command("serve", context_settings={"ignore_unknown_options": True}, add_help_option=False)
def serve_command(arguments: list[str] | None = None) -> None:
    """Run the language-server sidecar on standard input and output."""
    from patchtrail.cli.serve import serve

    raise typer.Exit(serve(arguments or []))


@app.command("hook", context_settings={"ignore_unknown_options": True}, add_help_option=False)
def hook_command(arguments: list[str] | None = None) -> None:
    """Note what a coding agent did; the agent runs it as a hook, with its input on standard input."""
    from patchtrail.cli.hook import hook

    raise typer.Exit(hook(arguments or []))
