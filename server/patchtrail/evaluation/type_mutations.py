"""Code whose types are wrong: a returned literal, a default value, an annotation."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from random import Random

from patchtrail.evaluation.mutation import Mutation, edited
from patchtrail.evaluation.source import Source

__all__ = ["wrong_annotation", "wrong_default", "wrong_return"]

GROUP = "type errors"
WRONG = {"str": ("0", "None", "1.5"), "int": ('"0"', "None", '"many"'), "bool": ('"yes"', '"no"'), "float": ('"0.5"',)}
OTHER = {"str": "int", "int": "str", "bool": "str", "float": "str", "None": "int"}


def wrong_return(source: Source, random: Random) -> Iterator[Mutation]:
    """Return a literal of another type than the annotation says."""
    for function in source.functions:
        wrong = WRONG.get(ast.unparse(function.returns) if function.returns else "")
        last = function.body[-1]
        if wrong is None or not isinstance(last, ast.Return) or last.value is None or last.lineno != last.end_lineno:
            continue
        at = last.lineno - 1
        line = source.lines[at]
        if line.isascii() and line.strip().startswith("return "):
            yield edited("return-value", GROUP, at, f"{line[: last.value.col_offset]}{random.choice(wrong)}\n")


def wrong_default(source: Source, random: Random) -> Iterator[Mutation]:
    """Give a parameter a default value of another type."""
    for function in source.functions:
        positional = [*function.args.posonlyargs, *function.args.args]
        named = positional[len(positional) - len(function.args.defaults) :]
        for argument, default in zip(named, function.args.defaults, strict=True):
            wrong = WRONG.get(ast.unparse(argument.annotation) if argument.annotation else "")
            if wrong is None or not isinstance(default, ast.Constant) or default.lineno != default.end_lineno:
                continue
            at, start, end = default.lineno - 1, default.col_offset, default.end_col_offset or 0
            line = source.lines[at]
            if line.isascii():
                yield edited("assignment", GROUP, at, f"{line[:start]}{random.choice(wrong)}{line[end:]}")


def wrong_annotation(source: Source, _random: Random) -> Iterator[Mutation]:
    """Annotate what a function returns with another type."""
    for function in source.functions:
        note = function.returns
        other = OTHER.get(ast.unparse(note)) if note else None
        if (
            note is None
            or other is None
            or note.lineno != note.end_lineno
            or not isinstance(function.body[-1], ast.Return)
        ):
            continue
        at = note.lineno - 1
        line = source.lines[at]
        if line.isascii():
            yield edited("return-value", GROUP, at, f"{line[: note.col_offset]}{other}{line[note.end_col_offset :]}")
