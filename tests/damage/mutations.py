"""Right changes by reverse mutation: correct code is the text after, code with a small fault the text before."""

from __future__ import annotations

import re
from random import Random

from tests.damage.truth import Truth

__all__ = ["mutated"]

SWAPS = (
    (" == ", " != "), (" < ", " <= "), (" > ", " >= "), (" + ", " - "), (" and ", " or "), (" && ", " || "),
    ("True", "False"), ("true", "false"), (" 0", " 1"), (" 1", " 2"), ("return ", "return not_"),
    (" is not None", " is None"), ("[0]", "[1]"),
)  # fmt: skip
JUNK = {
    "python": ["debug = True", "print('here')", "raise NotImplementedError"],
    "javascript": ["console.log('here');", "debugger;", "const unused = 1;"],
    "go": ['fmt.Println("here")', "_ = 0", 'panic("todo")'],
}
OPENERS = (":", "{", "(", "[", ",", "\\")


def mutated(source: str, file_path: str, language: str, *, seed: int) -> Truth | None:
    """Return a change that turns a faulty copy into `source`, or None when this seed finds no place for a fault."""
    rng = Random(f"{seed}:{file_path}")
    lines, at = source.split("\n"), 0
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        places = [i for i in range(at, len(lines) - 2) if _is_plain(lines, i)]
        if not places:
            break
        place = rng.choice(places[: max(1, len(places) // 2)] if at else places)
        lines, grown = _faulty(lines, place, language, rng)
        at = place + grown + 12
    before = "\n".join(lines)
    return None if before == source else Truth(file_path, before, source, language)


def _is_plain(lines: list[str], i: int) -> bool:
    text = lines[i].rstrip()
    return len(text.strip()) > 4 and text.startswith((" ", "\t")) and not text.endswith(OPENERS)


def _faulty(lines: list[str], i: int, language: str, rng: Random) -> tuple[list[str], int]:
    line = lines[i]
    indent = line[: len(line) - len(line.lstrip())]
    kind = rng.choice(["swap", "swap", "swap", "drop", "junk", "replace"])
    swaps = [(one, other) for one, other in SWAPS if one in line]
    if kind == "swap" and swaps:
        one, other = rng.choice(swaps)
        return [*lines[:i], line.replace(one, other, 1), *lines[i + 1 :]], 0
    if kind == "drop" and not re.match(r"\s*(return|raise|def|class|func|function|if|for|\}|\)|\])", line):
        return [*lines[:i], *lines[i + 1 :]], -1
    junk = indent + rng.choice(JUNK[language])
    if kind == "replace":
        return [*lines[:i], junk, *lines[i + 1 :]], 0
    return [*lines[:i], junk, *lines[i:]], 1


def broken(source: str, file_path: str, language: str, *, seed: int) -> Truth | None:
    """Return a change that repairs one line which keeps the file from parsing, or None."""
    rng = Random(f"{seed}:{file_path}:broken")
    lines = source.split("\n")
    i = rng.randrange(len(lines))
    line = lines[i]
    faults = [line.rstrip()[:-1] if line.rstrip().endswith((":", "{", ")")) else line, line.replace("(", "", 1),
              re.sub(r"\)(?!.*\))", "", line, count=1)]  # fmt: skip
    faulty = rng.choice(faults)
    before = "\n".join([*lines[:i], faulty, *lines[i + 1 :]])
    return None if faulty == line else Truth(file_path, before, source, language)
