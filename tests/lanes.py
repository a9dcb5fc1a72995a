"""How the suite is laid out over two workers: what shares something costly runs one after the other."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

__all__ = ["EDITOR", "Lanes", "lane_of"]

ROOT = Path(__file__).parents[1]
EDITOR = "editor"
"""The lane of all that needs the extension's package, or an editor on a screen: one at a time."""
BACK_END = re.compile(r"^tests/sandbox/.*\[(bubblewrap|docker|podman)\b")


class Lanes(LoadScopeScheduling):
    """Gives a worker whole lanes, in the order of collection."""

    def _split_scope(self, nodeid: str) -> str:
        return lane_of(nodeid)


def lane_of(nodeid: str) -> str:
    """Return the lane of a test: the editor's, that of a back end of the sandbox, or its file's."""
    file = nodeid.partition("::")[0]
    if file.startswith("tests/e2e/") and _needs_editor(file):
        return EDITOR
    back_end = BACK_END.match(nodeid)
    return back_end[1] if back_end else file


@cache
def _needs_editor(file: str) -> bool:
    # A scheduler is told names alone: what a test asks for stands in its file.
    return re.search(r"\bvsix\b|\be2e\.rig\b", (ROOT / file).read_text()) is not None
