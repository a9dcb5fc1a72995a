"""The first pass of structural rules: PEM blocks, Authorization headers, URL userinfo, secret-like assignments.

Every expression is bounded and stays inside one line, so that its cost is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from pydantic import JsonValue

from patchtrail.integrity import canonical, digest

__all__ = ["RULES_VERSION", "Span", "pem_spans", "rule_spans", "rules_sha256"]

RULES_VERSION = "1"

STRONG = r"(?:passw(?:or)?d|passphrase|passwd|pwd|secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key)"
WEAK = r"(?:(?<![a-z])(?:pass|cred)s?(?![a-z])|[_-](?:pass|key|cred)s?(?![a-z]))"
NAME = rf"(?:{STRONG}|{WEAK})"
BARE_KEY = r"(?<![a-z])keys?(?![a-z])"
SCHEMES = r"(?:basic|bearer|digest|negotiate|token|apikey)"


@dataclass(frozen=True)
class Span:
    """`text[start:stop]` is what `rule` found."""

    start: int
    stop: int
    rule: str


@dataclass(frozen=True)
class Rule:
    """One expression inside a line; what its groups hold is replaced, the rest of the match stays readable."""

    name: str
    needs: tuple[str, ...]
    """Without one of these the line cannot match, and the expression is not tried."""
    expression: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The compiled expression."""
        return re.compile(self.expression, re.IGNORECASE)


HINTS = ("pass", "pwd", "secret", "token", "key", "cred", "authorization", "bearer", "://")
"""No rule matches in a line that holds none of these, in lower case."""

ANNOTATION = r"(?:[ \t]*:[ \t]*[\w.\[\], |]{1,60}?)?"
"""A type between name and value: `password: str = "…"`, `const key: string = "…"`."""
OPERATOR = r"[ \t]{0,8}(?::=|=>|==|[:=,])[ \t]{0,8}"
OPENING = r"\(?[rbuf]{0,2}\\?"

RULES = (
    # The whole credential: to the closing quote, or to the end of the line.
    Rule(
        "authorization",
        ("authorization",),
        r"\bauthorization\\?[\"']?[ \t]{0,8}[:=,][ \t]{0,8}(?:b(?=[\"']))?\\?[\"']?"
        rf"(?:{SCHEMES}[ \t]{{1,4}})?((?!{SCHEMES}[ \t])[^\s\"'<>\\][^\"'<>\\\n\r]{{3,4096}})",
    ),
    Rule(
        "authorization", ("bearer",), r"\bbearer[ \t]{1,4}((?=[A-Za-z_~+/=:-]{0,64}[0-9.])[A-Za-z0-9._~+/=:-]{6,4096})"
    ),
    # Up to the last @ before a space or a quote: a password may hold one.
    Rule(
        "userinfo",
        ("://",),
        r"\b[a-z][a-z0-9+.-]{1,20}://([^\s/@\"'<>]{1,300}(?:@[^\s/@\"'<>]{1,100}){0,2})@(?=[\w.\[-])",
    ),
    # A quoted value of a secret-like name, as code, JSON, TOML and shells write it.
    Rule(
        "assignment",
        ('"', "'"),
        rf"{STRONG}s?\w{{0,40}}\\?[\"']?\]?{ANNOTATION}{OPERATOR}{OPENING}"
        r"(?:\"([^\"\n\\]{4,4096})\\?\"|'([^'\n\\]{4,4096})\\?')",
    ),
    Rule(
        "assignment",
        ('"', "'"),
        rf"{NAME}\w{{0,40}}[\"']?\]?[ \t]{{0,8}}(?::=|=>|[:=])[ \t]{{0,8}}[rbuf]{{0,2}}"
        r"(?:\"([^\"\s]{4,4096})\"|'([^'\s]{4,4096})')",
    ),
    # NAME=value as a word of a shell line or alone on its own, and --name=value or --name value.
    Rule(
        "assignment",
        ("=", "-"),
        rf"(?:(?:^|[ \t+;&|])\w[\w.-]{{0,60}}?{NAME}[\w.-]{{0,40}}=|(?:^|[ \t+;&|]){NAME}[\w.-]{{0,40}}="
        rf"|(?<!\S)--?[\w-]{{0,40}}{STRONG}\w{{0,40}}(?:=|[ \t]{{1,4}}))"
        r"([^\s\"'<>(),;]{4,4096})(?=[ \t\r;&|]|$)",
    ),
    # name: value of YAML and logs, and an unquoted value elsewhere, when it looks drawn rather than named.
    Rule(
        "assignment",
        ("=", ":"),
        rf"(?:{NAME}|{BARE_KEY})\w{{0,40}}[\"']?[ \t]{{0,8}}[:=][ \t]{{0,8}}[\"']?"
        r"((?=[\w+/=.~!@#$%^&*-]{0,63}\d)(?=[\w+/=.~!@#$%^&*-]{0,63}[a-z])[\w+/=.~!@#$%^&*-]{8,4096})"
        r"(?![\w(\[])",
    ),
    # name: value alone on its line, when the value is one long lower-case word, as in YAML and properties files.
    Rule(
        "assignment",
        ("=", ":"),
        rf"^[ \t+-]{{0,40}}\w{{0,40}}{STRONG}[ \t]{{0,8}}[:=][ \t]{{0,8}}([a-z-]{{12,200}})[ \t\r]*$",
    ),
)

