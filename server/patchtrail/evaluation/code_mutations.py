"""Broken statements: a variable that nobody reads, comparisons with None and with a truth value."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from random import Random

from patchtrail.evaluation.mutation import Mutation, edited
from patchtrail.evaluation.source import Source, indent_of

__all__ = ["compared_with_none", "compared_with_true", "unused_variable"]

GROUP = "statements"
NAMES = ("scratch", "previous_total", "leftover", "snapshot_size", "debug_copy", "old_state")
VALUES = ("0", "None", "[]", '"pending"', "{}", "len(str(0))", "1 + 2")


def unused_variable(source: Source, random: Random) -> Iterator[Mutation]:
    """Assign a variable that nothing reads, before a statement inside a function."""
    for function in source.functions:
        at = function.body[-1]
        name = random.choice(NAMES)
        if name in source.text or at is function.body[0] or at.lineno - 1 in source.inside_string:
            continue
        line = source.lines[at.lineno - 1]
        if len(indent_of(line)) == at.col_offset and not isinstance(at, ast.FunctionDef | ast.ClassDef):
            added = f"{indent_of(line)}{name} = {random.choice(VALUES)}\n"
            yield Mutation("F841", GROUP, at.lineno - 1, at.lineno - 1, (added,))


def compared_with_none(source: Source, _random: Random) -> Iterator[Mutation]:
    """Compare with None by `==` and `!=` instead of `is`."""
    for node in source.nodes:
        if not isinstance(node, ast.Compare) or len(node.ops) != 1 or node.lineno != node.end_lineno:
            continue
        right = node.comparators[0]
        if isinstance(right, ast.Constant) and right.value is None and isinstance(node.ops[0], ast.Is | ast.IsNot):
            wanted, wrong = (
                (" is None", " == None") if isinstance(node.ops[0], ast.Is) else (" is not None", " != None")
            )
            line = source.lines[node.lineno - 1]
            if line.count(wanted) == 1:
                yield edited("E711", GROUP, node.lineno - 1, line.replace(wanted, wrong))


def compared_with_true(source: Source, _random: Random) -> Iterator[Mutation]:
    """Compare a condition with True or False instead of asking for it."""
    for node in source.nodes:
        if not isinstance(node, ast.If) or node.test.lineno != node.test.end_lineno:
            continue
        test, line = ast.unparse(node.test), source.lines[node.lineno - 1]
        negated = isinstance(node.test, ast.UnaryOp) and isinstance(node.test.op, ast.Not)
        inner = node.test.operand if isinstance(node.test, ast.UnaryOp) else node.test
        if not isinstance(inner, ast.Name | ast.Attribute) or f"if {test}:\n" not in line:
            continue
        wrong = f"if {ast.unparse(inner)} == {not negated}:\n"
        yield edited("E712", GROUP, node.lineno - 1, line.replace(f"if {test}:\n", wrong))
