"""The test model is a test tool: the product cannot reach it, and cannot see what it knows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = [
    *(ROOT / "server").rglob("*.py"),
    *(path for kind in ("ts", "py", "toml", "json") for path in (ROOT / "extension").rglob(f"*.{kind}")),
    ROOT / "package.json",
    ROOT / ".vscodeignore",
]


def test_the_product_does_not_mention_the_test_model() -> None:
    """No file of the server or the extension names the test model, its module, or the tests' package."""
    named = re.compile(r"tests[./]model|test[-_ ]model|ModelServer|TruthTable", re.IGNORECASE)
    shipped = [path for path in PRODUCT if not {"dist", "node_modules"} & set(path.parts)]

    assert [path.name for path in shipped if named.search(path.read_text())] == []


def test_the_server_imports_nothing_of_the_tests() -> None:
    """No module of the server imports from `tests`, at its top or inside a function."""
    imported = list[str]()
    for path in (ROOT / "server").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            imported += [f"{path.name}: {name}" for name in names if name.split(".")[0] == "tests"]

    assert imported == []


def test_the_packages_leave_the_tests_out() -> None:
    """The extension's package leaves everything out that it does not name, and it does not name the tests."""
    kept = [line[1:] for line in (ROOT / ".vscodeignore").read_text().splitlines() if line.startswith("!")]

    assert "**" in (ROOT / ".vscodeignore").read_text().splitlines()
    assert [line for line in kept if "tests" in line] == []
