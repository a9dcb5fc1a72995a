"""Where definitions stand in a source text: what encloses a line, what a module imports, what a name means.

Python is read by its own parser; other languages, and Python that does not parse, by indentation.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from patchtrail.text.lines import split_lines

__all__ = ["Block", "Imported", "enclosing", "imports_of", "module_definitions", "names_in", "parse"]

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
LARGE_BLOCK_LINES = 150


@dataclass(frozen=True)
class Block:
    """Lines of a text, from 1, both included."""

    first: int
    last: int
    name: str = ""


@dataclass(frozen=True)
class Imported:
    """A name that a module takes from another: `module` is dotted, with leading dots where it is relative."""

    name: str
    module: str
    original: str


def parse(text: str) -> ast.Module | None:
    """Return the syntax tree of Python, or None where it does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def enclosing(text: str, line: int, tree: ast.Module | None) -> Block:
    """Return the smallest sensible block around a line: a function, a class that is not large, or a window."""
    lines = split_lines(text)
    if tree is not None:
        around = [node for node in _definitions(tree) if _first(node) <= line <= (node.end_lineno or node.lineno)]
        whole = [node for node in around if (node.end_lineno or node.lineno) - _first(node) < LARGE_BLOCK_LINES]
        if whole:
            # A method is understood with its class, as long as that is small.
            return Block(_first(whole[0]), whole[0].end_lineno or line, whole[0].name)
    return _by_indentation(lines, line)


def imports_of(tree: ast.Module) -> tuple[list[Block], list[Imported]]:
    """Return where a module's imports stand, and what they bring."""
    blocks: list[Block] = []
    names: list[Imported] = []
    for node in tree.body:
        if isinstance(node, ast.Import):
            names += [Imported(one.asname or one.name.split(".")[0], one.name, "") for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            names += [Imported(one.asname or one.name, module, one.name) for one in node.names]
        else:
            continue
        blocks.append(Block(node.lineno, node.end_lineno or node.lineno))
    return blocks, names


def module_definitions(tree: ast.Module) -> dict[str, Block]:
    """Return what a module defines at its top, by name."""
    found: dict[str, Block] = {}
    for node in tree.body:
        if isinstance(node, Definition):
            found[node.name] = Block(_first(node), node.end_lineno or node.lineno, node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    found[target.id] = Block(node.lineno, node.end_lineno or node.lineno, target.id)
    return found


def names_in(tree: ast.Module, block: Block) -> list[str]:
    """Return the names that a block uses, in the order in which they first occur."""
    used = (node for node in ast.walk(tree) if isinstance(node, ast.Name) and block.first <= node.lineno <= block.last)
    ordered = sorted(used, key=lambda node: (node.lineno, node.col_offset))
    return list(dict.fromkeys(node.id for node in ordered))


def _definitions(tree: ast.Module) -> Iterator[Definition]:
    """Yield definitions, outer ones first."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, Definition):
            yield node
        waiting += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]


def _first(node: Definition) -> int:
    return min([node.lineno, *(one.lineno for one in node.decorator_list)])


def _by_indentation(lines: list[str], line: int) -> Block:
    """Return the lines around one, out to the nearest that stand at the margin and are not blank."""
    at = min(max(line, 1), max(len(lines), 1))
    first = last = at
    while first > 1 and at - first < LARGE_BLOCK_LINES // 2 and not _is_margin(lines[first - 1]):
        first -= 1
    while last < len(lines) and last - at < LARGE_BLOCK_LINES // 2 and (last == at or not _is_margin(lines[last - 1])):
        last += 1
    return Block(first, max(last, first))


def _is_margin(line: str) -> bool:
    return bool(line.strip()) and not line[0].isspace() and line.strip() not in {"}", "};", ")", "]"}
