"""Plans in Markdown: the names that a section's checklist lists."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

__all__ = ["plan_roots", "planned_patterns", "read_plan"]

MAX_BYTES = 4 << 20
ITEM = re.compile(r"-\s*\[[ xX]\]\s*([^\s(#]+)")
HEADING = re.compile(r"(##?)(?!#)(.*)")
MARKUP = "`*_,;:"
"""What may stand around a name and is none of it; an underline counts where it leads or ends."""


def plan_roots() -> tuple[Path, ...]:
    """Return the folders that a plan may lie in: the working folder and the one for temporary files, links resolved."""
    return Path.cwd().resolve(), Path(tempfile.gettempdir()).resolve()


def read_plan(path: str | Path, roots: Iterable[Path]) -> tuple[Path, str]:
    """Return a plan's real path and its text.

    Raises `ValueError` for `..`, for what lies outside the roots once links are resolved, and for what is no UTF-8 text
    of at most 4 MiB; `FileNotFoundError` when there is none.
    """
    if ".." in Path(path).parts:
        raise ValueError(f"{path}: a plan's path may not climb with `..`.")
    real = Path(path).resolve()
    roots = tuple(roots)
    if not any(real.is_relative_to(root) for root in roots):
        raise ValueError(f"{real} lies outside {' and '.join(map(str, roots))}.")
    if not real.exists():
        raise FileNotFoundError(f"There is no plan at {real}.")
    if not real.is_file():
        raise ValueError(f"{real} is no plain file.")
    with real.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"{real} is larger than {MAX_BYTES >> 20} MiB.")
    try:
        return real, content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{real} is not UTF-8: {error.reason} at byte {error.start}.") from error


def planned_patterns(text: str, section_heading: str) -> list[str]:
    """Return the first word of each checklist item below a `##` heading, to the next one, in order."""
    wanted, is_inside, names = section_heading.strip(" #\t").lower(), False, list[str]()
    for line in (one.strip() for one in text.split("\n")):
        heading = HEADING.fullmatch(line)
        if heading and is_inside:
            break
        if heading:
            is_inside = heading[1] == "##" and heading[2].strip(" #\t").lower() == wanted
        elif is_inside and (item := ITEM.match(line)):
            names.append(item[1].strip(MARKUP))
    return [name for name in names if name]
