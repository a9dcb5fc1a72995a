"""Broken documentation: docstrings that are missing, and docstrings whose form is wrong."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from random import Random

from patchtrail.evaluation.mutation import Mutation, edited
from patchtrail.evaluation.source import Docstring, Source, indent_of

__all__ = ["malformed_docstring", "missing_docstring"]

MISSING = "missing docstrings"
FORM = "docstring form"
QUOTES = '"""'


def missing_docstring(source: Source, _random: Random) -> Iterator[Mutation]:
    """Remove a docstring; a body of nothing else keeps `...`."""
    for one in source.docstrings:
        rule = _missing_rule(one, source.path)
        if rule is None:
            continue
        rest = one.owner.body[1:]
        if isinstance(one.owner, ast.Module) and not rest:
            continue
        last = one.last
        while rest and last < len(source.lines) and not source.lines[last].strip():
            last += 1
        kept = () if rest else (f"{indent_of(source.lines[one.first])}...\n",)
        yield Mutation(rule, MISSING, one.first, last, kept)


def _missing_rule(one: Docstring, path: str) -> str | None:
    """Return the rule that asks for this docstring."""
    if isinstance(one.owner, ast.Module):
        return "D104" if path.endswith("__init__.py") else "D100"
    if one.owner.name == "__init__":
        return "D107"
    if one.owner.name.startswith("__"):
        return "D105" if isinstance(one.parent, ast.ClassDef) else None
    if one.owner.name.startswith("_"):
        return None
    if isinstance(one.owner, ast.ClassDef):
        return "D106" if isinstance(one.parent, ast.ClassDef) else "D101"
    return "D102" if isinstance(one.parent, ast.ClassDef) else "D103"


def malformed_docstring(source: Source, random: Random) -> Iterator[Mutation]:
    """Spoil a docstring's form in one of the ways that people do."""
    for one in source.docstrings:
        plain = one.text.strip().startswith(QUOTES) and one.text.strip().endswith(QUOTES) and "\\" not in one.text
        if not plain:
            continue
        candidates = list(_multi_line(source, one) if one.is_multi_line else _single_line(one))
        if candidates:
            yield random.choice(candidates)


def _single_line(one: Docstring) -> Iterator[Mutation]:
    indent, inner = indent_of(one.text), one.text.strip()[3:-3]
    if not inner or inner != inner.strip() or '"' in inner:
        return
    yield edited("D210", FORM, one.first, f"{indent}{QUOTES} {inner} {QUOTES}\n")
    yield edited("D300", FORM, one.first, f"{indent}'''{inner}'''\n")
    yield Mutation(
        "D200", FORM, one.first, one.last, (f"{indent}{QUOTES}\n", f"{indent}{inner}\n", f"{indent}{QUOTES}\n")
    )
    if inner.endswith("."):
        yield edited("D400", FORM, one.first, f"{indent}{QUOTES}{inner[:-1]}{QUOTES}\n")
    word = inner.split(" ", maxsplit=1)[0]
    if word.isalpha() and word.istitle() and not isinstance(one.owner, ast.Module | ast.ClassDef):
        yield edited("D403", FORM, one.first, f"{indent}{QUOTES}{inner[0].lower()}{inner[1:]}{QUOTES}\n")


def _multi_line(source: Source, one: Docstring) -> Iterator[Mutation]:
    lines = source.lines[one.first : one.last]
    opening, closing = lines[0].strip(), lines[-1].strip()
    if closing == QUOTES and len(lines) > 2 and lines[-2].strip():
        joined = lines[-2].rstrip() + QUOTES + "\n"
        yield Mutation("D209", FORM, one.last - 2, one.last, (joined,))
    if len(opening) > 4 and not lines[1].strip() and len(lines) > 3 and lines[2].strip():
        yield Mutation("D205", FORM, one.first + 1, one.first + 2, ())
    if opening.startswith(QUOTES) and opening.endswith(".") and not lines[1].strip():
        yield edited("D400", FORM, one.first, lines[0].rstrip()[:-1] + "\n")
    is_function = isinstance(one.owner, ast.FunctionDef | ast.AsyncFunctionDef)
    if is_function and one.last < len(source.lines) and source.lines[one.last].strip() and len(one.owner.body) > 1:
        yield Mutation("D202", FORM, one.last, one.last, ("\n",))
