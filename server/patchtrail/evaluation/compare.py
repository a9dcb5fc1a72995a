"""Two runs of the same tests: what broke first, then what was fixed, then whether the difference is more than chance.

Repeats of a run are folded into one: a test passes where it passed in more than half of them. A test that the new run
lacks counts as broken, so that nothing gets better by being left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from patchtrail.contract.errors import InvalidInput
from patchtrail.evaluation.run_store import TestResult
from patchtrail.evaluation.table import table
from patchtrail.learning import Paired
from patchtrail.learning.wilson import Proportion

__all__ = ["Comparison", "Folded", "compared", "comparison_report", "folded"]

Repeats = Sequence[Sequence[TestResult]]


@dataclass(frozen=True)
class Folded:
    """One test over all repeats of a run."""

    test_name: str
    label: str
    passes: int
    repeats: int
    offers: int
    error_message: str | None

    @property
    def is_passed(self) -> bool:
        """Whether it passed in more than half of the repeats."""
        return 2 * self.passes > self.repeats

    @property
    def is_mixed(self) -> bool:
        """Whether repeats disagree."""
        return 0 < self.passes < self.repeats

    @property
    def spread(self) -> str:
        """How often it passed, where it was run more than once."""
        return f" ({self.passes} of {self.repeats} repeats)" if self.repeats > 1 else ""


def folded(repeats: Repeats) -> dict[str, Folded]:
    """Return every test by its name, in the order of the first repeat; one that a repeat lacks failed in it."""
    rows = dict[str, list[TestResult]]()
    for run in repeats:
        for one in run:
            rows.setdefault(one.test_name, []).append(one)
    return {
        name: Folded(
            name,
            row[0].label,
            sum(one.passed for one in row),
            len(repeats),
            sum(one.is_offered for one in row),
            next((one.error_message for one in row if not one.passed), None),
        )
        for name, row in rows.items()
    }


@dataclass(frozen=True)
class Comparison:
    """Base and new, folded; every list keeps the base's order."""

    base: Mapping[str, Folded]
    new: Mapping[str, Folded]
    shares: tuple[tuple[float, ...], tuple[float, ...]]
    """The pass rate of each repeat, of base and of new."""

    @property
    def regressions(self) -> list[Folded]:
        """What passed, and does not any more; the base's row where the new run lacks the test."""
        broken = [name for name, one in self.base.items() if one.is_passed and not self._passes(name)]
        return [self.new.get(name, self.base[name]) for name in broken]

    @property
    def fixes(self) -> list[Folded]:
        """What did not pass, and does."""
        return [self.new[name] for name, one in self.base.items() if not one.is_passed and self._passes(name)]

    @property
    def paired(self) -> Paired:
        """The counts of both sides, over the base's tests."""
        counted = Paired()
        for name, one in self.base.items():
            counted = counted.plus(is_on_well=self._passes(name), is_off_well=one.is_passed)
        return counted

    def is_worse_than(self, allowed_loss: float) -> bool:
        """Return whether the lower bound of the difference of shares lies below `-allowed_loss`."""
        return self.paired.lift_interval[0] < -allowed_loss

    def _passes(self, name: str) -> bool:
        return name in self.new and self.new[name].is_passed


def compared(base: Repeats, new: Repeats) -> Comparison:
    """Compare; raises `InvalidInput` where no test is in both."""
    found = Comparison(folded(base), folded(new), (_shares(base), _shares(new)))
    if not found.base.keys() & found.new.keys():
        raise InvalidInput("The two runs have no test in common: they were made on other data.")
    return found


def comparison_report(found: Comparison) -> str:
    """Return the comparison as text: regressions, fixes, what repeats disagree on, the shares and their difference."""
    return "\n".join([*_changes(found), "", _labels(found), *_difference(found)])


def _changes(found: Comparison) -> Iterator[str]:
    yield f"{len(found.regressions)} regressions"
    for one in found.regressions:
        said = one.error_message if one.test_name in found.new else "The new run lacks it."
        yield f"  - {one.test_name}{one.spread}: {said or 'It fails.'}"
    yield f"{len(found.fixes)} fixes"
    yield from (f"  + {one.test_name}{one.spread}" for one in found.fixes)
    mixed = [one for one in found.new.values() if one.is_mixed]
    if mixed:
        yield f"{len(mixed)} tests on which repeats of the new run disagree"
        yield from (f"  ~ {one.test_name}{one.spread}" for one in mixed)
    added = len(found.new.keys() - found.base.keys())
    if added:
        yield f"{added} tests that the base lacks are not compared"


def _labels(found: Comparison) -> str:
    sides = {"base": found.base, "new": found.new}
    labels = sorted({one.label for side in sides.values() for one in side.values()})
    rows = {label: _row(sides, label) for label in labels} | {"all": _row(sides, None)}
    return table(
        "Passed, and passed of what was offered, by label: per cent with 95 % intervals", list(rows["all"]), rows
    )


def _row(sides: Mapping[str, Mapping[str, Folded]], label: str | None) -> dict[str, Proportion]:
    row = dict[str, Proportion]()
    for name, side in sides.items():
        some = [one for one in side.values() if label in (None, one.label)]
        passed = sum(one.is_passed for one in some)
        row[name] = Proportion(passed, len(some))
        row[f"{name}, of offered"] = Proportion(passed, sum(one.offers > 0 for one in some))
    return row


def _difference(found: Comparison) -> Iterator[str]:
    for name, shares in zip(("base", "new"), found.shares, strict=True):
        if len(shares) > 1:
            low, high = 100 * min(shares), 100 * max(shares)
            yield f"  {name}: {len(shares)} repeats, from {low:.1f} to {high:.1f} per cent"
    paired = found.paired
    low, high = paired.lift_interval
    chance = "p < 0.0001" if paired.p_value < 0.0001 else f"p = {paired.p_value:.4f}"
    yield (
        f"Difference {100 * paired.lift:+.1f} points [{100 * low:+.1f} to {100 * high:+.1f}] over {paired.pairs} pairs,"
        f" {paired.discordant} of them differ: McNemar {chance}"
    )


def _shares(repeats: Repeats) -> tuple[float, ...]:
    return tuple(Proportion(sum(one.passed for one in run), len(run)).share for run in repeats)