PEM_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{1,60}-----")
PEM_END = re.compile(r"-----END [A-Z0-9 ]{1,60}-----")
PEM_BODY = re.compile(
    r"^[^A-Za-z0-9]{0,40}(?:\d{1,6}[:\t ]{1,4})?[^A-Za-z0-9]{0,10}[A-Za-z0-9+/=]{16,}(?:\\n)?[^A-Za-z0-9]{0,40}$"
)
PEM_HEADER = re.compile(
    r"^[^A-Za-z0-9]{0,40}(?:\d{1,6}[:\t ]{0,4})?(?:[A-Z][A-Za-z-]{2,20}: [^\n]{0,200})?[^A-Za-z0-9]{0,10}$"
)
PEM_MAX_LINES = 400


def rule_spans(text: str) -> Iterator[Span]:
    """Yield what the expressions find, looking only at lines that can hold a match."""
    for start, stop in _hinted_lines(text):
        line = text[start:stop]
        lowered = line.lower()
        for rule in RULES:
            if not any(need in lowered for need in rule.needs):
                continue
            for match in rule.pattern.finditer(line):
                group = 1 if match[1] is not None else 2
                yield Span(start + match.start(group), start + match.end(group), rule.name)


def pem_spans(text: str) -> Iterator[Span]:
    """Yield a span per line of each PEM, OpenSSH or PGP block; an unfinished block ends with its base64."""
    at = 0
    while match := PEM_BEGIN.search(text, at):
        stop = _pem_stop(text, match)
        start = match.start()
        while start < stop:
            line_stop = min(_line_end(text, start), stop)
            body_start = start + len(text[start:line_stop]) - len(text[start:line_stop].lstrip())
            body_stop = start + len(text[start:line_stop].rstrip())
            if body_start < body_stop:
                yield Span(body_start, body_stop, "pem")
            start = line_stop + 1
        at = max(stop, match.end())


def rules_sha256() -> str:
    """Return the fingerprint of these rules, as the `redactor` event names it."""
    expressions: list[JsonValue] = [f"{rule.name} {rule.expression}" for rule in RULES]
    expressions += [f"pem {pattern.pattern}" for pattern in (PEM_BEGIN, PEM_END, PEM_BODY)]
    return digest.sha256(canonical.encode({"version": RULES_VERSION, "rules": expressions}))


def _hinted_lines(text: str) -> list[tuple[int, int]]:
    """Return the extent of each line that holds a hint, in order."""
    lowered = text.lower()
    if len(lowered) != len(text):  # Some capitals grow when lowered; then no offset can be trusted.
        return _all_lines(text)
    starts = set[int]()
    for hint in HINTS:
        at = lowered.find(hint)
        while at >= 0:
            starts.add(text.rfind("\n", 0, at) + 1)
            at = lowered.find(hint, _line_end(text, at))
    return [(start, _line_end(text, start)) for start in sorted(starts)]


def _all_lines(text: str) -> list[tuple[int, int]]:
    lines, start = list[tuple[int, int]](), 0
    for line in text.split("\n"):
        lines.append((start, start + len(line)))
        start += len(line) + 1
    return lines


def _pem_stop(text: str, begin: re.Match[str]) -> int:
    """Return where a block ends: behind its END line, or behind the last line that still looks like one."""
    horizon = begin.end()
    # A block holds no other one's BEGIN, so nobody can make every BEGIN search the same lines again.
    following = PEM_BEGIN.search(text, begin.end(), begin.end() + PEM_MAX_LINES * 100)
    limit = following.start() if following else len(text)
    for _ in range(PEM_MAX_LINES):
        if horizon >= limit:
            break
        horizon = _line_end(text, horizon) + 1
    end = PEM_END.search(text, begin.end(), min(horizon, limit))
    if end:
        return end.end()
    stop = _line_end(text, begin.end())
    while stop < len(text):
        line_stop = _line_end(text, stop + 1)
        line = text[stop + 1 : line_stop].rstrip("\r")
        if not PEM_BODY.match(line) and not PEM_HEADER.match(line):
            break
        stop = line_stop
    return stop


def _line_end(text: str, at: int) -> int:
    newline = text.find("\n", at)
    return len(text) if newline < 0 else newline
