"""Definitions by name: where they stand in a file, and how a new text takes the place of one."""

from __future__ import annotations

import ast
import textwrap
import warnings
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from tree_sitter import Node

from patchtrail.patching.locate.edits import Edit, NewLine
from patchtrail.patching.locate.lines import FileText, indent_of
from patchtrail.patching.syntax import tree_of

__all__ = ["Definition", "definition_edits", "definitions_in"]

NAMED_NODES = (
    "function_declaration", "generator_function_declaration", "method_declaration", "method_definition",
    "class_declaration", "abstract_class_declaration", "interface_declaration", "function_item", "struct_item",
    "enum_item", "trait_item", "enum_declaration", "constructor_declaration", "record_declaration",
)  # fmt: skip
WRAPPERS = ("export_statement", "program", "source_file", "translation_unit")


@dataclass(frozen=True)
class Definition:
    """A named definition: lines `start` to `end` (from 0, the end excluded), and those directly inside of a class."""

    name: str
    start: int
    end: int
    is_class: bool
    members: tuple[Definition, ...] = ()
    is_plain_class: bool = True


def definitions_in(file_path: str, text: str, known: Collection[str] = ()) -> tuple[Definition, ...] | None:
    """Return the definitions of a text that holds nothing else; None when it holds other code or does not parse.

    Imports whose lines are `known` from the file are passed over.
    """
    if PurePosixPath(file_path).suffix.lower() in (".py", ".pyi"):
        body = _python_body(text)
        lines = text.split("\n")
        body = None if body is None else [node for node in body if not _is_known_import(node, lines, known)]
        is_pure = body is not None and body and all(_is_definition(node) for node in body)
        return tuple(_python(node) for node in body if _is_definition(node)) if body is not None and is_pure else None
    root = tree_of(file_path, text)
    if root is None or root.has_error:
        return None
    nodes = [node for node in root.named_children if node.type != "comment"]
    found = [_outer(node) for node in nodes]
    return tuple(one for one in found if one is not None) if found and None not in found else None


def _is_known_import(node: ast.stmt, lines: Sequence[str], known: Collection[str]) -> bool:
    own = lines[node.lineno - 1 : node.end_lineno]
    return isinstance(node, ast.Import | ast.ImportFrom) and all(line.strip() in known for line in own)


def _all_in(file_path: str, text: str) -> Iterator[Definition]:
    """Yield every definition of a text, at any depth."""
    if PurePosixPath(file_path).suffix.lower() in (".py", ".pyi"):
        for top in _python_body(text) or []:
            yield from (_python(one) for one in ast.walk(top) if _is_definition(one))
        return
    root = tree_of(file_path, text)
    stack = [] if root is None else [root]
    while stack:
        node = stack.pop()
        found = _outer(node) if node.type not in ("program", "source_file", "translation_unit") else None
        if found is not None:
            yield found
        stack += node.named_children if node.type != "export_statement" else [
            inner for child in node.named_children for inner in child.named_children
        ]  # fmt: skip


def _python_body(text: str) -> list[ast.stmt] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _is_definition(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def _python(node: ast.AST) -> Definition:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        raise TypeError(node)
    start = min([node.lineno, *(one.lineno for one in node.decorator_list)]) - 1
    end = node.end_lineno or node.lineno
    if not isinstance(node, ast.ClassDef):
        return Definition(node.name, start, end, is_class=False)
    members = tuple(_python(one) for one in node.body if _is_definition(one))
    return Definition(
        node.name, start, end, is_class=True, members=members, is_plain_class=len(members) == len(node.body)
    )


def _outer(node: Node) -> Definition | None:
    inner = node
    if node.type == "export_statement":
        inner = node.child_by_field_name("declaration") or node
    name = inner.child_by_field_name("name")
    if inner.type not in NAMED_NODES or name is None or name.text is None:
        return None
    is_class = inner.type.startswith(("class", "abstract", "interface", "record"))
    body = inner.child_by_field_name("body")
    inside = body.named_children if is_class and body is not None else []
    members = tuple(one for one in map(_outer, inside) if one is not None)
    return Definition(
        name.text.decode(), node.start_point.row, node.end_point.row + 1,
        is_class=is_class, members=members, is_plain_class=len(members) == len(inside),
    )  # fmt: skip


def definition_edits(file_path: str, file: FileText, code: str) -> list[Edit] | str:
    """Return the edits that put definitions in the place of those of their names, or why that cannot be done."""
    code = textwrap.dedent(code)
    new = definitions_in(file_path, code, file.at_key)
    if new is None:
        return "The code in the answer is no whole definition, and no whole file either."
    known = list(_all_in(file_path, file.text.removeprefix("\ufeff")))
    edits, lines = list[Edit](), code.split("\n")
    for one in new:
        same = [old for old in known if old.name == one.name and old.is_class == one.is_class]
        if len(same) != 1:
            return f"The file holds {len(same)} definitions of the name {one.name}."
        found = _replacing(file, lines, one, same[0])
        if isinstance(found, str):
            return found
        edits += found
    return edits


def _replacing(file: FileText, lines: Sequence[str], new: Definition, old: Definition) -> list[Edit] | str:
    """A class that shows some of its members changes those; the others stay."""
    lost = {one.name for one in old.members} - {one.name for one in new.members}
    if not new.is_class or not lost:
        return [_edit(file, lines, new, old)]
    if not new.members or not new.is_plain_class:
        return f"The new class {new.name} lacks {', '.join(sorted(lost)[:3])}, which would be deleted."
    edits = list[Edit]()
    for one in new.members:
        same = [member for member in old.members if member.name == one.name]
        if len(same) != 1:
            return f"The class {new.name} has {len(same)} members of the name {one.name}."
        edits.append(_edit(file, lines, one, same[0]))
    return edits


def _edit(file: FileText, lines: Sequence[str], new: Definition, old: Definition) -> Edit:
    here, there = indent_of(lines[new.start]), indent_of(file.lines[old.start])
    moved = [
        there + line.removeprefix(here) if line.strip() and line.startswith(here) else line
        for line in lines[new.start : new.end]
    ]
    return Edit(old.start, old.end, tuple(NewLine(line) for line in moved))
