"""Who wrote it: scripted acts whose author is known, what is made of them, and how often a probability is right."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from patchtrail.contract.files import AuthorShare
from tests.authors.recorded import FACTS, Known, judge, load, store
from tests.bench.table import Goal, Row, Section
from tests.e2e.conftest import PATCHTRAIL, ROOT, TARGET
from tests.e2e.desk import Collector
from tests.e2e.truth import facts_of, play_all

__all__ = ["measure"]

SOURCES = ("typing", "paste", "undo", "format_on_save", "quick_fix", "ai", "external", "unknown")
HANDS = ("typing", "undo", "paste")
BINS = (0.0, 0.6, 0.8, 0.9, 0.95, 0.98, 1.001)
LONG_CHARS = 20

Judge = Callable[[Known], Sequence[AuthorShare]]


@dataclass(frozen=True)
class Verdicts(Section):
    """A section of sentences and small tables of its own."""

    lines: Sequence[str] = ()

    def __str__(self) -> str:
        """Return the lines below the title."""
        return "\n".join([self.title, *(f"  {line}" for line in self.lines)])


def measure(folder: Path) -> Iterator[Section]:
    """Yield the verdicts on the acts, played in a real editor where there is one, and what a keystroke takes."""
    cases, where = _cases(folder)
    yield Verdicts(f"9. Who wrote it: {len(cases)} scripted acts, {where}", [], lines=list(_lines(cases)))
    told = json.loads(
        subprocess.run(
            ["node", "--import", "tsx", "tests/bench/keystrokes.ts"], cwd=ROOT, check=True, capture_output=True
        ).stdout
    )
    keys = Row("facts of a keystroke, in the extension", "ms", told["took"], goal=Goal("p99 < 2"))
    saved = Row("facts at the save", "ms", [told["saved"]])
    notes = [f"{len(told['took']):,} keystrokes without a save: {told['groups']} groups, {told['bytes'] // 1024} KiB."]
    yield Section("10. What the facts cost", [keys, saved], notes)


def _cases(folder: Path) -> tuple[list[Known], str]:
    packages = list((ROOT / "dist").glob(f"patchtrail-{TARGET}-*.vsix"))
    if not packages or not (ROOT / ".editor/.ready").exists():
        return load(), f"facts recorded from a real editor ({FACTS.relative_to(ROOT)})"
    collector = Collector(PATCHTRAIL, folder / "collector")
    try:
        played = play_all(folder, packages[0], collector)
    finally:
        collector.stop()
    store([facts_of(one) for one in played], folder / "played.json")
    return load(folder / "played.json"), "played just now in a real editor"


def _lines(cases: Sequence[Known]) -> Iterator[str]:
    yield from _confusion(cases)
    yield ""
    yield from _calibration(cases)
    yield ""
    yield f"{'':34}{'acts right':>12}{'programs called a person':>27}{'Brier':>8}"
    for name, judged in (
        ("ours", _ours),
        ("whatever is saved is a person's", _everybody),
        (f"more than {LONG_CHARS} characters at once are AI's", _long),
    ):
        figures = f"{_right(cases, judged):>12}{_taken_for_a_person(cases, judged):>27}{_brier(cases, judged):>8.3f}"
        yield f"{name:34}{figures}"


def _confusion(cases: Sequence[Known]) -> Iterator[str]:
    """Rows are who did it; columns are the source with the largest share."""
    yield f"{'who did it':16}" + "".join(f"{source:>15}" for source in SOURCES)
    for truth in SOURCES[:-1]:
        found = [judge(one).shares[0].source for one in cases if one.truth == truth]
        if found:
            yield f"{truth:16}" + "".join(f"{found.count(source) or '.':>15}" for source in SOURCES)


def _calibration(cases: Sequence[Known]) -> Iterator[str]:
    shares = _weighed(cases, _ours)
    error = 0.0
    yield f"{'probability':16}{'shares':>10}{'mean':>10}{'right':>10}"
    for low, high in pairwise(BINS):
        inside = [(told, right) for told, right in shares if low <= told < high]
        if not inside:
            continue
        mean = sum(told for told, _ in inside) / len(inside)
        right = sum(right for _, right in inside) / len(inside)
        error += abs(mean - right) * len(inside) / len(shares)
        yield f"{f'{low:.2f} to {min(high, 1):.2f}':16}{len(inside):>10}{mean:>10.3f}{right:>10.3f}"
    yield f"Brier score {_brier(cases, _ours):.3f}, expected calibration error {error:.3f} (0 is best)."


def _weighed(cases: Sequence[Known], judged: Judge) -> list[tuple[float, bool]]:
    return [(one.probability_milli / 1000, one.source == case.truth) for case in cases for one in judged(case)]


def _brier(cases: Sequence[Known], judged: Judge) -> float:
    shares = _weighed(cases, judged)
    return sum((told - right) ** 2 for told, right in shares) / len(shares)


def _right(cases: Sequence[Known], judged: Judge) -> str:
    right = [one for one in cases if {share.source for share in judged(one)} == {one.truth}]
    return f"{len(right)} of {len(cases)}"


def _taken_for_a_person(cases: Sequence[Known], judged: Judge) -> str:
    programs = [one for one in cases if one.truth not in HANDS]
    wrong = [one for one in programs if any(share.source == "typing" for share in judged(one))]
    return f"{len(wrong)} of {len(programs)}"


def _ours(known: Known) -> Sequence[AuthorShare]:
    return judge(known).shares


def _everybody(known: Known) -> Sequence[AuthorShare]:
    return [AuthorShare(source="typing", chars=known.chars, probability_milli=1000, reasons=[])]


def _long(known: Known) -> Sequence[AuthorShare]:
    is_long = any(one.largest_insert > LONG_CHARS for one in known.groups)
    source = "ai" if is_long else "typing"
    return [
        AuthorShare.model_validate({"source": source, "chars": known.chars, "probability_milli": 1000, "reasons": []})
    ]
