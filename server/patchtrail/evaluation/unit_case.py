"""Unit evals: files `KIND/NAME.txt` with a head of `name: value` lines, and below it code as one diff without numbers.

The head holds `tool`, `rule`, `path` and `expect`, a text that the fixed file must hold. Of the code a line that begins
with `-` stands in the broken file alone, one with `+` in the right file alone, all others in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from patchtrail.contract.errors import InvalidInput
from patchtrail.evaluation.case import PatchCase, Planted
from patchtrail.evaluation.dataset import RULES
from patchtrail.evaluation.tools import surplus, told_of_texts

__all__ = ["UnitCase", "as_patch_cases", "read_unit_cases"]

HEAD = ("tool", "rule", "path", "expect")


@dataclass(frozen=True)
class UnitCase:
    """One finding in one file; `expect` is a text that the fixed file must hold."""

    kind: str
    name: str
    tool: str
    rule_id: str
    file_path: str
    expect: str
    before: str
    after: str


def read_unit_cases(folder: Path) -> list[UnitCase]:
    """Return every case below a folder, by kind and name; raises `InvalidInput` naming a file that holds none."""
    cases = [_read(path) for path in sorted(folder.glob("*/*.txt"))]
    if not cases:
        raise InvalidInput(f"{folder} holds no unit eval: they are files KIND/NAME.txt.")
    return cases


def as_patch_cases(cases: Sequence[UnitCase]) -> list[PatchCase]:
    """Return cases as the suite measures them; raises `InvalidInput` naming one whose tool does not report its rule."""
    tools = {one.file_path: one.tool for one in cases}
    rules = {*RULES, *(one.rule_id for one in cases if one.tool == "ruff")}
    broken = told_of_texts({one.file_path: one.before for one in cases}, tools, rules)
    right = told_of_texts({one.file_path: one.after for one in cases}, tools, rules)
    made = list[PatchCase]()
    for one in cases:
        more = surplus(broken.get(one.file_path, []), right.get(one.file_path, []))
        found = next((told.finding for told in more if told.finding.rule_id == one.rule_id), None)
        if found is None:
            raise InvalidInput(f"{one.kind}/{one.name}: {one.tool} does not report {one.rule_id} here.")
        planted = Planted(found, one.kind, one.after, found.fix is not None)
        made.append(PatchCase(f"{one.kind}-{one.name}", one.file_path, one.before, one.after, (planted,)))
    return made


def _read(path: Path) -> UnitCase:
    try:
        head, _, body = path.read_text(encoding="utf-8").partition("\n\n")
    except UnicodeDecodeError:
        raise InvalidInput(f"{path} is no text.") from None
    told = dict(line.partition(": ")[::2] for line in head.splitlines())
    lines = body.split("\n")[:-1]
    if missing := [name for name in HEAD if name not in told]:
        raise InvalidInput(f"{path}: its head lacks {', '.join(missing)}.")
    if any(line and line[0] not in " +-" for line in lines):
        raise InvalidInput(f"{path}: each line of its code must begin with a blank, + or -.")
    kind, name = path.parent.name, path.stem
    return UnitCase(
        kind=kind,
        name=name,
        tool=told["tool"],
        rule_id=told["rule"],
        file_path=f"{kind}/{name}/{told['path']}",
        expect=told["expect"],
        before="".join(line[1:] + "\n" for line in lines if not line.startswith("+")),
        after="".join(line[1:] + "\n" for line in lines if not line.startswith("-")),
    )
