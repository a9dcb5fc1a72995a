"""`patchtrail collect rotate-keys`: new receipt and log keys, signed by the root key; the old ones stay to verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from patchtrail.cli.console import told
from patchtrail.collector import CollectorConfig
from patchtrail.collector.database import Database
from patchtrail.collector.identity import ROOT_KEY, renew, rotate_keys
from patchtrail.integrity.key_set import fingerprint_of

__all__ = ["rotate_keys_command"]


@told
def rotate_keys_command(
    config: Annotated[Path | None, typer.Option("--config", help="TOML file with the collector's settings.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder with the database, the blobs and the keys.")] = None,
    root_key: Annotated[
        Path | None, typer.Option(help="Where the root key is kept (default: root_key.json in the data folder).")
    ] = None,
    renew_only: Annotated[bool, typer.Option("--renew-only", help="Keep the keys; sign their set for longer.")] = False,
) -> None:
    """Make a new receipt key and a new log key; old receipts stay valid, and nobody has to enrol again.

    The collector must be stopped meanwhile.
    """
    settings = CollectorConfig.load(config, data_dir=data_dir)
    # Holding the folder keeps a collector from starting with half of the keys.
    database = Database(settings.data_dir)
    try:
        root = root_key or settings.data_dir / ROOT_KEY
        keys = renew(settings.data_dir, root) if renew_only else rotate_keys(settings.data_dir, root)
    finally:
        database.close()
    typer.echo(f"Keys of version {keys.version}: {len(keys.receipt)} receipt keys, {len(keys.log)} log keys.")
    typer.echo(f"The fingerprint that participants compare stays {fingerprint_of(keys)}")
