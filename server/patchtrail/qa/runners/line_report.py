"""Which lines ran, as other tools report it: LCOV tracefiles (geninfo(1)), Cobertura XML, and Go's cover profiles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from patchtrail.contract.errors import InvalidInput
from patchtrail.qa.runners.go_report import go_cover

__all__ = ["LineReport", "parse_line_report"]

MAX_LINES = 2_000_000
LineReport = dict[str, tuple[frozenset[int], frozenset[int]]]
"""By path: the lines that ran, and all that could have; from 1."""


def parse_line_report(content: bytes, root: str) -> LineReport:
    """Return what a report tells of files below `root`; raises `InvalidInput` where it cannot be read."""
    found: dict[str, dict[int, int]] = {}
    for count, (path, line, hits) in enumerate(_told(content)):
        if count > MAX_LINES:
            raise InvalidInput("The report of lines is too long.", code="bad_lines")
        lines = found.setdefault(_below(path, root), {})
        lines[line] = max(hits, lines.get(line, 0))
    found.pop("", None)
    return {path: (frozenset(one for one in lines if lines[one]), frozenset(lines)) for path, lines in found.items()}


def _told(content: bytes) -> Iterator[tuple[str, int, int]]:
    if content.startswith(b"mode: "):
        return go_cover(content)
    return _of_cobertura(content) if content.lstrip()[:1] == b"<" else _of_lcov(content)


def _of_lcov(content: bytes) -> Iterator[tuple[str, int, int]]:
    path = ""
    for line in content.decode("utf-8", "replace").splitlines():
        kind, _, rest = line.partition(":")
        if kind == "SF":
            path = rest.strip()
        elif kind == "DA":
            number, _, hits = rest.partition(",")
            hits = hits.partition(",")[0]
            if number.isdigit() and hits.isdigit():
                yield path, int(number), int(hits)


def _of_cobertura(content: bytes) -> Iterator[tuple[str, int, int]]:
    try:
        root = fromstring(content)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise InvalidInput(f"The report of lines cannot be read: {type(error).__name__}", code="bad_lines") from error
    for element in root.iter("class"):
        for line in element.iter("line"):
            number, hits = line.get("number", ""), line.get("hits", "")
            if number.isdigit() and hits.isdigit():
                yield element.get("filename", ""), int(number), int(hits)


def _below(path: str, root: str) -> str:
    """Return a path relative to the root; empty for one outside of it."""
    parts = PurePosixPath(path.removeprefix(f"{root}/")).parts
    return "" if not parts or parts[0] == "/" or ".." in parts else "/".join(parts)
