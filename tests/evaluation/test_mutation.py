"""Mutations: what they break can be taken back, alone and together."""

from __future__ import annotations

import ast
from random import Random

import pytest

from patchtrail.evaluation.mutation import are_apart, broken, line_after, mended
from patchtrail.evaluation.plan import PLAN, Share, quotas
from patchtrail.evaluation.source import Source
from tests.evaluation.sources import some_sources

SOURCES = some_sources()
SAMPLE = '''"""Things for sale."""

import os
import sys
from collections import deque

LIMIT = 3


class Shelf:
    """Holds things."""

    def __init__(self) -> None:
        """Begin empty."""
        self.things: deque[str] = deque()

    def put(self, thing: str, *, times: int = 1) -> bool:
        """Put a thing there.

        It is put there as often as it is said, which must not be more often than the shelf can
        hold, because then there would be no room for anything else, and nobody would notice.
        """
        if thing is None:
            return False
        if self.things:
            print("there is", "something", file=sys.stderr)
        size = len(self.things)
        self.things.extend([thing] * times)
        return len(self.things) > size


def where() -> str:
    """Return where one is."""
    place = os.getcwd()
    return (
        "you are "
        f"at {place}"
    )
'''


@pytest.mark.parametrize("share", PLAN, ids=lambda one: f"{one.rule_id}-{one.mutator.__name__}")
def test_a_mutation_changes_and_is_taken_back(share: Share) -> None:
    """Every mutator changes its file, the same way for the same seed, and what it did can be taken back."""
    sources = [Source("shop/__init__.py" if share.rule_id == "D104" else "shop/shelf.py", SAMPLE), *SOURCES]
    found = [(source, one) for source in sources for one in share.mutator(source, Random(3))]
    again = [(source, one) for source in sources for one in share.mutator(source, Random(3))]

    assert found == again
    assert any(one.rule_id == share.rule_id for _, one in found)
    for source, one in found:
        assert broken(source, [one]) != source.text
        assert mended(source, [one], one) == source.text


def test_a_syntax_error_is_one() -> None:
    """Code that is said not to parse does not."""
    source = Source("shop/shelf.py", SAMPLE)
    spoilt = [one for share in PLAN for one in share.mutator(source, Random(1)) if one.rule_id == "invalid-syntax"]

    assert len(spoilt) > 5
    for one in spoilt:
        with pytest.raises(SyntaxError):
            ast.parse(broken(source, [one]))


def test_several_mutations_are_told_apart() -> None:
    """Of several mutations in one file each has its place in the broken text, and is taken back alone."""
    source = Source("shop/shelf.py", SAMPLE)
    every = [one for share in PLAN for one in share.mutator(source, Random(1))]
    first = next(one for one in every if one.rule_id == "F401")
    last = next(one for one in every if one.rule_id == "D103")

    text = broken(source, [first, last])

    assert are_apart([first, last])
    assert not are_apart([first, first])
    assert text.split("\n")[line_after([first, last], first)] + "\n" == first.lines[0]
    assert line_after([first, last], last) == last.first + 1
    assert mended(source, [first, last], first) == broken(source, [last])


def test_quotas_add_up() -> None:
    """The shares make about as many findings as are wanted, and at least one of each."""
    assert abs(sum(quotas(1000)) - 1000) < len(PLAN)
    assert min(quotas(1)) == 1
