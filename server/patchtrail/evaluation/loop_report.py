"""The report of a learning loop: each arm beside none, by rule, and what the gate decided of each pattern."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from pydantic import JsonValue

from patchtrail.contract.learning import Pattern
from patchtrail.evaluation.case import PatchCase
from patchtrail.evaluation.learning_loop import LEARNED, WITHOUT, LoopResult
from patchtrail.evaluation.lesson_controls import CONTROLS
from patchtrail.evaluation.lesson_trials import Trialled
from patchtrail.evaluation.package_split import package_of
from patchtrail.evaluation.table import table
from patchtrail.learning import Paired, Proportion, TrialPlan

__all__ = ["loop_json", "loop_report", "misses"]

GOAL, CHANCE = 0.01, 0.05


def loop_report(result: LoopResult) -> str:
    """Return the report as text."""
    return "\n\n".join("\n".join(part) for part in (_data(result), _patterns(result), _arms(result), _classes(result)))


def loop_json(result: LoopResult) -> dict[str, JsonValue]:
    """Return the figures for a program."""
    return {
        "data": {name: _size(cases) for name, cases in _parts(result).items()},
        "kept_blind": {"cases": len(result.kept_blind), "shown": len(_shown_blind(result))},
        "asked": result.asked,
        "patterns": [_pattern_json(one) for one in _trialled(result)],
        "arms": {
            arm: {"shown": result.shown(arm), **_paired_json(result.paired(arm))}
            for arm in result.arms
            if arm != WITHOUT
        },
        "missed": list[JsonValue](misses(result)),
        "classes": {
            rule: {arm: _paired_json(result.paired(arm, cases)) for arm in result.arms if arm != WITHOUT}
            for rule, cases in _by_rule(result).items()
        },
    }


def _parts(result: LoopResult) -> dict[str, Sequence[PatchCase]]:
    split = result.split
    return {"teaching": split.teaching, "validation": split.validation, "held out": split.held_out}


def _size(cases: Sequence[PatchCase]) -> dict[str, JsonValue]:
    return {"findings": len(cases), "packages": list[JsonValue](sorted({package_of(case) for case in cases}))}


def _data(result: LoopResult) -> Iterator[str]:
    for name, cases in _parts(result).items():
        yield f"{name}: {len(cases)} findings of {len({package_of(case) for case in cases})} packages"
    yield f"{len(result.kept_blind)} of those held out never see a pattern: {len(_shown_blind(result))} saw one"
    yield f"The engine was asked {result.asked} times; the same prompt once for all arms."


def _patterns(result: LoopResult) -> Iterator[str]:
    yield "Patterns, and what the gate decided of them"
    for one in _trialled(result):
        last: Pattern = one.pattern
        why = f": {last.decisions[-1].reason}" if last.decisions else ""
        yield f"  {last.name}: {' -> '.join(one.states)}{why}"


def _arms(result: LoopResult) -> Iterator[str]:
    yield f"Findings that are mended, beside those {WITHOUT}, in per cent with 95 % intervals"
    for arm in result.arms:
        if arm == WITHOUT:
            continue
        paired = result.paired(arm)
        low, high = paired.lift_interval
        chance = "p < 0.0001" if paired.p_value < 0.0001 else f"p = {paired.p_value:.4f}"
        yield (
            f"  {arm:<22}{paired.on} against {paired.off}: {100 * paired.lift:+.1f} points"
            f" [{100 * low:+.1f} to {100 * high:+.1f}], {paired.only_on} won, {paired.only_off} lost,"
            f" McNemar {chance}, sequential: {_sequential(paired)}, lessons shown in {result.shown(arm)}"
        )


def _classes(result: LoopResult) -> Iterator[str]:
    rows = {
        rule: {
            arm: Proportion(sum(runs[case.case_id].is_well for case in cases), len(cases))
            for arm, runs in result.arms.items()
        }
        for rule, cases in _by_rule(result).items()
    }
    yield table("By rule: mended, in per cent with 95 % intervals", list(result.arms), rows)


def _by_rule(result: LoopResult) -> Mapping[str, list[PatchCase]]:
    found = defaultdict[str, list[PatchCase]](list)
    for case in result.split.held_out:
        found[case.planted[0].finding.rule_id].append(case)
    return dict(sorted(found.items()))


def _trialled(result: LoopResult) -> list[Trialled]:
    return [*result.taught, *([] if result.planted is None else [result.planted])]


def _shown_blind(result: LoopResult) -> list[str]:
    """Return the cases that should have seen no pattern in any arm, and did."""
    return [one for one in result.kept_blind if any(runs[one].shown for runs in result.arms.values())]


def _pattern_json(one: Trialled) -> dict[str, JsonValue]:
    last = one.pattern
    return {
        "name": last.name,
        "states": list[JsonValue](one.states),
        "reason": last.decisions[-1].reason if last.decisions else "",
        "figures": last.decisions[-1].figures if last.decisions else {},
    }


def misses(result: LoopResult) -> list[str]:
    """Return in words what the loop should have shown and did not."""
    learned, missed = result.paired(LEARNED), list[str]()
    if learned.lift_interval[0] <= 0 or learned.p_value >= GOAL:
        missed.append(f"learned patterns help by {100 * learned.lift:+.1f} points, p = {learned.p_value:.4f}")
    for arm in CONTROLS:
        control = result.paired(arm)
        if control.lift_interval[0] > 0 and control.p_value < CHANCE:
            missed.append(f"{arm} help, too, by {100 * control.lift:+.1f} points")
    if result.planted is None:
        missed.append("no pattern was found that does harm, so none was planted")
    elif result.planted.pattern.state == "active":
        missed.append("the harmful pattern is still active")
    if _shown_blind(result):
        missed.append(f"{len(_shown_blind(result))} cases of the permanent hold-out saw a pattern")
    return missed


def _paired_json(paired: Paired) -> dict[str, JsonValue]:
    low, high = paired.lift_interval
    return {
        **asdict(paired),
        "lift": round(paired.lift, 6),
        "lift_low": round(low, 6),
        "lift_high": round(high, 6),
        "p_value": paired.p_value,
        "sequential": _sequential(paired),
    }


def _sequential(paired: Paired) -> str:
    """Return what the gate's own rule, which may look after every pair, says of all of them."""
    return TrialPlan(pairs=paired.pairs).verdict(paired)
