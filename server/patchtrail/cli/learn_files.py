"""The files of `patchtrail learn`: where metrics and patterns are kept, and how they are opened."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from patchtrail.cli.fixing import redaction_of
from patchtrail.contract.errors import InvalidInput, NotFound
from patchtrail.learning import MetricsCollector, PatternLibrary
from patchtrail.learning.kept_file import KeptFile
from patchtrail.patching.agent_file import read_agent_config

__all__ = [
    "METRICS",
    "PATTERNS",
    "MetricsFile",
    "PatternsFile",
    "ignore_own_folder",
    "library_of",
    "loaded",
    "metrics_of",
]

METRICS = Path(".patchtrail/metrics.json")
PATTERNS = Path("patterns.json")
MetricsFile = Annotated[Path, typer.Option("--metrics-file", metavar="FILE", help="Where metrics are kept.")]
PatternsFile = Annotated[Path, typer.Option("--patterns-file", metavar="FILE", help="Where patterns are kept.")]


def metrics_of(path: Path, *, is_needed: bool = False) -> MetricsCollector:
    """Return a metrics file's content; raises `NotFound` where it `is_needed` and missing."""
    kept = KeptFile(path)
    collector = loaded(kept)
    if is_needed and not kept.is_there:
        raise NotFound(f"There are no metrics at {path}: patchtrail learn collect gathers some.")
    return collector


def loaded(kept: KeptFile) -> MetricsCollector:
    """Return what a file of metrics holds, or an empty collector; it takes out the working folder's secrets."""
    collector, content = MetricsCollector(redact=redaction_of(Path.cwd())), kept.read()
    if content is not None:
        try:
            collector.load_from_json(content)
        except InvalidInput as error:
            raise InvalidInput(f"{kept.path}: {error.message}", code=error.code) from error
    return collector


def library_of(path: Path) -> PatternLibrary:
    """Return a library as the repository's settings want it."""
    return PatternLibrary(path, approves_detected=read_agent_config(Path.cwd()).approve_patterns)


def ignore_own_folder(path: Path) -> None:
    """Let `.patchtrail` ignore itself, as everything that is kept in it does.

    Raises `InvalidInput` where it is a link: a repository must not say where else is written.
    """
    folder = path.parent
    if folder.name != METRICS.parent.name:
        return
    if folder.is_symlink():
        raise InvalidInput(f"{folder} is a link: nothing is written behind it.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.is_symlink() and not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
