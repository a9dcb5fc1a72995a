"""Whose the names in an example are: its author's, a library's, or the language's."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterable, Sequence

from patchtrail.learning.statements import Statement, Token

__all__ = ["RECEIVERS", "ExampleNames", "is_import"]

MODULES = sys.stdlib_module_names | {"np", "pd", "plt", "tf"}
"""Names that stand for a library before a dot, also where an example does not import it."""
BUILT_IN = frozenset(dir(builtins))
RECEIVERS = frozenset({"self", "cls"})
NAMING = frozenset({"def", "class", "as", "for", "lambda", "global", "nonlocal"})
ASSIGNING = frozenset({"=", ":=", "+=", "-=", "*=", "/=", "|=", "&="})


class ExampleNames:
    """The names of an example, known from its text alone."""

    def __init__(self, statements: Sequence[Statement], others: Sequence[Statement] = ()) -> None:
        """Take an example; what `others` import is a library's, too."""
        every = [*statements, *others]
        self._imported = frozenset(name for one in every if is_import(one) for name in _names(one))
        given = {name for one in statements if not is_import(one) for name in _given(one.tokens)}
        self._own = given - RECEIVERS - self._imported

    def is_own(self, tokens: Sequence[Token], place: int) -> bool:
        """Return whether the name at a place of a statement is the author's own: one that others would choose anew."""
        name = tokens[place].text
        before, after = _text(tokens, place - 1), _text(tokens, place + 1)
        if before == "." or (after == "=" and before in ("(", ",") and not _is_header(tokens)):
            return False
        if name in self._own:
            return True
        if name in BUILT_IN or name in RECEIVERS or name in self._imported or after == "(":
            return False
        return not (after == "." and name in MODULES)


def is_import(statement: Statement) -> bool:
    """Return whether a statement is an import."""
    return statement.tokens[0].text in ("import", "from")


def _names(statement: Statement) -> Iterable[str]:
    return (token.text for token in statement.tokens if token.kind == "name")


def _given(tokens: Sequence[Token]) -> Iterable[str]:
    """Yield the names that a statement gives: assigned, defined, parameters, aliases, targets of loops."""
    is_header = _is_header(tokens)
    for place, token in enumerate(tokens):
        before, after = _text(tokens, place - 1), _text(tokens, place + 1)
        if token.kind != "name" or before == ".":
            continue
        is_target = after in ASSIGNING and (place == 0 or after == ":=")
        is_parameter = is_header and before in ("(", ",", "*", "**")
        if is_target or before in NAMING or is_parameter:
            yield token.text


def _is_header(tokens: Sequence[Token]) -> bool:
    return _text(tokens, 0) == "def" or (_text(tokens, 0) == "async" and _text(tokens, 1) == "def")


def _text(tokens: Sequence[Token], place: int) -> str:
    return tokens[place].text if 0 <= place < len(tokens) else ""
