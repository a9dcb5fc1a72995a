"""`patchtrail collect webhooks`: the configured addresses with their secrets, and what became of the messages."""

from __future__ import annotations

import typer
from rich.table import Table

from patchtrail.cli.console import console, plain
from patchtrail.collector import CollectorConfig
from patchtrail.collector.database import reading_only
from patchtrail.collector.webhooks import deliveries_told, hooks_of

__all__ = ["print_webhooks"]

SHOWN = 50


def print_webhooks(settings: CollectorConfig) -> None:
    """Print webhooks and the newest deliveries; it reads beside a running collector."""
    with reading_only(settings.data_dir) as connection:
        told = deliveries_told(connection, SHOWN).deliveries
    hooks = hooks_of(settings.data_dir, settings.webhooks(), is_loopback_allowed=settings.webhook_loopback)
    for hook in hooks:
        typer.echo(f"{hook.url}  {hook.secret}")
    if not hooks:
        typer.echo("No webhooks: PATCHTRAIL_COLLECTOR_WEBHOOK_URLS names none.")
    table = Table("message", "type", "address", "state", "tries", "problem", box=None)
    for one in told:
        words = (one.message_id, one.type, one.url, one.state, str(one.tries), one.problem)
        table.add_row(*map(plain, words))
    if told:
        console().print(table)
