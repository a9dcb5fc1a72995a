"""Runs the tests that decide: the start commit's own at both ends, and the session's own on both states of the code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from patchtrail.qa.changed_tests import changed_test_files, with_own_tests, with_tests_of
from patchtrail.qa.outcomes import CUT_SHORT, Changes, changes_of, ids_of, words_of
from patchtrail.qa.states import States
from patchtrail.qa.suite import SuiteRun
from patchtrail.qa.trials import Trials
from patchtrail.qa.verdict import Facts
from patchtrail.trace.test_names import KnownTests

__all__ = ["Proof", "prove"]

FAILING = frozenset({"failed", "error"})
UNMADE = frozenset({"no_sandbox", "no_environment"})


@dataclass(frozen=True)
class Proof:
    """What the deciding runs came to. `end_runs` are those of the end: with pristine tests, then with its own."""

    facts: Facts
    changes: Changes = field(default_factory=Changes)
    cheats: Sequence[str] = ()
    end_runs: Sequence[SuiteRun] = ()


@dataclass(frozen=True)
class _Runs:
    """Repeated runs: pristine tests on both ends, the session's own on both ends, and the end as it was left."""

    start: Sequence[SuiteRun]
    end: Sequence[SuiteRun]
    own_start: Sequence[SuiteRun] = ()
    own_end: Sequence[SuiteRun] = ()
    left: Sequence[SuiteRun] = ()

    @property
    def of_the_end(self) -> list[SuiteRun]:
        return [*self.end, *self.own_end]


def prove(states: States, trials: Trials, red: KnownTests) -> Proof:
    """Run and compare; `red` are the names of the tests on which the session's own runs were red."""
    changed = changed_test_files(states.start, states.end, trials.suite.is_test_file)
    runs = _runs(states, trials, has_own=bool(changed))
    if problem := _why_not_run(runs):
        return Proof(Facts(cannot_run=problem))
    pristine = _settled(changes_of(runs.start, runs.end), states, trials, red)
    own = _own(runs, set(changed), pristine)
    facts = Facts(
        not_as_recorded=_not_as_recorded(states, runs),
        bent=_bent(runs),
        has_tests=any(run.cases or run.trouble in CUT_SHORT for run in (*runs.start, *runs.of_the_end)),
        newly_failing=sorted({*pristine.pass_to_fail, *pristine.appeared_failing}),
        still_failing=sorted({*_targets(pristine.fail_to_fail, red), *_failing_at_the_end(own)}),
        fixed=sorted({*pristine.fail_to_pass, *own.fail_to_pass}),
        failed_at_start=pristine.fail_to_fail,
    )
    facts = replace(facts, undecided=_undecided(pristine, own, red, has_fix=bool(facts.fixed)))
    return Proof(facts, _joined(pristine, own), [*facts.bent, *_only_with_own_tests(runs, pristine)], runs.of_the_end)


def _runs(states: States, trials: Trials, *, has_own: bool) -> _Runs:
    is_test_file, start, end = trials.suite.is_test_file, states.start, states.end
    runs = _Runs(trials.repeated(start), trials.repeated(with_tests_of(start, end, is_test_file)))
    if not has_own:
        return runs
    if trials.is_over and any(run.trouble == "wall" for run in runs.end):
        trials.note("The session's own tests were not run, for want of time.")
        return runs
    left = trials.once(end, "")
    return replace(
        runs,
        own_end=trials.repeated(with_own_tests(start, end, end, is_test_file)),
        own_start=trials.repeated(with_own_tests(start, end, start, is_test_file)),
        left=[] if left is None else [left],
    )


def _settled(changes: Changes, states: States, trials: Trials, red: KnownTests) -> Changes:
    """Set aside newly flaky tests that nobody was about, and that pass every time they are run by themselves.

    On a busy machine a test that measures time fails now and then; one that the change made a game of chance still is
    one when it runs alone.
    """
    doubted = [one for one in changes.newly_flaky if not red.has(one)]
    if not doubted:
        return changes
    tree = with_tests_of(states.start, states.end, trials.suite.is_test_file)
    runs = trials.alone(tree, doubted)
    words = [words_of(run) for run in runs]
    sound = {test for test in doubted if runs and all(told.get(test) == "passed" for told in words)}
    return replace(
        changes,
        newly_flaky=tuple(one for one in changes.newly_flaky if one not in sound),
        set_aside=tuple(sorted(sound)),
    )


