"""`AI_PATTERNS.md`: patterns as a page that people and models read. What is not understood is kept as it is.

A pattern is a section of level 3, `### 1. Title`, with an example under a heading or bold line that holds "Bad Pattern"
or "Good Pattern", and a list under `**Problems:**`. What the published form has no place for stands in lines of the
form `**Severity:** high`. Writing a page changes only the lines of fields that differ; a page without changes comes
back byte for byte.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from patchtrail.contract.learning import Pattern

__all__ = ["PatternSection", "changed_fields", "page_name", "read_sections", "slug", "write_sections"]

PUBLISHED_NAMES = {
    "numpy types converted before json serialization": "numpy_json_serialization",
    "bounds checking before list access": "bounds_checking",
    "specific exceptions, not bare except": "specific_exceptions",
    "logger.debug() instead of print()": "logger_debug",
    "metadata-based categorization over string matching": "metadata_categorization",
    "proper temp file handling": "temp_file_handling",
    "large file processing": "large_file_processing",
}
"""Titles of the published page whose patterns have other names than the titles would give."""
HEADING = re.compile(r"(#{1,6})(?:\s(.*))?")
NUMBER = re.compile(r"\d+[.)]\s+")
FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})(.*)")
LABEL = re.compile(r"\*\*(Pattern|Severity|Rules|Scope|Tests|Exceptions):\*\*(.*)")
PROBLEMS = re.compile(r"(?:\*\*)?Problems:(?:\*\*)?\s*")
EXAMPLE = re.compile(r"(?:#{4,6}|\*\*).*?\b(bad|good) (?:pattern|example)\b.*", re.IGNORECASE)
ITEM = re.compile(r"\s*[-*](?: (.*))?")
IN_LIST = re.compile(r"\s*[-*](?: .*)?|\s{2,}\S.*")
LABELS = {
    "Pattern": "name",
    "Severity": "severity",
    "Rules": "rule_ids",
    "Scope": "scope",
    "Exceptions": "exceptions",
    "Tests": "test_coverage",
}
MILD = {"severity": "medium"}
"""What leaving a field out says already."""
EXAMPLES = {
    "bad_example": ("#### ❌ Bad Pattern", "python"),
    "good_example": ("#### ✅ Good Pattern", "python"),
}


@dataclass(frozen=True)
class PatternSection:
    """One section: its lines from `start` to before `end`, and for each field its text and the lines that hold it."""

    name: str
    start: int
    end: int
    fields: Mapping[str, str]
    spans: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def page_name(name: str) -> str:
    """Return a pattern's name as a line of a page can hold it."""
    return " ".join(name.replace("`", "'").split())


def slug(title: str) -> str:
    """Return a name as code has it: small letters, digits and underlines."""
    return re.sub(r"[^\w]+", "_", title.lower()).strip("_")


def read_sections(page: str) -> tuple[PatternSection, ...]:
    """Return the sections of a page that are patterns, in order; a name that comes again is not one."""
    lines = [line.removesuffix("\r") for line in page.split("\n")]
    starts = [*_headings(lines), (len(lines), "", 0)]
    found = dict[str, PatternSection]()
    for (start, title, level), (end, _, _) in itertools.pairwise(starts):
        section = _section(lines, start, end, title) if level == 3 else None
        if section is not None:
            found.setdefault(section.name, section)
    return tuple(found.values())


def changed_fields(section: PatternSection, pattern: Pattern) -> tuple[str, ...]:
    """Return the fields that a section has another text for than the pattern; how it is spelled does not count."""
    told = _told_fields(pattern)
    return tuple(
        name
        for name, text in section.fields.items()
        if text and name != "name" and _plain(name, text) != _plain(name, told[name])
    )


def write_sections(page: str, patterns: Iterable[Pattern]) -> str:
    """Return a page with these patterns in it: each field that differs is replaced, what is missing is added."""
    end_of_line = "\r" if "\r\n" in page else ""
    lines = page.split("\n")
    sections = {one.name: one for one in read_sections(page)}
    wanted = {page_name(one.name): _told_fields(one) for one in patterns}
    for name, section in sorted(sections.items(), key=lambda one: -one[1].start):
        if name in wanted:
            _rewrite(lines, section, wanted[name], end_of_line)
    number = len(sections)
    for name, fields in wanted.items():
        if name not in sections:
            number += 1
            _append(lines, [line + end_of_line for line in _rendered(f"{number}. {_title(name)}", fields)])
    return "\n".join(lines)


