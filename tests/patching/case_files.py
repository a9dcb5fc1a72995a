"""Cases as files: a sentence, the files before, the answer, and the files after or the mode of the refusal."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["CASES", "Case"]

FOLDER = Path(__file__).parent / "cases"
MARK = re.compile(r"^%% (\w+)(?: (.*))?$", re.MULTILINE)


@dataclass
class Case:
    """One case; texts by path."""

    name: str
    sentence: str
    answer: str = ""
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    refused: str | None = None
    located: str | None = None
    options: str = ""


def _case(path: Path) -> Case:
    text = path.read_text()
    marks = list(MARK.finditer(text))
    case = Case(path.stem, text[: marks[0].start()].strip())
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        body = text[mark.end() + 1 : following.start() if following else len(text)]
        kind, argument = mark[1], (mark[2] or "").strip()
        if kind == "answer":
            case.answer = body.removesuffix("\n")
        elif kind in ("before", "after"):
            getattr(case, kind)[argument] = _ended(body, case.options)
        else:
            setattr(case, kind, argument)
    return case


def _ended(body: str, options: str) -> str:
    text = body.removesuffix("\n") if "unended" in options else body
    return text.replace("\n", "\r\n") if "crlf" in options else text


CASES = [_case(path) for path in sorted(FOLDER.glob("*.txt"))]
