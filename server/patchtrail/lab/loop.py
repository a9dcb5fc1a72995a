"""The loop: a request, its quote with and without patches, the carrier's answer, and what is learned of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from patchtrail.lab.bench import Attempt, Bench
from patchtrail.lab.carrier import Carrier
from patchtrail.lab.curator import Curator
from patchtrail.lab.golden import GoldenResult, golden_result
from patchtrail.lab.parser import Parser
from patchtrail.lab.patch import Patch
from patchtrail.lab.plan import LabPlan
from patchtrail.lab.planted import planted
from patchtrail.lab.requests import shipments
from patchtrail.lab.trials import Library
from patchtrail.learning import Gate, TrialPlan, is_held_out

__all__ = ["Lab", "LabResult", "PatchEvent", "Run"]

REHEARSAL = 1500
SUITE = 100
GATE = Gate(TrialPlan(pairs=120, alpha=0.01), min_shadow=5)
RESTED_EVERY = 24


@dataclass(frozen=True)
class PatchEvent:
    """A label that a request failed with, and the patch that was made of it as it then stood, if any."""

    label: str
    patch: Patch | None


@dataclass(frozen=True)
class Run:
    """One request: both attempts, what was learned, and the attempt after that, where something new was active."""

    number: int
    text: str
    is_held_out: bool
    plain: tuple[str, ...]
    """What the carrier answers to who knows nothing: the labels that the request calls for."""
    baseline: Attempt
    patched: Attempt
    events: tuple[PatchEvent, ...]
    again: Attempt | None

    @property
    def feedback(self) -> tuple[str, ...]:
        """The carrier's last word."""
        return (self.again or self.patched).answer


@dataclass(frozen=True)
class LabResult:
    """Everything that the report is made of."""

    plan: LabPlan
    runs: tuple[Run, ...]
    patches: tuple[Patch, ...]
    retested: dict[str, tuple[str, ...]]
    """What fails of each quarantined patch's tests, run again at the end."""
    golden: tuple[GoldenResult, ...]
    activated: dict[str, int] = field(default_factory=dict)
    """The run after which a label had its first active patch."""


class Lab:
    """One simulation."""

    def __init__(self, plan: LabPlan, carrier: Carrier | None = None) -> None:
        self._plan = plan
        self._carrier = carrier or Carrier()
        self._parser = Parser(plan.seed, plan.noise)
        self._bench = Bench(self._carrier, self._parser)
        self._curator = Curator()
        self._library = Library(self._bench, GATE, self._taken("rehearsal", REHEARSAL))

    def run(self) -> LabResult:
        """Let all requests pass, and look back."""
        for patch in planted():
            self._library.admit(patch, 0, (), is_forged=True)
        activated = dict[str, int]()
        runs = list[Run]()
        for number, text in enumerate(self._taken("runs", self._plan.runs), 1):
            runs.append(self._run(number, text))
            for patch in self._library.patches.values():
                if patch.pattern.state == "active":
                    activated.setdefault(patch.label, number)
        patches = tuple(self._library.patches.values())
        quarantined = [one for one in patches if one.pattern.state == "quarantined"]
        return LabResult(
            self._plan,
            tuple(runs),
            patches,
            {one.patch_id: self._library.failing_tests(one) for one in quarantined},
            golden_result(self._plan, self._library, frozenset(run.text for run in runs)),
            activated,
        )

    def _taken(self, name: str, count: int) -> list[str]:
        """Return the texts of so many shipments, which the carrier has taken."""
        drawn = shipments(f"{self._plan.seed} {name}")
        return [self._carrier.take(one) for one in islice(drawn, count)]

    def _run(self, number: int, text: str) -> Run:
        held_out = is_held_out(f"{self._plan.seed} {number}")
        baseline = self._bench.bare(text)
        patched = baseline if held_out else self._bench.retrieved(text, self._library.retriever, self._library.patches)
        plain = self._carrier.answer(text, self._parser.plain(text))
        if held_out:
            # It is there to be measured; whoever learned of it would see it again.
            return Run(number, text, True, plain, baseline, patched, (), None)
        suite = self._curator.regression_suite(SUITE)
        self._library.used(number, patched.applied, is_on_well=patched.is_ok, is_off_well=baseline.is_ok)
        self._library.observed(text, number, suite)
        self._curator.observe(text, patched.answer, is_declined=bool(patched.quote.declined))
        events = tuple(self._events(number, text, patched, suite))
        if number % RESTED_EVERY == 0:
            self._library.rested(number)
        is_new = any(one.patch is not None and one.patch.pattern.state == "active" for one in events)
        again = self._bench.retrieved(text, self._library.retriever, self._library.patches) if is_new else None
        return Run(number, text, False, plain, baseline, patched, events, again)

    def _events(self, number: int, text: str, patched: Attempt, suite: Sequence[str]) -> Iterator[PatchEvent]:
        for label in patched.answer:
            draft = self._curator.proposed(text, label, self._library.living())
            yield PatchEvent(label, None if draft is None else self._library.admit(draft, number, suite))
