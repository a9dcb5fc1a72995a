"""The lab's report: success without and with patches, and every figure that could speak against it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from patchtrail.lab.golden import GoldenResult
from patchtrail.lab.labels import LABELS, diagnoses, failures, first_failure
from patchtrail.lab.loop import LabResult, Run
from patchtrail.lab.patch import Patch
from patchtrail.lab.quote import MISTAKES
from patchtrail.learning import Paired, Proportion

__all__ = ["gap_of", "live_runs", "report"]

NONE = "-"


def report(result: LabResult) -> str:
    """Return the whole report as text; the same result gives the same text."""
    parts = (_headline, _patches, _quarantined, _clusters, _diagnoses, _time_to_fix, _golden)
    return "\n\n".join("\n".join(part(result)) for part in parts)


def live_runs(result: LabResult) -> tuple[Run, ...]:
    """Return the runs that patches were used in: all but those held out."""
    return tuple(run for run in result.runs if not run.is_held_out)


def gap_of(runs: Sequence[Run]) -> Paired:
    """Return the runs as pairs: with patches and without, first answers only."""
    paired = Paired()
    for run in runs:
        paired = paired.plus(is_on_well=run.patched.is_ok, is_off_well=run.baseline.is_ok)
    return paired


def _headline(result: LabResult) -> Iterator[str]:
    plan, live = result.plan, live_runs(result)
    yield f"lab: {plan.runs} requests, seed {plan.seed}, noise {plan.noise:g}; per cent, with 95 % intervals"
    yield from _success("all runs", gap_of(live))
    yield from _success("second half", gap_of(live[len(live) // 2 :]))
    held = [run for run in result.runs if run.is_held_out]
    yield f"  hold-out     {Proportion(sum(run.patched.is_ok for run in held), len(held))} of {len(held)}, no patches"


def _success(name: str, paired: Paired) -> Iterator[str]:
    low, high = (100 * end for end in paired.lift_interval)
    gap = f"{100 * paired.lift:+.1f} [{low:+.1f}, {high:+.1f}]"
    yield f"  {name:<12} baseline {paired.off}  patched {paired.on}  gap {gap}"
    yield f"  {'':<12} mended {paired.only_on}, spoiled {paired.only_off}, McNemar p = {paired.p_value:.2g}"


def _patches(result: LabResult) -> Iterator[str]:
    made = [one for one in result.patches if not _is_planted(one)]
    states = Counter(one.pattern.state for one in made)
    yield f"patches: {len(made)} created; " + ", ".join(f"{states[state]} {state}" for state in sorted(states))
    for label in LABELS:
        of_label = [one for one in made if one.label == label]
        counts = Counter(one.pattern.state for one in of_label)
        told = ", ".join(f"{counts[state]} {state}" for state in sorted(counts))
        yield f"  {label:<20} {len(of_label):3} created  {told or NONE}"
    for one in filter(_is_planted, result.patches):
        decisions = one.pattern.decisions
        way = " -> ".join(["draft", *(decision.after for decision in decisions)])
        yield f"  planted {one.patch_id} trigger={one.trigger!r} {one.fix}: {way} ({decisions[-1].reason}{_pairs(one)})"


def _pairs(patch: Patch) -> str:
    """Return what the paired runs came to that decided last, if they did."""
    figures = patch.pattern.decisions[-1].figures
    if "pairs_only_on" not in figures:
        return ""
    return f": {figures['pairs_only_on']} mended, {figures['pairs_only_off']} spoiled"


def _is_planted(patch: Patch) -> bool:
    return patch.patch_id.startswith("X-")


def _quarantined(result: LabResult) -> Iterator[str]:
    failing = sum(1 for failed in result.retested.values() if failed)
    yield f"quarantined patches, their tests run again: {failing} of {len(result.retested)} fail"
    patches = {one.patch_id: one for one in result.patches}
    for patch_id, failed in result.retested.items():
        one = patches[patch_id]
        yield f"  {patch_id} trigger={one.trigger!r} {one.fix}: {failed[0] if failed else 'ALL PASS'}"


def _clusters(result: LabResult) -> Iterator[str]:
    live = live_runs(result)
    half = live[len(live) // 2 :]
    before, after = failures(live, is_patched=False), failures(live, is_patched=True)
    late = failures(half, is_patched=True)
    yield "failures by label        baseline   patched   patched, second half"
    for label in sorted({*before, *after}, key=lambda one: (-before[one], -after[one], one)):
        mistake = "  a patch's or the parser's own mistake" if label in MISTAKES else ""
        yield f"  {label:<20} {before[label]:10} {after[label]:9} {late[label]:10}{mistake}"


def _diagnoses(result: LabResult) -> Iterator[str]:
    live = live_runs(result)
    golden, late = diagnoses(result.golden), diagnoses(live[len(live) // 2 :])
    yield f"{'label':<21} {'golden: precision':>20} {'recall':>20} {'second half: precision':>26} {'recall':>20}"
    for label in LABELS:
        one, other = golden[label], late[label]
        cells = [_counted(one.precision), _counted(one.recall), _counted(other.precision), _counted(other.recall)]
        yield f"  {label:<20} {cells[0]:>19} {cells[1]:>20} {cells[2]:>26} {cells[3]:>20}"


def _counted(share: Proportion) -> str:
    return f"{share.share:.2f} ({share.hits} of {share.of})" if share.of else NONE


def _time_to_fix(result: LabResult) -> Iterator[str]:
    yield "time to fix: runs from a label's first failure to its first active patch"
    for label in LABELS:
        begun, ended = first_failure(result, label), result.activated.get(label)
        told = NONE if begun is None or ended is None else f"{ended - begun:4} (run {begun} to run {ended})"
        yield f"  {label:<20} {told}"


def _golden(result: LabResult) -> Iterator[str]:
    written = [one for one in result.golden if one.is_adversarial]
    drawn = [one for one in result.golden if not one.is_adversarial]
    yield f"golden set: {len(result.golden)} requests that nothing was learned from"
    for name, some in (("all", result.golden), ("adversarial", written), ("drawn", drawn)):
        yield f"  {name:<12} accuracy baseline {_accuracy(some, 'baseline')}  patched {_accuracy(some, 'patched')}"
    for one in written:
        outcome = f"{_told(one.baseline.answer)} -> {_told(one.patched.answer)}"
        yield f"  {'' if one.patched.is_ok else 'FAILS '}{one.text}: {outcome}"


def _accuracy(some: Sequence[GoldenResult], side: str) -> str:
    return str(Proportion(sum((one.baseline if side == "baseline" else one.patched).is_ok for one in some), len(some)))


def _told(answer: Sequence[str]) -> str:
    return ", ".join(answer) or "ok"
