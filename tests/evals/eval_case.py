"""The unit evals' cases: files with a head of `name: value` lines, and below it code as one diff without numbers.

A line that begins with `-` stands in the broken code alone, one with `+` in the right code alone, all others in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["CASES", "EvalCase", "read_cases"]

CASES = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class EvalCase:
    """One finding in one file; `expect` is a text that the fixed file must hold."""

    kind: str
    name: str
    tool: str
    rule_id: str
    file_path: str
    expect: str
    before: str
    after: str


def read_cases() -> list[EvalCase]:
    """Return every case, by kind and name."""
    return [_read(path) for path in sorted(CASES.glob("*/*.txt"))]


def _read(path: Path) -> EvalCase:
    head, _, body = path.read_text().partition("\n\n")
    told = dict(line.split(": ", 1) for line in head.splitlines())
    lines = body.split("\n")[:-1]
    assert all(not line or line[0] in " +-" for line in lines), path
    kind, name = path.parent.name, path.stem
    return EvalCase(
        kind=kind,
        name=name,
        tool=told["tool"],
        rule_id=told["rule"],
        file_path=f"{kind}/{name}/{told['path']}",
        expect=told["expect"],
        before="".join(line[1:] + "\n" for line in lines if not line.startswith("+")),
        after="".join(line[1:] + "\n" for line in lines if not line.startswith("-")),
    )
