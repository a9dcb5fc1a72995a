"""`patchtrail eval`: measure what the product does on data whose truth is known; one file per verb."""

from __future__ import annotations

import typer

from patchtrail.cli.eval_align import align_command
from patchtrail.cli.eval_cluster import cluster_command
from patchtrail.cli.eval_curate import app as curate_app
from patchtrail.cli.eval_finetune import finetune_command
from patchtrail.cli.eval_history import compare_command, golden_app, history_command
from patchtrail.cli.eval_judge import judge_command
from patchtrail.cli.eval_labels import labels_command
from patchtrail.cli.eval_loop import loop_command
from patchtrail.cli.eval_run import rejudge_command, run_command
from patchtrail.cli.eval_synth import synth_command

__all__ = ["app"]

app = typer.Typer(help="Measure patches on data whose truth is known.", no_args_is_help=True)
app.command("align")(align_command)
app.command("cluster")(cluster_command)
app.command("compare")(compare_command)
app.add_typer(curate_app, name="curate")
app.command("finetune")(finetune_command)
app.add_typer(golden_app, name="golden")
app.command("history")(history_command)
app.command("judge")(judge_command)
app.command("labels")(labels_command)
app.command("loop")(loop_command)
app.command("rejudge")(rejudge_command)
app.command("run")(run_command)
app.command("synth")(synth_command)


@app.callback()
def group() -> None:
    """Measure patches on data whose truth is known."""
