"""Hints of 1,000 patterns in a Python file of 2,000 lines; the floor is the standard library's tokenizer on it."""

from __future__ import annotations

import io
import time
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

from patchtrail.contract.learning import Pattern
from patchtrail.learning import shape
from patchtrail.learning.pattern_places import PatternPlaces, Surroundings
from tests.bench.table import Row, Section
from tests.learning.patterns import pattern_of

__all__ = ["measure"]

PATTERNS = 1_000
LINES = 2_000
ROUNDS = 60
WHERE = Surroundings("shop", "python", "shop/cart.py")


def measure(folder: Path) -> Iterator[Section]:
    """Yield the time of one answer, where no pattern's names are in the text, and where those of all are."""
    line = Path(shape.__file__).read_text().splitlines()
    text = "\n".join((line * (LINES // len(line) + 1))[:LINES])
    named = "\n".join(f"call_{number}" for number in range(PATTERNS))
    begun = time.perf_counter()
    places = PatternPlaces(_pattern(number) for number in range(PATTERNS))
    read = time.perf_counter() - begun
    rows = [
        _row("no pattern's names are in it", text, places),
        _row("the names of all are in it", f"{text}\n'''{named} lib part'''\n", places),
    ]
    yield Section(
        f"12. Hints of {PATTERNS:,} patterns in {LINES:,} lines, off the event loop; floor: tokenize",
        rows,
        [f"The library's shapes are made in {read:.2f} s, once per change of its file."],
    )


def _pattern(number: int) -> Pattern:
    bad, good = f"x = lib.part.call_{number}(y, {number})", f"x = lib.part.other_{number}(y)"
    return pattern_of(f"p{number}", state="active", bad_example=f"import lib\n{bad}", good_example=good, negative=[])


def _row(name: str, text: str, places: PatternPlaces) -> Row:
    ours, floor = list[float](), list[float]()
    for _ in range(ROUNDS):
        ours.append(_took(lambda: places.find(text, WHERE)))
        floor.append(_took(lambda: [*tokenize.generate_tokens(io.StringIO(text).readline)]))
    return Row(name, "ms", ours, floor)


def _took(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1_000
