"""Broken imports: one that nobody uses, two on one line, two in the wrong order."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise
from random import Random

from patchtrail.evaluation.mutation import Mutation
from patchtrail.evaluation.source import Source

__all__ = ["joined_imports", "unsorted_imports", "unused_import"]

GROUP = "imports"
SPARE = (
    "import bisect\n",
    "import calendar\n",
    "import colorsys\n",
    "import fractions\n",
    "from fractions import Fraction\n",
    "from statistics import median\n",
    "import textwrap as tw\n",
    "from collections import ChainMap, deque\n",
    "import xml.dom.minidom\n",
    "from string import Template\n",
)


def unused_import(source: Source, random: Random) -> Iterator[Mutation]:
    """Add an import that nothing uses behind one that is there."""
    for node in source.tree.body:
        if not isinstance(node, ast.Import) or not source.is_alone(node):
            continue
        spare = random.choice(SPARE)
        names = [
            one.asname or one.name.split(".")[0] for one in ast.walk(ast.parse(spare)) if isinstance(one, ast.alias)
        ]
        if len(names) == 1 and names[0] not in source.text:
            yield Mutation("F401", GROUP, node.lineno, node.lineno, (spare,))


def joined_imports(source: Source, _random: Random) -> Iterator[Mutation]:
    """Join two plain imports that follow each other into one statement."""
    for one, other in _neighbours(source):
        if isinstance(one, ast.Import) and isinstance(other, ast.Import):
            names = ", ".join(ast.unparse(alias) for alias in [*one.names, *other.names])
            yield Mutation("E401", GROUP, one.lineno - 1, other.end_lineno or other.lineno, (f"import {names}\n",))


def unsorted_imports(source: Source, _random: Random) -> Iterator[Mutation]:
    """Swap two imports that follow each other."""
    for one, other in _neighbours(source):
        first, middle, last = one.lineno - 1, other.lineno - 1, other.end_lineno or other.lineno
        yield Mutation("I001", GROUP, first, last, (*source.lines[middle:last], *source.lines[first:middle]))


def _neighbours(source: Source) -> Iterator[tuple[ast.stmt, ast.stmt]]:
    """Yield pairs of imports with nothing between them."""
    for one, other in pairwise(source.tree.body):
        is_pair = isinstance(one, ast.Import | ast.ImportFrom) and isinstance(other, ast.Import | ast.ImportFrom)
        if is_pair and one.end_lineno == other.lineno - 1 and source.is_alone(one) and source.is_alone(other):
            yield one, other
