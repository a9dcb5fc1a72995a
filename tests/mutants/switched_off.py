"""Find the verifier's checks in its source, and write a copy of the package in which one is switched off."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "server" / "patchtrail"
VERIFYING = (
    "integrity/canonical.py",
    "integrity/checkpoint.py",
    "integrity/chunk.py",
    "integrity/dsse.py",
    "integrity/entry.py",
    "integrity/forgetting.py",
    "integrity/key_set.py",
    "integrity/keys.py",
    "integrity/opening.py",
    "integrity/receipt.py",
    "integrity/registration.py",
    "integrity/verify/assurance.py",
    "integrity/verify/chunk.py",
    "integrity/verify/forgotten.py",
    "integrity/verify/trace.py",
)


@dataclass(frozen=True)
class Check:
    """One `if` that refuses or reports something."""

    module: str
    line: int
    condition: str

    def __str__(self) -> str:
        """Name the check by where it stands and what it asks."""
        return f"{self.module}:{self.line} if {self.condition}"


def checks() -> Iterator[Check]:
    """Yield every `if` of the verifying modules whose body raises a refusal or tells a finding."""
    for module in VERIFYING:
        for node in ast.walk(ast.parse((PACKAGE / module).read_text())):
            if isinstance(node, ast.If) and _refuses(node.body):
                yield Check(module, node.lineno, ast.unparse(node.test))


def write_copy(check: Check, folder: Path) -> None:
    """Copy the package to `folder` with the check's condition replaced by False."""
    shutil.copytree(PACKAGE, folder / "patchtrail", ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "patchtrail" / check.module
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and node.lineno == check.line:
            node.test = ast.Constant(value=False)
    path.write_text(ast.unparse(ast.fix_missing_locations(tree)))


def _refuses(body: list[ast.stmt]) -> bool:
    """Return whether a branch raises, or tells a finding by yield, return, append or extend."""
    told = "\n".join(ast.unparse(statement) for statement in body if not isinstance(statement, ast.For | ast.If))
    return any(isinstance(statement, ast.Raise) for statement in body) or "Finding(" in told
