"""Join a session's events to fault episodes: a red test, the stops, notes and edits that followed, the green run.

Runs are ordered by when they began: what is saved while a run is under way is not what it ran. An episode belongs to
one test, under whatever name; a test that turns red again though nothing changed was never fixed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from patchtrail.contract.debugging import DebugStop
from patchtrail.contract.episodes import Episode
from patchtrail.contract.event_lines import Event, EventData
from patchtrail.contract.events import RationaleNote, TestCase, TestRun
from patchtrail.contract.files import FileRename
from patchtrail.trace.changes import Change, change_of, renamed_tests, that_matter
from patchtrail.trace.test_names import is_same_test, key_of, last_part, module_of

__all__ = ["Episodes", "episodes_of"]

SLACK_MS = 2_000
"""Clocks of client and sidecar, and the way of a report, blur when a run began."""
MAX_LISTED = 200
MAX_OPEN = 1_000
NO_TESTS_RAN = (None, 2, 4, 5, 130)
BROKEN = ("failed", "error")


def episodes_of(events: Iterable[Event]) -> list[Episode]:
    """Return the episodes of a trace, in the order in which they began."""
    joined = Episodes()
    for event in events:
        joined.take(event.seq, event.mono_ms, event.data)
    return joined.all()


@dataclass(frozen=True)
class Run:
    """A test run: its number, and when it began and ended."""

    seq: int
    began_ms: int
    ended_ms: int

    def saw(self, change: Change) -> bool:
        """Whether a change was there when the run began."""
        return change.seq < self.seq and change.at_ms <= self.began_ms + SLACK_MS


@dataclass
class Following:
    """An episode as it goes on."""

    key: str
    ids: list[str]
    message: str
    command_line: str
    red: list[Run]
    green: Run | None = None
    fixing: list[int] = field(default_factory=list)
    is_flaky: bool = False


@dataclass
class Episodes:
    """The episodes of one session; takes its events in order."""

    _changes: list[Change] = field(default_factory=list)
    _history: dict[str, list[Change]] = field(default_factory=dict)
    _edits: list[int] = field(default_factory=list)
    _stops: list[int] = field(default_factory=list)
    _notes: list[tuple[int, list[int]]] = field(default_factory=list)
    _open: dict[str, Following] = field(default_factory=dict)
    _names: dict[str, set[str]] = field(default_factory=dict)
    _all: list[Following] = field(default_factory=list)
    _latest: dict[str, Following] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _moved: list[tuple[str, str]] = field(default_factory=list)
    _renamed: dict[str, str] = field(default_factory=dict)

    def take(self, seq: int, mono_ms: int, data: EventData) -> None:
        """Take the next event, at an instant of the session's clock."""
        match data:
            case TestRun():
                self._run(Run(seq, mono_ms - data.duration_ms, mono_ms), data)
            case DebugStop():
                self._stops.append(seq)
            case RationaleNote():
                self._notes.append((seq, data.links))
            case FileRename():
                self._moved.append((module_of(data.file_path), module_of(data.new_path)))
        change = change_of(seq, mono_ms, data)
        if change is not None:
            self._changes.append(change)
            self._edits.append(seq)
            self._history.setdefault(change.place, []).append(change)
            self._renamed.update(renamed_tests(change))

    def all(self, newest: int | None = None) -> list[Episode]:
        """Return the episodes in the order in which they began; of many only the newest, if so many are asked for."""
        chosen = self._all if newest is None else self._all[-newest:]
        return [self._told(one) for one in chosen]

    def red_runs(self) -> dict[str, tuple[str, int]]:
        """Return, for each test that is red now, how it is called and how many red runs it has had."""
        return {one.key: (one.ids[-1] or one.command_line, len(one.red)) for one in self._open.values()}

    def _run(self, run: Run, data: TestRun) -> None:
        cases = {key_of(case, data): case for case in data.cases}
        self._follow_names(cases)
        for key, case in cases.items():
            if case.outcome in BROKEN:
                self._turned_red(key, case, run, data)
        for key, case in cases.items():
            known = self._find(key) if case.outcome == "passed" else None
            if known is not None:
                known.is_flaky = known.is_flaky or case.is_flaky
                self._turned_green(known, case.test_id, run)
        if not data.cases and data.totals is None and data.exit_code not in (0, *NO_TESTS_RAN):
            self._turned_red_untold(run, data)
        if data.exit_code == 0:
            self._all_green(run, data, cases)
        self._seen.update(cases)

    def _all_green(self, run: Run, data: TestRun, cases: dict[str, TestCase]) -> None:
        """Passed tests are not listed everywhere; the same command that ends well says as much."""
        is_whole = bool(data.cases) and data.evidence != "output" and data.cases_artifact is None
        named = _by_name(cases)
        for known in list(self._open.values()):
            is_listed = _is_among(known.key, named)
            is_untold = known.ids == [""]
            if known.command_line == data.command_line and not is_listed and (is_untold or not is_whole):
                self._turned_green(known, known.ids[-1], run)

    def _turned_red(self, key: str, case: TestCase, run: Run, data: TestRun) -> None:
        known = self._find(key) or self._reopened(key, run)
        if known is None:
            self._begin(Following(key, [case.test_id], _first_line(case.message), data.command_line, [run]))
            return
        known.red.append(run)
        self._call(known, key, case.test_id)

    def _turned_red_untold(self, run: Run, data: TestRun) -> None:
        """Of a run that tells of no test only its command can be followed."""
        if any(known.command_line == data.command_line and known.ids != [""] for known in self._open.values()):
            return
        key = f"$ {data.command_line}"
        known = self._open.get(key) or self._reopened(key, run)
        if known is None:
            self._begin(Following(key, [""], "", data.command_line, [run]))
        else:
            known.red.append(run)

    def _begin(self, begun: Following) -> None:
        if len(self._open) < MAX_OPEN:
            self._put(begun)
            self._all.append(begun)

    def _put(self, known: Following) -> None:
        self._open[known.key] = self._latest[known.key] = known
        self._names.setdefault(last_part(known.key), set()).add(known.key)

    def _drop(self, key: str) -> None:
        if self._open.pop(key, None) is not None:
            self._names[last_part(key)].discard(key)

    def _reopened(self, key: str, run: Run) -> Following | None:
        """Return a test's last episode if nothing changed since it turned green: then it never was fixed."""
        known = self._latest.get(key)
        if known is None or known.green is None or self._between(known.green, run):
            return None
        known.green, known.fixing, known.is_flaky = None, [], True
        self._put(known)
        return known

    def _turned_green(self, known: Following, test_id: str, run: Run) -> None:
        self._drop(known.key)
        if test_id != known.ids[-1]:
            known.ids.append(test_id)
        known.green = run
        known.fixing = [change.seq for change in self._fixing(known.red[-1], run)]
        known.is_flaky = known.is_flaky or not known.fixing

    def _find(self, key: str) -> Following | None:
        """Return the open episode of a test; a name that could mean two tests means neither."""
        known = self._open.get(key)
        if known is not None:
            return known
        alike = [one for one in self._names.get(last_part(key), ()) if is_same_test(one, key)]
        return self._open[alike[0]] if len(alike) == 1 else None

    def _follow_names(self, cases: dict[str, TestCase]) -> None:
        """Find open episodes' tests that this run does not name under what they may be called by now."""
        unseen, named = _by_name(key for key in cases if key not in self._seen), _by_name(cases)
        for known in list(self._open.values()):
            if not unseen or _is_among(known.key, named):
                continue
            new = self._new_names(known.key)
            found = [key for name in {last_part(one) for one in new} for key in unseen.get(name, [])]
            told = [key for key in found if any(is_same_test(key, one) for one in new)] or found
            if len(told) == 1:
                self._call(known, told[0], cases[told[0]].test_id)

    def _new_names(self, key: str) -> list[str]:
        names = [key]
        for old, new in self._moved:
            names += [f"{new}{name.removeprefix(old)}" for name in names if name.startswith(f"{old}.")]
        for old, new in self._renamed.items():
            names += [_with_last_part(name, old, new) for name in names if last_part(name).partition("[")[0] == old]
        return names

    def _call(self, known: Following, key: str, test_id: str) -> None:
        if test_id != known.ids[-1]:
            known.ids.append(test_id)
        if key != known.key:
            self._drop(known.key)
            known.key = key
            self._put(known)

    def _between(self, before: Run, after: Run) -> list[Change]:
        """Return the changes that `before` did not see and `after` did."""
        first = bisect_left(self._changes, before.began_ms, key=lambda change: change.at_ms)
        return [change for change in self._changes[first:] if not before.saw(change) and after.saw(change)]

    def _fixing(self, red: Run, green: Run) -> list[Change]:
        changes = self._between(red, green)
        if not changes:
            return []
        hashes: dict[str, str | None] = {}
        for place in {change.place for change in changes}:
            history = self._history[place]
            before = bisect_left(history, changes[0].seq, key=lambda change: change.seq)
            hashes[place] = history[before - 1].hash_after if before else None
        return that_matter(changes, hashes)

    def _told(self, known: Following) -> Episode:
        first, green = known.red[0].seq, known.green
        last = green.seq if green else None
        marks = {run.seq for run in known.red} | set(known.fixing) | ({last} if last is not None else set())
        notes = [
            seq
            for seq, links in self._notes
            if seq > first and (last is None or seq < last or not marks.isdisjoint(links))
        ]
        return Episode(
            test_id=known.ids[-1],
            former_ids=list(dict.fromkeys(one for one in known.ids[:-1] if one != known.ids[-1])),
            message=known.message,
            command_line=known.command_line,
            red=[run.seq for run in known.red][-MAX_LISTED:],
            red_runs=len(known.red),
            red_ms=known.red[0].ended_ms,
            green=last,
            green_ms=green.ended_ms if green else None,
            stops=_within(self._stops, first, last),
            notes=notes[-MAX_LISTED:],
            edits=_within(self._edits, first, last),
            fixing_edits=known.fixing[:MAX_LISTED],
            first_fixing_edit=known.fixing[0] if known.fixing else None,
            is_flaky=known.is_flaky,
        )


def _by_name(keys: Iterable[str]) -> dict[str, list[str]]:
    named = dict[str, list[str]]()
    for key in keys:
        named.setdefault(last_part(key), []).append(key)
    return named


def _is_among(key: str, named: dict[str, list[str]]) -> bool:
    return any(is_same_test(key, one) for one in named.get(last_part(key), ()))


def _within(seqs: list[int], first: int, last: int | None) -> list[int]:
    stop = len(seqs) if last is None else bisect_left(seqs, last)
    start = bisect_right(seqs, first)
    return seqs[max(start, stop - MAX_LISTED) : stop]


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _with_last_part(key: str, old: str, new: str) -> str:
    head, bracket, parameters = key.partition("[")
    return f"{head.removesuffix(old)}{new}{bracket}{parameters}"
