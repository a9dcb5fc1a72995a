"""Every recorded test run once more, on the files as they stood when it began, compared test by test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from patchtrail.contract.event_lines import Event
from patchtrail.contract.events import TestCase, TestRun
from patchtrail.contract.qa import RecordedRun, TestDisagreement
from patchtrail.qa.outcomes import words_of
from patchtrail.qa.suite import SuiteRun
from patchtrail.redaction.placeholder import PLACEHOLDER
from patchtrail.trace.recorded_cases import cases_of
from patchtrail.trace.test_names import is_same_test, key_of, last_part

__all__ = ["MAX_RERUNS", "agreement_of", "compared", "red_keys", "rerun_all", "runs_at"]

MAX_RERUNS = 12
"""Different ones; more of a trace are not run again, the first half and the last half of so many are."""
MAX_REDACTED, MAX_ALIKE = 200, 2_000
"""Of names that have to be compared with each of a run; of more nothing is said, or those count that are equal."""
BROKEN = frozenset({"failed", "error"})
Rerun = Callable[[int, TestRun], SuiteRun | None]


@dataclass(frozen=True)
class _Named:
    """A test under the name by which it is followed, and its outcome."""

    test_id: str
    word: str


def runs_at(events: Sequence[Event]) -> list[tuple[int, TestRun]]:
    """Return the recorded runs, each with its place in the list."""
    return [(at, event.data) for at, event in enumerate(events) if isinstance(event.data, TestRun)]


def rerun_all(
    events: Sequence[Event], artifacts: Mapping[str, bytes], moments: Mapping[int, int], rerun: Rerun
) -> list[RecordedRun]:
    """Run again what was recorded; `moments` gives the moment of each run's files by its place.

    Runs with equal moments and commands are run once; of too many different ones those in the middle are left out.
    """
    recorded = runs_at(events)
    distinct = list(dict.fromkeys((moments[at], run.command_line) for at, run in recorded))
    half = MAX_RERUNS // 2
    chosen = set(distinct if len(distinct) <= MAX_RERUNS else distinct[:half] + distinct[-half:])
    told = list[RecordedRun]()
    for at, run in recorded:
        if (moments[at], run.command_line) not in chosen:
            told.append(_untold(events[at].seq, f"Not run again: at most {MAX_RERUNS} different runs are."))
            continue
        again = rerun(moments[at], run)
        if again is None:
            told.append(_untold(events[at].seq, "Not run again, for want of time."))
        else:
            told.append(compared(events[at].seq, run, cases_of(run, artifacts), again))
    return told


def compared(seq: int, run: TestRun, cases: Sequence[TestCase], again: SuiteRun) -> RecordedRun:
    """Return a recorded run beside its re-run; failed and broken by an error are the same to both."""
    if again.trouble not in ("", "not_importable"):
        return _untold(seq, again.problem or "It could not be run again.")
    if not cases:
        return _by_exit(seq, run, again)
    reran = _by_name(again.cases, run)
    disagreements, both = list[TestDisagreement](), 0
    redacted = 0
    for key, named in _named(cases, run).items():
        redacted += (is_redacted := PLACEHOLDER.search(key) is not None)
        found = None if is_redacted and redacted > MAX_REDACTED else _find(key, reran)
        # A name in redacted form may be any of several; where none can be meant, nothing is said.
        if found is None and is_redacted:
            continue
        both += found is not None
        word = "absent" if found is None else found.word
        if word != named.word and not {word, named.word} <= BROKEN:
            disagreements.append(
                TestDisagreement.model_validate({"test_id": named.test_id, "recorded": named.word, "rerun": word})
            )
    return RecordedRun(seq=seq, agrees=not disagreements, compared=both, disagreements=disagreements)


def agreement_of(runs: Sequence[RecordedRun]) -> float | None:
    """Return the share of recorded outcomes that came out the same; None where none was compared.

    A recorded test that the re-run says nothing of counts as another outcome.
    """
    absent = sum(one.rerun == "absent" for run in runs for one in run.disagreements)
    total = sum(run.compared for run in runs) + absent
    wrong = sum(len(run.disagreements) for run in runs)
    return None if total == 0 else round(1 - wrong / total, 4)


def red_keys(events: Sequence[Event], artifacts: Mapping[str, bytes]) -> frozenset[str]:
    """Return the names of the tests on which a recorded run was red, and their ids as they were told."""
    red = [(case, run) for _, run in runs_at(events) for case in cases_of(run, artifacts) if case.outcome in BROKEN]
    return frozenset({key_of(case, run) for case, run in red} | {case.test_id for case, _ in red})


def _by_exit(seq: int, run: TestRun, again: SuiteRun) -> RecordedRun:
    if run.exit_code is None or again.exit_code is None:
        return _untold(seq, "The recorded run names no test and no exit code.")
    agrees = (run.exit_code == 0) == (again.exit_code == 0)
    return RecordedRun(
        seq=seq, agrees=agrees, compared=0, problem="The recorded run names no test; the exit codes were compared."
    )


def _untold(seq: int, problem: str) -> RecordedRun:
    return RecordedRun(seq=seq, agrees=None, compared=0, problem=problem)


def _named(cases: Sequence[TestCase], run: TestRun) -> dict[str, _Named]:
    words = words_of(SuiteRun(cases=tuple(cases)))
    return {key_of(case, run): _Named(case.test_id, words[case.test_id]) for case in cases}


def _by_name(cases: Sequence[TestCase], run: TestRun) -> dict[str, dict[str, _Named]]:
    """Return tests by the last part of their names, each with its whole name."""
    found = dict[str, dict[str, _Named]]()
    for key, named in _named(cases, run).items():
        found.setdefault(last_part(key), {})[key] = named
    return found


def _find(key: str, among: Mapping[str, Mapping[str, _Named]]) -> _Named | None:
    """Return the test of this name; a name that could mean two tests means neither."""
    alike = among.get(last_part(key), {})
    if key in alike:
        return alike[key]
    if PLACEHOLDER.search(key):
        return _find_redacted(key, among)
    if len(alike) > MAX_ALIKE:
        return None
    same = [named for other, named in alike.items() if is_same_test(key, other)]
    return same[0] if len(same) == 1 else None


def _find_redacted(key: str, among: Mapping[str, Mapping[str, _Named]]) -> _Named | None:
    """Return the only test whose name begins and ends as a redacted one does."""
    first, *_, last = PLACEHOLDER.split(key)
    names = {other: named for alike in among.values() for other, named in alike.items()}
    found = [
        named
        for other, named in names.items()
        if len(other) >= len(first) + len(last) and other.startswith(first) and other.endswith(last)
    ]
    return found[0] if len(found) == 1 else None
