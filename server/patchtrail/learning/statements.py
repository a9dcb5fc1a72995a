"""Python text as statements of tokens; tolerant, because the text is being typed.

The standard library's tokenizer stops at a string that is still open, and at an indentation that fits nothing yet. This
one never fails: what it does not know is a token of its own, and an open string ends with its line.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

__all__ = ["Kind", "Statement", "Token", "statements_of"]

Kind = Literal["name", "keyword", "number", "string", "operator"]
TOKEN = re.compile(
    r"(?P<gap>(?:[ \t\f]++|\\\n)*+)(?:(?P<end>\n)|(?P<comment>\#[^\n]*+)"
    r"|(?P<string>(?:[bB][rR]?|[rR][bBfFtT]?|[uU]|[fFtT][rR]?)?(?:"
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:"""|\Z)'
    r"|'''(?:[^'\\]|\\.|'(?!''))*+(?:'''|\Z)"
    r"""|"(?:[^"\\\n]|\\.)*+"?|'(?:[^'\\\n]|\\.)*+'?))"""
    r"|(?P<name>[^\W\d]\w*+)|(?P<number>\.?\d(?:[eE][+-]\d|[\w.])*+)"
    r"|(?P<operator>\.\.\.|\*\*=?|//=?|>>=?|<<=?|->|:=|[-+*/%&|^@=<>!]=|.))",
    re.DOTALL,
)
OPENING, CLOSING = frozenset("([{"), frozenset(")]}")
BEGINS_ANEW = frozenset({"def", "class", "import", "return", "raise", "while", "with", "try", "pass"})
"""Keywords that stand in no bracket: the bracket around one was never closed."""


class Token(NamedTuple):
    """One token; `line` counts from 0."""

    kind: Kind
    text: str
    line: int


class Statement(NamedTuple):
    """One logical line: its tokens without comments, and how many columns its first line is indented."""

    tokens: tuple[Token, ...]
    indent: int

    @property
    def texts(self) -> tuple[str, ...]:
        """What it says, wherever its lines are broken."""
        return tuple(token.text for token in self.tokens)

    @property
    def value(self) -> tuple[Token, ...]:
        """What it returns, or assigns to one dotted name; all of any other statement."""
        if self.tokens[0].text == "return":
            return self.tokens[1:]
        for place, token in enumerate(self.tokens):
            if token.text == "=":
                return self.tokens[place + 1 :]
            if token.kind != "name" and token.text != ".":
                break
        return self.tokens


def statements_of(text: str) -> list[Statement]:
    """Return a text's statements in order; a comma before a bracket that closes on a later line is left out."""
    return list(_statements(text.replace("\r\n", "\n").replace("\r", "\n")))


def _statements(text: str) -> Iterator[Statement]:
    tokens, indent, depth, line, is_first = list[Token](), 0, 0, 0, True
    for found in TOKEN.finditer(text):
        group, gap = found.lastgroup or "", found["gap"]
        value = found[group]
        line += gap.count("\n")
        if group == "end":
            if tokens and depth == 0:
                yield Statement(tuple(tokens), indent)
                tokens = []
            line, is_first = line + 1, True
        elif group != "comment":
            if is_first and tokens and value in BEGINS_ANEW:
                yield Statement(tuple(tokens), indent)
                tokens, depth = [], 0
            if not tokens:
                indent = len(gap.expandtabs(8))
            if group == "operator":
                depth = _depth(depth, value)
            _put(tokens, Token(_kind(group, value), value, line))
            is_first = False
            if group == "string":
                line += value.count("\n")
    if tokens:
        yield Statement(tuple(tokens), indent)


def _put(tokens: list[Token], token: Token) -> None:
    if token.text in CLOSING and tokens and tokens[-1].text == "," and tokens[-1].line < token.line:
        tokens.pop()
    tokens.append(token)


def _depth(depth: int, operator: str) -> int:
    if operator in OPENING:
        return depth + 1
    return max(0, depth - 1) if operator in CLOSING else depth


def _kind(group: str, text: str) -> Kind:
    if group == "name":
        return "keyword" if keyword.iskeyword(text) else "name"
    return "number" if group == "number" else "string" if group == "string" else "operator"
