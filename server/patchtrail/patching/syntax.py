"""Does a text parse? By its compiler (Python), by tree-sitter or by a reader (JSON, TOML); unknown languages pass."""

from __future__ import annotations

import json
import tomllib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath

from tree_sitter import Language, Node, Parser

__all__ = ["Fault", "fault_of", "is_checked", "tree_of"]

TREE_SITTER = {
    ".js": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".jsx": "javascript",
    ".ts": "typescript",
    ".mts": "typescript",
    ".cts": "typescript",
    ".tsx": "tsx",
    ".go": "go",
    ".java": "java",
    ".rs": "rust",
    ".c": "c",
}
OTHERS = (".py", ".pyi", ".json", ".toml")
MOST_NODES = 200_000


@dataclass(frozen=True)
class Fault:
    """The first place that does not parse."""

    line: int
    message: str


def is_checked(file_path: str) -> bool:
    """Return whether texts of this kind of file can be parsed here."""
    suffix = PurePosixPath(file_path).suffix.lower()
    return suffix in TREE_SITTER or suffix in OTHERS


def fault_of(file_path: str, text: str) -> Fault | None:
    """Return the first fault, or None when the text parses or its language is unknown."""
    suffix = PurePosixPath(file_path).suffix.lower()
    if suffix in (".py", ".pyi"):
        return _python(text)
    if suffix == ".json":
        return _data(json.loads, text)
    if suffix == ".toml":
        return _data(tomllib.loads, text)
    root = tree_of(file_path, text)
    return _tree_fault(root) if root is not None and root.has_error else None


def tree_of(file_path: str, text: str) -> Node | None:
    """Return the syntax tree of a text, or None when no grammar for its language is here."""
    name = TREE_SITTER.get(PurePosixPath(file_path).suffix.lower())
    return None if name is None else Parser(_language(name)).parse(text.encode("utf-8", "replace")).root_node


def _python(text: str) -> Fault | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # The compiler is faster than `ast`, and also sees a `return` outside of a function.
            compile(text.removeprefix("\ufeff"), "<patched>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return Fault(error.lineno or 1, error.msg)
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return Fault(1, str(error) or type(error).__name__)
    return None


def _data(load: Callable[[str], object], text: str) -> Fault | None:
    try:
        load(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        return Fault(error.lineno, error.msg)
    except (ValueError, RecursionError) as error:
        return Fault(1, str(error))
    return None


def _tree_fault(root: Node) -> Fault:
    """Return the first erroneous node; only branches that hold an error are entered."""
    node, seen = root, 0
    while not (node.is_error or node.is_missing) and seen < MOST_NODES:
        seen += 1
        worse = next((child for child in node.children if child.has_error or child.is_missing), None)
        if worse is None:
            break
        node = worse
    what = f"{node.type!r} is missing" if node.is_missing else "unexpected text"
    return Fault(node.start_point.row + 1, what)


@cache
def _language(name: str) -> Language:
    """Grammars are loaded when the first file of their language comes: each is a shared library."""
    if name in ("typescript", "tsx"):
        import tree_sitter_typescript as ts

        return Language(ts.language_tsx() if name == "tsx" else ts.language_typescript())
    if name == "javascript":
        import tree_sitter_javascript as js

        return Language(js.language())
    if name == "go":
        import tree_sitter_go as go

        return Language(go.language())
    if name == "java":
        import tree_sitter_java as java

        return Language(java.language())
    if name == "rust":
        import tree_sitter_rust as rust

        return Language(rust.language())
    import tree_sitter_c as c

    return Language(c.language())
