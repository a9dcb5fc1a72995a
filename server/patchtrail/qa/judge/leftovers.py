"""What should not be left in a final change: debug output, code that was commented out, stray files."""

from __future__ import annotations

import re
from collections.abc import Iterable

from patchtrail.qa.judge.address import is_addressed
from patchtrail.qa.judge.churn import Net
from patchtrail.qa.judge.roles import is_commented_out, is_probe_line

__all__ = ["leftovers"]

SPEAKS = re.compile(r"(?:^|/)(?:cli|main|__main__|script|scripts|bin|examples?|demo|manage)(?:[/_.]|$)")


def leftovers(nets: Iterable[Net]) -> tuple[str, tuple[int, ...]]:
    """Return in words what was left behind, and by which events; empty where nothing was."""
    for net in nets:
        if net.is_gone:
            continue
        if net.role == "scratch" and net.is_new:
            return f"the stray file {net.path}", tuple(net.seqs)
        added = [line for line in net.added.elements() if not is_addressed(line)]
        removed = list(net.removed.elements())
        if net.role in ("product", "test"):
            if any(_is_debug(line, net) for line in added) and not any(is_probe_line(line) for line in removed):
                return f"debug output in {net.path}", tuple(net.seqs)
            if any(is_commented_out(line) for line in added):
                return f"commented-out code in {net.path}", tuple(net.seqs)
    return "", ()


def _is_debug(line: str, net: Net) -> bool:
    if not is_probe_line(line):
        return False
    return not (SPEAKS.search(net.path) and line.strip().startswith(("print(", "console.log(", "fmt.Print")))
