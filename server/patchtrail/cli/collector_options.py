"""The options that say which collector is asked, and who asks."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["DEFAULT_COLLECTOR", "Collector", "Token"]

Collector = Annotated[
    str, typer.Option("--collector", envvar="PATCHTRAIL_COLLECTOR_URL", help="Address of the collector.")
]
Token = Annotated[
    str | None,
    typer.Option("--token", envvar="PATCHTRAIL_TOKEN", help="The server's token, or your own device's."),
]
DEFAULT_COLLECTOR = "http://localhost:8000"
