"""A few small files of correct code, so that tests need not read every installed package."""

from __future__ import annotations

from pathlib import Path
from random import Random

from patchtrail.evaluation.packages import sources_below
from patchtrail.evaluation.source import Source

__all__ = ["PACKAGE_SOURCES", "some_sources"]

FOLDER = Path(__file__).parents[2] / "server"
PACKAGE_SOURCES = ("text", "redaction", "integrity", "study", "trace")


def some_sources() -> list[Source]:
    """Return files of this project itself: documented, typed and sorted throughout."""
    rooms = (FOLDER / "patchtrail" / name for name in PACKAGE_SOURCES)
    return [source for room in rooms for source in sources_below(room, FOLDER, Random(1))]
