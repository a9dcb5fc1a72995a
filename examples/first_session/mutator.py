"""Plant one bug in a repository, by a seed: the smallest change that may turn its tests red."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SKIPPED = ("test", "conftest", "setup", "docs", "example", "bench", ".")
OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "+",
    ast.FloorDiv: "*",
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.In: "not in",
    ast.Is: "is not",
    ast.IsNot: "is",
}


@dataclass(frozen=True)
class Bug:
    """`before` is the file's right text, `after` the text with the bug on line `line`."""

    path: Path
    line: int
    before: str
    after: str


def bugs(repository: Path, seed: int) -> Iterator[Bug]:
    """Yield possible bugs in the repository's own code, in an order that the seed decides."""
    dice = random.Random(seed)
    paths = sorted(path for path in repository.rglob("*.py") if _is_source(path.relative_to(repository)))
    sites = [(path, node) for path in paths for node in _nodes(path)]
    dice.shuffle(sites)
    for path, node in sites:
        bug = _planted(path, node)
        if bug is not None:
            yield bug


def _is_source(path: Path) -> bool:
    return not any(part.lower().startswith(SKIPPED) for part in path.parts)


def _nodes(path: Path) -> list[ast.BinOp | ast.Compare]:
    try:
        tree = ast.parse(path.read_bytes().decode())
    except (SyntaxError, UnicodeDecodeError):
        return []
    found = [node for node in ast.walk(tree) if isinstance(node, ast.BinOp | ast.Compare)]
    return [node for node in found if node.lineno == node.end_lineno]


def _planted(path: Path, node: ast.BinOp | ast.Compare) -> Bug | None:
    """Replace the operator between a node's first two operands, on its line."""
    if isinstance(node, ast.Compare):
        operator, left, right = node.ops[0], node.left, node.comparators[0]
    else:
        operator, left, right = node.op, node.left, node.right
    new = OPERATORS.get(type(operator))
    text = path.read_bytes().decode()
    lines = text.split("\n")
    line = lines[node.lineno - 1].encode()
    if new is None or left.end_col_offset is None:
        return None
    between = line[left.end_col_offset : right.col_offset].decode()
    if any(char in between for char in "()#\\"):
        return None
    changed = line[: left.end_col_offset] + f" {new} ".encode() + line[right.col_offset :]
    lines[node.lineno - 1] = changed.decode()
    return Bug(path, node.lineno, text, "\n".join(lines))
