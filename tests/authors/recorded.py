"""The facts that a real editor told of acts whose author is known, kept as data.

The end-to-end test refreshes them with `--update`. `judge` gives them to the same function that the sidecar asks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patchtrail.capture.agent_acts import SeenAct
from patchtrail.capture.authorship import Authored, authored_of_groups
from patchtrail.contract.lsp_changes import ChangeGroup

__all__ = ["FACTS", "Known", "confusion", "judge", "load", "milli_bins", "store"]

FACTS = Path(__file__).with_name("recorded.json")


@dataclass(frozen=True)
class Known:
    """One act: who did it, and what the client and agents told of it."""

    name: str
    truth: str
    groups: tuple[ChangeGroup, ...]
    acts: tuple[SeenAct, ...]

    @property
    def chars(self) -> int:
        """How much it changed."""
        return sum(one.inserted + one.deleted for one in self.groups)


def load(path: Path = FACTS) -> list[Known]:
    """Read the recorded acts."""
    return [_known(one) for one in json.loads(path.read_text())]


def store(cases: Sequence[dict[str, Any]], path: Path = FACTS) -> None:
    """Write acts as they were played, their times counted from the first change on."""
    path.write_text(json.dumps([_shifted(one) for one in cases], ensure_ascii=False, indent=1) + "\n")


def judge(known: Known) -> Authored:
    """Weigh one act."""
    return authored_of_groups(known.groups, known.acts)


def confusion(cases: Sequence[Known]) -> dict[tuple[str, str], int]:
    """Count acts by who did them and by what is made of them: the source with the largest share."""
    table: dict[tuple[str, str], int] = {}
    for known in cases:
        key = (known.truth, judge(known).shares[0].source)
        table[key] = table.get(key, 0) + 1
    return table


def milli_bins(cases: Sequence[Known]) -> list[tuple[float, bool]]:
    """Return each share's probability, and whether it was right."""
    return [(share.probability_milli / 1000, share.source == one.truth) for one in cases for share in judge(one).shares]


def _known(case: dict[str, Any]) -> Known:
    acts = [
        SeenAct(one["agent"], one["told_by"], one["act"], one["tool"], one["outcome"], Path(case["name"]), one["at_ms"])
        for one in case["acts"]
    ]
    groups = [ChangeGroup.model_validate(group) for group in case["groups"]]
    return Known(case["name"], case["truth"], tuple(groups), tuple(acts))


def _shifted(case: dict[str, Any]) -> dict[str, Any]:
    first = min(group["started_ms"] for group in case["groups"])
    times = ("started_ms", "ended_ms", "at_ms")

    def shift(told: dict[str, Any]) -> dict[str, Any]:
        return {name: value - first if name in times else value for name, value in told.items()}

    return {
        "name": case["name"],
        "truth": case["truth"],
        "groups": [shift(one) for one in case["groups"]],
        "acts": [shift(one) for one in case["acts"]],
    }
