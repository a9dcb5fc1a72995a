"""Wrong logic in a pure function: an operator, a constant or a truth value is another one."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from patchtrail.evaluation.mutation import Mutation, edited
from patchtrail.evaluation.source import Source

__all__ = ["PureFunction", "pure_functions", "wrong_logic"]

GROUP = "failing tests"
RULE = "failing-test"
COMPARED = {"==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">", " in ": " not in ", " not in ": " in "}
COMPUTED = {"+": "-", "-": "+", "*": "+", "//": "*", "%": "//"}
JOINED = {" and ": " or ", " or ": " and "}
LIBRARY = frozenset(
    {"re", "math", "string", "itertools", "textwrap", "functools", "collections", "unicodedata", "typing"}
)
UNSAFE = frozenset({"open", "exec", "eval", "compile", "input", "print", "__import__", "globals", "setattr", "delattr"})
SAFE = frozenset(dir(builtins)) - UNSAFE
Statement = ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign | ast.FunctionDef


@dataclass(frozen=True)
class PureFunction:
    """A function that needs nothing but its arguments: `code` defines it and what it uses."""

    node: ast.FunctionDef
    code: str

    @property
    def parameters(self) -> list[str]:
        """The annotation of each parameter that has no default; empty where there is none."""
        arguments = [*self.node.args.posonlyargs, *self.node.args.args]
        needed = arguments[: len(arguments) - len(self.node.args.defaults)]
        return [ast.unparse(one.annotation) if one.annotation else "" for one in needed]


def pure_functions(source: Source) -> Iterator[PureFunction]:
    """Yield the functions of a module that touch nothing outside of themselves, as far as names can tell."""
    known = _definitions(source.tree)
    for node in source.tree.body:
        if not isinstance(node, ast.FunctionDef) or node.decorator_list or node.args.vararg or node.args.kwarg:
            continue
        needed = _needed(node, known, {})
        if needed is not None and not _is_generator(node):
            ordered = sorted(needed.values(), key=lambda one: one.lineno)
            code = "\n".join(["from __future__ import annotations", *(ast.unparse(one) for one in [*ordered, node])])
            yield PureFunction(node, code)


def wrong_logic(source: Source, function: PureFunction, _random: Random) -> Iterator[Mutation]:
    """Yield every change of one operator or constant in the function."""
    for node in ast.walk(function.node):
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            yield from _between(source, node.left, node.comparators[0], COMPARED)
        elif isinstance(node, ast.BinOp):
            yield from _between(source, node.left, node.right, COMPUTED)
        elif isinstance(node, ast.BoolOp):
            yield from _between(source, node.values[0], node.values[1], JOINED)
        elif isinstance(node, ast.Constant) and isinstance(node.value, int):
            other = str(not node.value) if isinstance(node.value, bool) else str(node.value + 1)
            yield from _replaced(source, node.lineno, (node.col_offset, node.end_col_offset or 0), other)


def _definitions(tree: ast.Module) -> dict[str, Statement]:
    """Return what a pure function may use of its module, by name: imports, literals and other functions."""
    known = dict[str, Statement]()
    for node in tree.body:
        if isinstance(node, ast.Import) and len(node.names) == 1 and node.names[0].name in LIBRARY:
            known[node.names[0].asname or node.names[0].name] = node
        elif isinstance(node, ast.ImportFrom) and node.module in LIBRARY and not node.level:
            known |= {one.asname or one.name: node for one in node.names}
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            known[node.targets[0].id] = node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            known[node.target.id] = node
        elif isinstance(node, ast.FunctionDef) and not node.decorator_list:
            known[node.name] = node
    return known


def _needed(node: ast.AST, known: dict[str, Statement], found: dict[str, Statement]) -> dict[str, Statement] | None:
    """Return the definitions that `node` needs; None when it needs what is not known to be harmless."""
    own = {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}
    own |= {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    own |= {one.name for one in ast.walk(node) if isinstance(one, ast.FunctionDef)}
    for name in _used(node) - own:
        if name in found or (name in SAFE and name not in known):
            continue
        definition = known.get(name)
        if definition is None:
            return None
        found[name] = definition
        if not isinstance(definition, ast.Import | ast.ImportFrom) and _needed(definition, known, found) is None:
            return None
    is_foul = any(isinstance(one, ast.Import | ast.ImportFrom | ast.Global | ast.Lambda) for one in ast.walk(node))
    return None if is_foul or any(_is_hidden(one) for one in ast.walk(node)) else found


def _used(node: ast.AST) -> set[str]:
    """Return the names that running `node` reads; annotations are not run."""
    notes = [one.annotation for one in ast.walk(node) if isinstance(one, ast.arg | ast.AnnAssign) and one.annotation]
    notes += [one.returns for one in ast.walk(node) if isinstance(one, ast.FunctionDef) and one.returns]
    noted = {id(inner) for note in notes for inner in ast.walk(note)}
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and id(one) not in noted}


def _is_hidden(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr.startswith("__")


def _is_generator(node: ast.AST) -> bool:
    return any(isinstance(one, ast.Yield | ast.YieldFrom | ast.Await) for one in ast.walk(node))


def _between(source: Source, left: ast.expr, right: ast.expr, others: dict[str, str]) -> Iterator[Mutation]:
    """Yield the line in which the operator between two operands is another one."""
    if left.end_lineno != right.lineno:
        return
    start, end = left.end_col_offset or 0, right.col_offset
    between = source.lines[left.end_lineno - 1].encode()[start:end].decode()
    for one, other in others.items():
        if between.strip(" ()") == one.strip():
            yield from _replaced(source, right.lineno, (start, end), between.replace(one.strip(), other.strip()))


def _replaced(source: Source, line_number: int, span: tuple[int, int], text: str) -> Iterator[Mutation]:
    line = source.lines[line_number - 1]
    if line.isascii():
        yield edited(RULE, GROUP, line_number - 1, line[: span[0]] + text + line[span[1] :])
