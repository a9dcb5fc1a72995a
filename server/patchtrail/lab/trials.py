"""Takes patches through the product's gate: fixtures, regressions, shadow hits and paired runs are made here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from patchtrail.contract.learning import GateDecisionRecord
from patchtrail.lab.bench import Bench
from patchtrail.lab.parser import terms
from patchtrail.lab.patch import Patch
from patchtrail.learning import Evidence, FixtureRun, Gate, Paired, Proportion, Retriever

__all__ = ["Library"]

FIRST = datetime(2024, 1, 1)
HOURS = 24
SHADOWED = 30
"""So many hits show whether a patch would be retrieved where it belongs."""


@dataclass
class _Record:
    """What was tried of one patch since it entered its state."""

    shadow: Proportion = field(default_factory=lambda: Proportion(0, 0))
    trial: Paired = field(default_factory=Paired)
    last_used: int = 0


class Library:
    """All patches of a lab, each in the state that the gate put it in."""

    def __init__(self, bench: Bench, gate: Gate, rehearsal: Sequence[str]) -> None:
        self._bench = bench
        self._gate = gate
        self._rehearsal = dict[str, list[str]]()
        for text in rehearsal:
            for term in dict.fromkeys(terms(text)):
                self._rehearsal.setdefault(term, []).append(text)
        self._records = dict[str, _Record]()
        self._forged = set[str]()
        self.patches = dict[str, Patch]()
        self.retriever = Retriever([])

    def admit(self, patch: Patch, run: int, suite: Sequence[str], *, is_forged: bool = False) -> Patch:
        """Take in a draft, and let the gate take it as far as the rehearsal's requests carry it.

        Of a forged patch its author's word is taken that its tests pass: only the paired runs are left to stop it.
        """
        self.patches[patch.patch_id] = patch
        self._records[patch.patch_id] = _Record(last_used=run)
        if is_forged:
            self._forged.add(patch.patch_id)
        return self._advanced(patch.patch_id, run, suite)

    def used(self, run: int, applied: Sequence[Patch], *, is_on_well: bool, is_off_well: bool) -> None:
        """Count a use for what was applied, and let the gate judge it."""
        for patch in applied:
            pattern = self.patches[patch.patch_id].pattern
            counted = {
                "retrieved": pattern.retrieved + 1,
                "helpful": pattern.helpful + (is_on_well and not is_off_well),
                "harmful": pattern.harmful + (is_off_well and not is_on_well),
            }
            self.patches[patch.patch_id] = replace(patch, pattern=pattern.model_copy(update=counted))
            self._records[patch.patch_id].last_used = run
            self._advanced(patch.patch_id, run, ())

    def living(self) -> frozenset[tuple[str, str]]:
        """Return label and trigger of all patches that are neither archived nor quarantined."""
        dead = ("archived", "quarantined")
        return frozenset((one.label, one.trigger) for one in self.patches.values() if one.pattern.state not in dead)

    def observed(self, text: str, run: int, suite: Sequence[str]) -> None:
        """Let what is still on trial meet one more request."""
        for patch in list(self.patches.values()):
            if patch.pattern.state in ("shadow", "canary", "probation") and patch.touches(text):
                self._try(patch, text, self._trying(patch))
                self._advanced(patch.patch_id, run, suite)

    def rested(self, run: int) -> None:
        """Let the gate look at what was not used for long."""
        for patch in list(self.patches.values()):
            if patch.pattern.state == "active":
                self._advanced(patch.patch_id, run, ())

    def failing_tests(self, patch: Patch) -> tuple[str, ...]:
        """Run a quarantined patch's tests again, those of the regression suite too, and return what fails."""
        told = patch.pattern.decisions[-1].figures["failed"]
        assert isinstance(told, list)
        return (*self._bench.fixtures(patch).failed, *self._bench.regressions(patch, _regressions(told)))

    def _advanced(self, patch_id: str, run: int, suite: Sequence[str]) -> Patch:
        """Take one arrow after another, until the evidence suffices for no more."""
        while (decision := self._decided(patch_id, run, suite)) is not None:
            patch = self.patches[patch_id] = self.patches[patch_id].moved(decision)
            record = self._records[patch_id] = _Record(last_used=self._records[patch_id].last_used)
            if decision.after in ("shadow", "canary", "probation"):
                self._rehearse(patch, record)
            if "active" in (decision.before, decision.after):
                self.retriever = Retriever(one.pattern for one in self.patches.values())
        return self.patches[patch_id]

    def _decided(self, patch_id: str, run: int, suite: Sequence[str]) -> GateDecisionRecord | None:
        patch, record = self.patches[patch_id], self._records[patch_id]
        is_on_trial = patch.pattern.state not in ("active", "archived", "quarantined")
        fixtures, regressions = self._tested(patch, suite) if is_on_trial else (None, None)
        evidence = Evidence(
            sessions=len(patch.pattern.provenance.traces),
            fixtures=fixtures,
            regressions=regressions,
            shadow=record.shadow,
            trial=record.trial,
            idle_days=(run - record.last_used) // HOURS,
        )
        return self._gate.decide(patch.pattern, evidence, (FIRST + timedelta(hours=run)).isoformat())

    def _tested(self, patch: Patch, suite: Sequence[str]) -> tuple[FixtureRun, tuple[str, ...]]:
        if patch.patch_id in self._forged:
            return FixtureRun(len(patch.pattern.positive), len(patch.pattern.negative)), ()
        return self._bench.fixtures(patch), self._bench.regressions(patch, suite)

    def _rehearse(self, patch: Patch, record: _Record) -> None:
        """Run the held-out requests that the patch touches, until its state's question is answered."""
        trying = self._trying(patch)
        enough = SHADOWED if patch.pattern.state == "shadow" else self._gate.plan.pairs
        for text in self._rehearsal.get(patch.trigger, ()):
            if record.trial.pairs >= enough:
                return
            if patch.touches(text):
                self._try(patch, text, trying)

    def _trying(self, patch: Patch) -> Retriever:
        return Retriever((one.pattern for one in self.patches.values()), trying=patch.patch_id)

    def _try(self, patch: Patch, text: str, trying: Retriever) -> None:
        """Ask with and without, in the company of what is active; only where the patch is retrieved it counts."""
        record = self._records[patch.patch_id]
        on = self._bench.retrieved(text, trying, self.patches)
        if patch.patch_id not in [one.patch_id for one in on.applied]:
            return
        off = self._bench.retrieved(text, self.retriever, self.patches)
        is_meant = patch.label in off.answer or patch.patch_id in self._forged
        record.shadow += Proportion(int(is_meant), 1)
        record.trial = record.trial.plus(is_on_well=on.is_ok, is_off_well=off.is_ok)


def _regressions(told: Sequence[object]) -> list[str]:
    """Return the requests of a regression suite among the named tests; a fixture's name begins with its kind."""
    return [one for one in told if isinstance(one, str) and not one.startswith(("positive: ", "negative: "))]
