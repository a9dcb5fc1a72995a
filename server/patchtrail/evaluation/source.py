"""One file of correct code that findings are planted in: its text, its lines and its syntax tree."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from patchtrail.text import split_lines

__all__ = ["Docstring", "Source", "indent_of"]

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Docstring:
    """A docstring, whom it documents and the class or function around that; lines count from 0, the end excluded."""

    owner: Documented
    parent: Documented | None
    first: int
    last: int
    text: str

    @property
    def is_multi_line(self) -> bool:
        """Whether it spans lines."""
        return self.last - self.first > 1


@dataclass(frozen=True)
class Source:
    """A file by the path that it has in its package."""

    path: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """Its lines, each with its LF."""
        return split_lines(self.text)

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree; raises `SyntaxError`."""
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of the tree."""
        return list(ast.walk(self.tree))

    @cached_property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every function and method."""
        return [node for node in self.nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    @cached_property
    def inside_string(self) -> frozenset[int]:
        """The lines, from 0, that begin inside a string of several lines."""
        inside = set[int]()
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.end[0] > token.start[0] and token.type not in (tokenize.NEWLINE, tokenize.NL):
                inside.update(range(token.start[0], token.end[0]))
        return frozenset(inside)

    @cached_property
    def docstrings(self) -> list[Docstring]:
        """Every docstring that stands on lines of its own."""
        return list(self._docstrings(self.tree, None))

    def _docstrings(self, node: Documented, parent: Documented | None) -> Iterator[Docstring]:
        body = node.body[0] if node.body else None
        if isinstance(body, ast.Expr) and isinstance(body.value, ast.Constant) and isinstance(body.value.value, str):
            first, last = body.lineno - 1, body.end_lineno or body.lineno
            if self.is_alone(body):
                yield Docstring(node, parent, first, last, "".join(self.lines[first:last]))
        for child in node.body:
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield from self._docstrings(child, node)

    def is_alone(self, statement: ast.stmt) -> bool:
        """Return whether a statement's lines hold nothing else."""
        last = self.lines[(statement.end_lineno or statement.lineno) - 1].encode()
        before = self.lines[statement.lineno - 1].encode()[: statement.col_offset]
        return not before.strip() and not last[statement.end_col_offset :].strip()


def indent_of(line: str) -> str:
    """Return the white space that a line begins with."""
    return line[: len(line) - len(line.lstrip())]
