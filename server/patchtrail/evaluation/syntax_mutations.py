"""Code that does not parse: a colon, a bracket, a quote or an indentation is wrong."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from random import Random

from patchtrail.evaluation.mutation import Mutation, edited
from patchtrail.evaluation.source import Source, indent_of

__all__ = ["bad_indentation", "missing_colon", "open_bracket", "open_quote"]

GROUP = "syntax errors"
RULE = "invalid-syntax"
COMPOUND = (ast.FunctionDef, ast.ClassDef, ast.If, ast.For, ast.While, ast.With, ast.Try)


def missing_colon(source: Source, _random: Random) -> Iterator[Mutation]:
    """Drop the colon behind a header of one line."""
    for node in source.nodes:
        if isinstance(node, COMPOUND):
            at = node.lineno - 1
            line = source.lines[at]
            if line.rstrip().endswith(":") and "#" not in line:
                yield edited(RULE, GROUP, at, line.rstrip()[:-1] + "\n")


def open_bracket(source: Source, _random: Random) -> Iterator[Mutation]:
    """Drop the bracket that closes a call at a line's end."""
    for node in source.nodes:
        if isinstance(node, ast.Call) and node.end_lineno == node.lineno:
            at = node.lineno - 1
            line = source.lines[at]
            if line.rstrip().endswith(")") and len(line.encode().rstrip()) == node.end_col_offset:
                yield edited(RULE, GROUP, at, line.rstrip()[:-1] + "\n")


def open_quote(source: Source, _random: Random) -> Iterator[Mutation]:
    """Drop the quote that closes a string."""
    for node in source.nodes:
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or node.lineno != node.end_lineno:
            continue
        at, end = node.lineno - 1, node.end_col_offset or 0
        line = source.lines[at]
        is_plain = line.isascii() and line.count('"') == 2 and "'" not in line and line[end - 1 : end] == '"'
        if is_plain and at not in source.inside_string:
            yield edited(RULE, GROUP, at, line[: end - 1] + line[end:])


def bad_indentation(source: Source, _random: Random) -> Iterator[Mutation]:
    """Indent one statement in the middle of a block differently from its neighbours."""
    for function in source.functions:
        for before, node in zip(function.body, function.body[1:], strict=False):
            at = node.lineno - 1
            line = source.lines[at]
            is_simple = isinstance(node, ast.Assign | ast.Return | ast.Expr) and node.end_lineno == node.lineno
            if is_simple and isinstance(before, ast.Assign | ast.Expr) and len(indent_of(line)) == node.col_offset:
                yield edited(RULE, GROUP, at, "  " + line)