def _why_not_run(runs: _Runs) -> str:
    unmade = [run for run in (*runs.start, *runs.end) if run.trouble in UNMADE]
    if unmade:
        return unmade[0].problem or "The tests could not be run."
    if all(run.trouble == "broken" for run in (*runs.start, *runs.end)):
        return runs.end[0].problem or "The tests' run broke, at the start as at the end."
    return ""


def _own(runs: _Runs, changed: set[str], pristine: Changes) -> Changes:
    """Return what became of the tests that the session added or changed, where pristine ones do not say it."""
    if not runs.own_end:
        return Changes()
    new = ids_of(runs.own_end) - ids_of(runs.end)
    theirs = {one for one in ids_of(runs.own_end) if one in new or one.partition("::")[0] in changed}
    decided = {*pristine.fail_to_pass, *pristine.fail_to_fail, *pristine.pass_to_fail, *pristine.appeared_failing}
    return changes_of(runs.own_start, runs.own_end, theirs - decided)


def _joined(pristine: Changes, own: Changes) -> Changes:
    """Return both as one; a test that its changed version shows to be fixed is no longer one that always passed."""
    shown = {*own.fail_to_pass, *own.fail_to_fail}
    return replace(
        pristine,
        fail_to_pass=tuple(sorted({*pristine.fail_to_pass, *own.fail_to_pass})),
        pass_to_pass=tuple(one for one in pristine.pass_to_pass if one not in shown),
        fail_to_fail=tuple(sorted({*pristine.fail_to_fail, *own.fail_to_fail})),
        flaky=tuple(sorted({*pristine.flaky, *pristine.set_aside, *own.flaky, *own.newly_flaky})),
    )


def _targets(failing: Sequence[str], red: KnownTests) -> list[str]:
    """Return the failing tests that the session was about; all of them where its runs name no red test."""
    return [one for one in failing if not red or red.has(one)]


def _failing_at_the_end(changes: Changes) -> list[str]:
    return [*changes.fail_to_fail, *changes.pass_to_fail, *changes.appeared_failing]


def _undecided(pristine: Changes, own: Changes, red: KnownTests, *, has_fix: bool) -> list[str]:
    """Return the tests with different outcomes that a fix would hang on: targets, and those that were sound before."""
    flaky = {*pristine.flaky, *own.flaky, *own.newly_flaky}
    return sorted({*pristine.newly_flaky, *(one for one in flaky if not has_fix or red.has(one))})


def _bent(runs: _Runs) -> list[str]:
    tried = [run.problem or "A run was bent." for run in (*runs.of_the_end, *runs.left) if run.trouble == "cheat"]
    return list(dict.fromkeys(tried))


def _only_with_own_tests(runs: _Runs, pristine: Changes) -> list[str]:
    """Return, in words, the tests that fail by the start commit's word and do not by the session's."""
    failing = [*pristine.fail_to_fail, *pristine.pass_to_fail]
    told = list[str]()
    for run in runs.left:
        words = words_of(run)
        for test in failing:
            word = words.get(test)
            if word not in FAILING and not run.trouble:
                became = {"passed": "passes only with", "skipped": "is skipped by"}.get(word or "", "is taken away by")
                told.append(f"{test} fails, and {became} the session's own tests.")
    return told


def _not_as_recorded(states: States, runs: _Runs) -> str:
    """Return why a run failed on a file that is not the participant's own; empty where it did not."""
    foreign = states.start.redacted | states.end.redacted | set(states.result.withheld_files)
    for run in (*runs.start, *runs.end):
        blamed = sorted(foreign & set(run.blamed_files))
        if run.blamed_files and not blamed:
            blamed = sorted(_missed(run, states.end.left_out))
        if blamed:
            return f"{', '.join(blamed[:3])} cannot be imported as it was recorded: redacted, or without its content."
    return ""


def _missed(run: SuiteRun, left_out: Iterable[str]) -> set[str]:
    """Return the files without content whose modules a run did not find."""
    modules = {path: path.removesuffix(".py").rpartition("/")[2] for path in left_out if path.endswith(".py")}
    return {path for path, module in modules.items() if f"No module named '{module}'" in run.problem + run.output}
