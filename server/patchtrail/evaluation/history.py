"""The list of runs: repeats of the same run in one row, with their spread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import fmean

from patchtrail.evaluation.run_store import RunHead, StoredRun
from patchtrail.learning.wilson import Proportion

__all__ = ["Series", "history_lines", "series_of"]


@dataclass(frozen=True)
class Series:
    """Runs of one arm on one data set at one commit, the newest first."""

    runs: tuple[StoredRun, ...]

    @property
    def head(self) -> RunHead:
        """What the newest of them was."""
        return self.runs[0].head

    @property
    def ids(self) -> str:
        """Their numbers, as `patchtrail eval compare` takes them."""
        return ",".join(str(one.run_id) for one in reversed(self.runs))

    @property
    def passed(self) -> str:
        """The share of one run with its interval; of several the mean, and from where to where they lie."""
        if len(self.runs) == 1:
            return str(self.runs[0].passed)
        shares = [100 * one.passed.share for one in self.runs]
        return f"{fmean(shares):5.1f} ({min(shares):.1f} to {max(shares):.1f} in {len(shares)} repeats)"


def series_of(runs: Iterable[StoredRun]) -> list[Series]:
    """Return runs, given newest first, with repeats together."""
    found = dict[tuple[str, ...], list[StoredRun]]()
    for one in runs:
        found.setdefault(one.head.series, []).append(one)
    return [Series(tuple(some)) for some in found.values()]


def history_lines(series: Iterable[Series]) -> Iterator[str]:
    """Yield a line for each series."""
    for one in series:
        newest, head = one.runs[0], one.head
        counted: Proportion = newest.passed
        where = f"{head.suite} {head.dataset_id[:12]}, commit {head.git_commit[:10] or 'unknown'}"
        cost = f"{newest.avg_tokens:.0f} tokens, {newest.avg_cost_usd:.5f} USD each"
        model = f" with {head.model}" if head.model else ""
        yield f"{one.ids:>8}  {head.timestamp[:19]}  {one.passed}  of {counted.of}  {head.arm}{model}: {where}; {cost}"