def _told_fields(pattern: Pattern) -> dict[str, str]:
    """Return what a page tells of a pattern, as its text."""
    return {
        "name": f"`{page_name(pattern.name)}`",
        "severity": pattern.severity,
        "rule_ids": ", ".join(map(_on_a_line, pattern.rule_ids)),
        "scope": _on_a_line(pattern.scope),
        "exceptions": "; ".join(map(_on_a_line, pattern.exceptions)),
        "test_coverage": _on_a_line(pattern.test_coverage),
        "bad_example": pattern.bad_example.strip("\n"),
        "description": pattern.description.strip("\n"),
        "good_example": pattern.good_example.strip("\n"),
    }


def _headings(lines: Sequence[str]) -> Iterator[tuple[int, str, int]]:
    """Yield line, title and level of the headings down to level 3 that stand in no code."""
    fence = ""
    for number, line in enumerate(lines):
        fence = _fence_after(fence, line)
        heading = None if fence else HEADING.fullmatch(line)
        if heading and len(heading[1]) <= 3:
            yield number, _title_of(heading[2] or ""), len(heading[1])


def _title_of(heading: str) -> str:
    """Return a heading's words without its number and the signs that may close it; `C#` keeps its own."""
    title = heading.strip()
    bare = title.rstrip("#")
    title = bare.rstrip() if not bare or bare[-1].isspace() else title
    return NUMBER.sub("", title, count=1)


def _fence_after(fence: str, line: str) -> str:
    """Return the fence that is open after a line; nothing where none is."""
    found = FENCE.fullmatch(line)
    if not found:
        return fence
    if not fence:
        return found[1]
    is_closing = found[1].startswith(fence) and not found[2].strip()
    return "" if is_closing else fence


def _section(lines: Sequence[str], start: int, end: int, title: str) -> PatternSection | None:
    fields, spans = dict[str, str](), dict[str, tuple[int, int]]()
    number, has_example = start + 1, False
    while number < end:
        line, after = lines[number], number + 1
        if example := EXAMPLE.fullmatch(line):
            has_example = True
            span = _code_span(lines, after, end)
            _keep(fields, spans, f"{example[1].lower()}_example", span, lines)
            after = span[1] + 1 if span else after
        elif PROBLEMS.fullmatch(line):
            span = _list_span(lines, after, end)
            _keep(fields, spans, "description", span, lines)
            after = span[1]
        elif fence := FENCE.fullmatch(line):
            after = _closing(lines, after, end, fence[1]) + 1
        elif label := LABEL.fullmatch(line):
            _keep_label(fields, spans, LABELS[label[1]], label[2].strip(), number)
        number = after
    name = fields.get("name", "").strip("`") or PUBLISHED_NAMES.get(title.lower(), "") or slug(title)
    return PatternSection(name, start, end, fields, spans) if name and has_example else None


def _keep_label(fields: dict[str, str], spans: dict[str, tuple[int, int]], name: str, told: str, number: int) -> None:
    if name not in fields:
        fields[name], spans[name] = told, (number, number + 1)


def _keep(
    fields: dict[str, str],
    spans: dict[str, tuple[int, int]],
    name: str,
    span: tuple[int, int] | None,
    lines: Sequence[str],
) -> None:
    """Keep the first text of a name; a second example belongs to the first one's section and stays as it is."""
    if span is None or name in fields:
        return
    told: Iterable[str] = lines[span[0] : span[1]]
    if name == "description":
        told = [found[1] or "" if (found := ITEM.fullmatch(line)) else line.strip() for line in told]
    fields[name], spans[name] = "\n".join(told).strip("\n"), span


def _code_span(lines: Sequence[str], start: int, end: int) -> tuple[int, int] | None:
    """Return the lines inside the first code block; None where the next label or heading comes first, or it is open."""
    for number in range(start, end):
        found = FENCE.fullmatch(lines[number])
        if found:
            close = _closing(lines, number + 1, end, found[1])
            return (number + 1, close) if close < end else None
        if EXAMPLE.fullmatch(lines[number]) or HEADING.fullmatch(lines[number]):
            return None
    return None


