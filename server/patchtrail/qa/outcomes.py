"""What repeated runs on the same files say of each test, and what became of it from the start to the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from patchtrail.qa.suite import SuiteRun

__all__ = ["CUT_SHORT", "Changes", "Standing", "changes_of", "ids_of", "standing_of", "words_of"]

Word = Literal["passed", "failed", "error", "skipped"]
Standing = Literal["passes", "fails", "unreached", "skipped", "absent", "flaky"]
"""`unreached` is a test that did not pass because its file failed as a whole, or because the run was cut short."""
STANDING: dict[str, Standing] = {"passed": "passes", "failed": "fails", "error": "fails", "skipped": "skipped"}
WORST: tuple[Word, ...] = ("error", "failed", "skipped", "passed")
CUT_SHORT = frozenset({"wall", "memory", "broken", "cheat", "not_importable"})
"""Troubles of a run that began: a test of which it does not tell did not pass."""


@dataclass(frozen=True)
class Changes:
    """Tests by what became of them; each test stands in one list at most.

    `appeared_failing` failed at the end and neither passed nor failed at the start, `newly_flaky` passed at the start
    every time and at the end only sometimes; those of them that are sound by themselves are `set_aside`.
    """

    fail_to_pass: tuple[str, ...] = ()
    pass_to_pass: tuple[str, ...] = ()
    fail_to_fail: tuple[str, ...] = ()
    pass_to_fail: tuple[str, ...] = ()
    appeared_failing: tuple[str, ...] = ()
    newly_flaky: tuple[str, ...] = ()
    set_aside: tuple[str, ...] = ()
    flaky: tuple[str, ...] = ()


LIST_OF: dict[tuple[Standing, Standing], str] = {
    ("fails", "passes"): "fail_to_pass",
    ("unreached", "passes"): "fail_to_pass",
    ("fails", "fails"): "fail_to_fail",
    ("fails", "unreached"): "fail_to_fail",
    ("unreached", "fails"): "fail_to_fail",
    ("unreached", "unreached"): "fail_to_fail",
    ("fails", "skipped"): "fail_to_fail",
    ("fails", "absent"): "fail_to_fail",
    ("passes", "passes"): "pass_to_pass",
    ("passes", "fails"): "pass_to_fail",
    ("passes", "unreached"): "pass_to_fail",
    ("passes", "skipped"): "pass_to_fail",
    ("passes", "absent"): "pass_to_fail",
    ("skipped", "fails"): "appeared_failing",
    ("skipped", "unreached"): "appeared_failing",
    ("absent", "fails"): "appeared_failing",
    ("passes", "flaky"): "newly_flaky",
    ("fails", "flaky"): "flaky",
    ("unreached", "flaky"): "flaky",
    ("skipped", "flaky"): "flaky",
    ("absent", "flaky"): "flaky",
}
"""What became of a test, by its standing at the start and at the end; one that was flaky at the start is `flaky`."""


def words_of(run: SuiteRun) -> dict[str, Word]:
    """Return the outcome of each test of a run; one that is told of twice has the worse."""
    words = dict[str, Word]()
    for case in run.cases:
        known = words.get(case.test_id, case.outcome)
        words[case.test_id] = min(known, case.outcome, key=WORST.index)
    return words


def standing_of(test_id: str, runs: Sequence[Mapping[str, Word]], were_cut: Sequence[bool]) -> Standing:
    """Return what runs on the same files agree on; whether a test failed or was not reached makes no difference."""
    seen = {_in_run(test_id, words, was_cut=was_cut) for words, was_cut in zip(runs, were_cut, strict=True)}
    if seen == {"fails", "unreached"}:
        return "fails"
    return seen.pop() if len(seen) == 1 else "flaky"


def changes_of(start: Sequence[SuiteRun], end: Sequence[SuiteRun], tests: Iterable[str] | None = None) -> Changes:
    """Return what became of each test, or of these tests, in runs at the start and at the end."""
    before, after = _Runs.of(start), _Runs.of(end)
    # A file stands for its tests where it failed as a whole; once they are told of by name it says nothing more.
    files = {one.partition("::")[0] for one in before.ids | after.ids if "::" in one}
    found = dict[str, list[str]]()
    for test in sorted((before.ids | after.ids if tests is None else set(tests)) - files):
        pair = before.standing(test), after.standing(test)
        name = "flaky" if pair[0] == "flaky" else LIST_OF.get(pair)
        if name is not None:
            found.setdefault(name, []).append(test)
    return Changes(**{name: tuple(tests) for name, tests in found.items()})


def ids_of(runs: Iterable[SuiteRun]) -> set[str]:
    """Return every test that runs tell of."""
    return {case.test_id for run in runs for case in run.cases}


@dataclass(frozen=True)
class _Runs:
    """Runs on the same files."""

    words: tuple[dict[str, Word], ...]
    were_cut: tuple[bool, ...]
    ids: frozenset[str]

    @staticmethod
    def of(runs: Sequence[SuiteRun]) -> _Runs:
        return _Runs(
            tuple(words_of(run) for run in runs),
            tuple(run.trouble in CUT_SHORT for run in runs),
            frozenset(ids_of(runs)),
        )

    def standing(self, test_id: str) -> Standing:
        return standing_of(test_id, self.words, self.were_cut)


def _in_run(test_id: str, words: Mapping[str, Word], *, was_cut: bool) -> Standing:
    if test_id in words:
        return STANDING[words[test_id]]
    whole = words.get(test_id.partition("::")[0])
    if whole is None:
        return "unreached" if was_cut else "absent"
    return "unreached" if STANDING[whole] == "fails" else STANDING[whole]
