"""Every number of the catalogue has tests, and every test that it names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tidy.test_promises import proofs

CATALOGUE = Path(__file__).parents[1] / "catalogue.txt"
NUMBERS = (4, 9, *range(14, 31), 44, 45, 46, 49, *range(51, 56))


def entries() -> dict[int, list[str]]:
    """Return the tests beside each number."""
    found, number = dict[int, list[str]](), 0
    for line in CATALOGUE.read_text().splitlines()[1:]:
        if line and not line.startswith(" "):
            number = int(line.split()[0])
            assert number not in found, f"{number} is there twice"
            found[number] = []
        elif line:
            found[number].append(line.strip())
    return found


def test_every_number_is_there() -> None:
    """The numbers are complete, and in order."""
    assert tuple(entries()) == NUMBERS


@pytest.mark.parametrize(("number", "named"), entries().items(), ids=map(str, entries()))
def test_a_number_is_proved(number: int, named: list[str]) -> None:
    """A number has tests beside it, each exists, and one that carries a number in its name carries this one."""
    docstrings = proofs()

    assert named
    assert [test for test in named if test not in docstrings] == []
    assert all(int(of[1]) == number for test in named if (of := re.match(r"test_(\d\d)_", test)))