def _closing(lines: Sequence[str], start: int, end: int, fence: str) -> int:
    """Return the line that closes a fence; `end` where none does."""
    return next((number for number in range(start, end) if not _fence_after(fence, lines[number])), end)


def _list_span(lines: Sequence[str], start: int, end: int) -> tuple[int, int]:
    while start < end and not lines[start].strip():
        start += 1
    stop = start
    while stop < end and IN_LIST.fullmatch(lines[stop]):
        stop += 1
    return start, stop


def _rewrite(lines: list[str], section: PatternSection, wanted: Mapping[str, str], end_of_line: str) -> None:
    """Change the fields that differ, from the last to the first, so that the others stay where they are.

    What the library has no text for stays as the page has it, and so does the name: by it the section was found.
    """
    given = {name: text for name, text in wanted.items() if text and name != "name"}
    missing = {name: text for name, text in given.items() if name not in section.fields and text != MILD.get(name)}
    if missing:
        at = section.end
        while at > section.start + 1 and not lines[at - 1].strip():
            at -= 1
        lines[at:at] = [line + end_of_line for line in ["", *_parts(missing)][:-1]]
    for name, (start, end) in sorted(section.spans.items(), key=lambda one: -one[1][0]):
        if name in given and _plain(name, given[name]) != _plain(name, section.fields[name]):
            if name in EXAMPLES:
                _widen_fence(lines, start - 1, end, given[name], end_of_line)
            lines[start:end] = [line + end_of_line for line in _lines_of(name, given[name])]


def _plain(name: str, text: str) -> str:
    """Return a field without what is only its writer's way, or what a page cannot tell."""
    if name in EXAMPLES or name == "description":
        end = "\r" if name in EXAMPLES else None
        return "\n".join(line.rstrip(end) for line in text.split("\n")).strip("\n")
    return re.sub(r"[\s`]+", "", text).lower() if name in ("severity", "rule_ids") else _on_a_line(text)


def _widen_fence(lines: list[str], opening: int, closing: int, code: str, end_of_line: str) -> None:
    """Make a fence longer that a line of the new code would close."""
    found = FENCE.fullmatch(lines[opening].removesuffix("\r"))
    if found is None or all(_fence_after(found[1], line) for line in code.split("\n")):
        return
    fence = _fence_for(code)
    lines[opening], lines[closing] = fence + found[2] + end_of_line, fence + end_of_line


def _append(lines: list[str], section: Sequence[str]) -> None:
    while lines and not lines[-1].strip():
        lines.pop()
    lines += [*([""] if lines else []), *section]


def _rendered(title: str, fields: Mapping[str, str]) -> list[str]:
    return [f"### {title}", "", *_parts({"bad_example": "", "good_example": "", **fields})]


def _parts(fields: Mapping[str, str]) -> list[str]:
    """Return fields as lines, with an empty line at the end."""
    labels = [_label(name, fields[name]) for name in LABELS.values() if fields.get(name)]
    parts = [*labels, ""] if labels else []
    for name in ("bad_example", "description", "good_example"):
        if name in EXAMPLES and name in fields:
            heading, language = EXAMPLES[name]
            fence = _fence_for(fields[name])
            parts += [heading, f"{fence}{language}", *_lines_of(name, fields[name]), fence, ""]
        elif fields.get(name):
            parts += ["**Problems:**", *_lines_of(name, fields[name]), ""]
    return parts


def _lines_of(name: str, text: str) -> list[str]:
    if name in LABELS.values():
        return [_label(name, text)]
    if name == "description":
        return [f"- {line}".rstrip() for line in text.split("\n")]
    return text.split("\n") if text else []


def _label(name: str, text: str) -> str:
    label = next(label for label, field_name in LABELS.items() if field_name == name)
    return f"**{label}:** {text}"


def _fence_for(code: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    return "`" * max(3, longest + 1)


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _on_a_line(text: str) -> str:
    return " ".join(text.split())
