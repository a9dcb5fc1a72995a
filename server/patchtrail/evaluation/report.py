"""The report of the suite of patches: headline figures, one table, the damage beside the published one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from statistics import mean

from patchtrail.evaluation.case import PatchCase
from patchtrail.evaluation.damage import PUBLISHED, PUBLISHED_ANSWERS, PUBLISHED_GIT_APPLY, realised
from patchtrail.evaluation.outcome import Outcome
from patchtrail.evaluation.run import ENGINE, SuiteResult
from patchtrail.evaluation.table import table
from patchtrail.learning.wilson import Proportion

__all__ = ["figures", "is_missed", "report", "report_json"]

DOCUMENTATION = ("missing docstrings", "docstring form", "multi-line strings")
MODES = 5
TOO_MILD = 0.15
"""So much more than published may plain `git apply` reach before the damage counts as too mild."""
GOALS = {
    "file coverage": 0.9,
    "offered patches that apply": 1.0,
    "offered patches that parse": 1.0,
    "batches fixed whole": 0.7,
    "docstrings and multi-line strings fixed": 0.8,
}


def report(result: SuiteResult) -> str:
    """Return the whole report as text."""
    damage = ["\n".join(_damage(result))] if result.damages else []
    return "\n\n".join(["\n".join(_headline(result)), _classes(result), *damage])


def is_missed(result: SuiteResult) -> bool:
    """Return whether a figure stays below its goal."""
    return any(one.of > 0 and one.share < GOALS[name] for name, one in figures(result).items() if name in GOALS)


def report_json(result: SuiteResult) -> dict[str, object]:
    """Return the figures for a program: hits and sizes, with their intervals."""
    counted, diffs = realised(result.damages)
    return {
        "figures": {name: _json(one) for name, one in figures(result).items()},
        "classes": {name: {arm: _json(one) for arm, one in row.items()} for name, row in _rows(result).items()},
        "unfixed": list(_unfixed(result)),
        "damage": {"answers": len(result.damages), "diffs": diffs, "defects": {one: counted[one] for one in PUBLISHED}},
    }


def _unfixed(result: SuiteResult) -> Iterator[dict[str, object]]:
    """Yield what the engine did not fix, and what it said."""
    for case in result.cases:
        outcome, fixed = result.outcomes[ENGINE][case.case_id], result.fixed[case.case_id]
        for planted, is_fixed in zip(case.planted, outcome.fixed, strict=True):
            if not is_fixed:
                record = planted.finding.record().model_dump(mode="json")
                yield {"finding": record, "is_offered": fixed.patch is not None, "message": fixed.message}


def _failures(result: SuiteResult) -> Iterator[str]:
    """Yield the commonest reasons for which tries failed."""
    modes = Counter(one.failure_mode for fixed in result.fixed.values() for one in fixed.attempts if one.failure_mode)
    told = ", ".join(f"{name} {count}" for name, count in modes.most_common(MODES))
    yield f"  commonest failures of single tries: {told or 'none'}"


def _json(one: Proportion) -> dict[str, object]:
    return {"hits": one.hits, "of": one.of, "interval": [round(end, 4) for end in one.interval]}


def figures(result: SuiteResult) -> dict[str, Proportion]:
    """Return the headline figures by name."""
    ours, cases = result.outcomes[ENGINE], result.cases
    offered = [ours[case.case_id] for case in cases if case.case_id in result.applies]
    batches = [ours[case.case_id] for case in cases if case.is_batch]
    return {
        "file coverage": Proportion(sum(any(ours[case.case_id].fixed) for case in cases), len(cases)),
        "offered patches that apply": Proportion(sum(result.applies.values()), len(offered)),
        "offered patches that parse": Proportion(sum(one.is_parsed for one in offered), len(offered)),
        "batches fixed whole": Proportion(sum(one.is_whole for one in batches), len(batches)),
        "docstrings and multi-line strings fixed": _fixed(cases, ours, lambda group, _: group in DOCUMENTATION),
        "findings that Ruff cannot fix, fixed": _fixed(cases, ours, lambda _, is_fixable: not is_fixable),
        "all findings fixed": _fixed(cases, ours, lambda _group, _fixable: True),
    }


def _fixed(
    cases: Iterable[PatchCase], outcomes: Mapping[str, Outcome], counts: Callable[[str, bool], bool]
) -> Proportion:
    hits = [
        is_fixed
        for case in cases
        for planted, is_fixed in zip(case.planted, outcomes[case.case_id].fixed, strict=True)
        if counts(planted.group, planted.is_ruff_fixable)
    ]
    return Proportion(sum(hits), len(hits))


def _headline(result: SuiteResult) -> Iterator[str]:
    findings = sum(len(case.planted) for case in result.cases)
    yield f"{findings} findings in {len(result.cases)} files of installed packages; per cent, with 95 % intervals"
    for name, proportion in figures(result).items():
        goal = f"  goal {100 * GOALS[name]:.0f}" if name in GOALS else ""
        missed = "  MISSED" if name in GOALS and proportion.of and proportion.share < GOALS[name] else ""
        yield f"  {name:<42} {proportion}  ({proportion.hits} of {proportion.of}){goal}{missed}"
    attempts = [one for fixed in result.fixed.values() for one in fixed.attempts]
    if attempts:
        accepted = sum(1 for fixed in result.fixed.values() if fixed.patch is not None)
        cost, latency = sum(one.cost_usd for one in attempts), mean(one.latency_ms for one in attempts)
        yield f"  {len(attempts)} requests, {cost:.4f} USD, {latency:.0f} ms per request, {accepted} patches"
        yield from _failures(result)


def _classes(result: SuiteResult) -> str:
    title = "Findings fixed, by class and by what was done with the same answers"
    return table(title, list(result.outcomes), _rows(result))


def _rows(result: SuiteResult) -> dict[str, dict[str, Proportion]]:
    """Return the one table: which share of the findings of each class each arm fixed."""
    groups = sorted({planted.group for case in result.cases for planted in case.planted})
    rows = {group: _row(result, lambda one, _, group=group: one == group) for group in groups}  # type: ignore[misc]  # it binds the loop's value
    rows["Ruff can fix"] = _row(result, lambda _, is_fixable: is_fixable)
    rows["Ruff cannot fix"] = _row(result, lambda _, is_fixable: not is_fixable)
    rows["all"] = _row(result, lambda _group, _fixable: True)
    rows["(applied, per file)"] = {
        arm: Proportion(sum(one.is_applied for one in outcomes.values()), len(outcomes))
        for arm, outcomes in result.outcomes.items()
    }
    rows["(applied and parsed)"] = {
        arm: Proportion(sum(one.is_parsed for one in outcomes.values()), len(outcomes))
        for arm, outcomes in result.outcomes.items()
    }
    return rows


def _row(result: SuiteResult, counts: Callable[[str, bool], bool]) -> dict[str, Proportion]:
    return {arm: _fixed(result.cases, outcomes, counts) for arm, outcomes in result.outcomes.items()}


def _damage(result: SuiteResult) -> Iterator[str]:
    counted, diffs = realised(result.damages)
    yield f"Defects of the answers, per cent of those in diff form ({diffs} of {len(result.damages)}), beside real ones"
    for name, published in PUBLISHED.items():
        share = 100 * counted[name] / diffs if diffs else 0.0
        yield f"  {name:<42} {share:5.1f}  published {100 * published / PUBLISHED_ANSWERS:5.1f}"
    took = sum(one.is_applied for one in result.outcomes["git apply"].values())
    applied = Proportion(took, diffs)
    published_share = f"{100 * PUBLISHED_GIT_APPLY:.1f} overall, 54-62 of frontier models"
    yield f"  plain `git apply` takes {applied}; published {published_share}"
    if applied.share > PUBLISHED_GIT_APPLY + TOO_MILD:
        yield "  WARNING: `git apply` does much better here than on real answers: the damage is too mild."
