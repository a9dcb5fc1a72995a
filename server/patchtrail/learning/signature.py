"""What a failure is, without what varies from one time to the next: rule, exception, top frame, masked message."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Signature", "exception_of", "masked", "rule_of", "signature_of"]

MASKS = (
    (re.compile(r"0x[0-9a-fA-F]+|\b[0-9a-fA-F]{12,}\b"), "<hex>"),
    (re.compile(r"(?:[A-Za-z]:)?(?:[\w.@~-]*[/\\])+[\w.@~-]+"), "<path>"),
    # Quoted signs alone are no name: a colon that was expected is not a bracket that was.
    (
        re.compile(
            r"'(?=[^'\n]{0,200}?\w)[^'\n]{0,200}'|\"(?=[^\"\n]{0,200}?\w)[^\"\n]{0,200}\"|`(?=[^`\n]{0,200}?\w)[^`\n]{0,200}`"
        ),
        "<name>",
    ),
    (re.compile(r"\d+(?:\.\d+)?"), "<n>"),
)
MAX_MESSAGE = 2_000
OF_PARSERS = frozenset({"invalid-syntax", "syntax-error", "syntax", "e999"})
"""Rules under which a parser reports everything that it cannot read; only its message says what it was."""
MAX_RULE = 80
BREAKS = re.compile(r"[\s`'\",;]+")
FRAME = re.compile(
    r'File "([^"\n]{1,400})", line \d+, in (\S{1,200})|^([^\s:]{1,400}\.\w{1,4}):\d+: in (\S{1,200})', re.M
)
EXCEPTION = re.compile(r"^(?:E\s+)?((?:[A-Za-z_]\w*\.){0,8}[A-Z]\w*(?:Error|Exception|Warning|Exit|Interrupt))\b", re.M)


@dataclass(frozen=True)
class Signature:
    """The parts by which the same failure is known again; an unknown part is empty."""

    rule: str = ""
    exception: str = ""
    frame: str = ""
    message: str = ""


def masked(message: str) -> str:
    """Return a message without names, numbers, paths and addresses, on one line."""
    text = " ".join(message[:MAX_MESSAGE].split())
    for expression, mask in MASKS:
        text = expression.sub(mask, text)
    return text


def rule_of(rule_id: str, message: str) -> str:
    """Return what a lesson is about: a tool's rule, and of a parser's one rule the message, too, as one word."""
    if rule_id.lower() not in OF_PARSERS:
        return rule_id
    return f"{rule_id}-{BREAKS.sub('-', masked(message)).strip('-')}"[:MAX_RULE]


def exception_of(text: str) -> str:
    """Return the type of the last exception that a message or traceback names, without its module; else nothing."""
    found = EXCEPTION.findall(text)
    return found[-1].rpartition(".")[2] if found else ""


def signature_of(
    *, tool: str = "", rule_id: str = "", message: str = "", traceback: str = "", is_own: Callable[[str], bool]
) -> Signature:
    """Return a failure's signature; `is_own` tells the repository's own files from libraries, by path."""
    own = rule_of(rule_id, message).lower()
    rule = f"{tool}:{own}" if tool and own else own
    exception = exception_of(traceback) or exception_of(message) or exception_of(rule_id)
    return Signature(rule, exception, _top_frame(traceback, is_own), masked(message))


def _top_frame(traceback: str, is_own: Callable[[str], bool]) -> str:
    """Return file and function of the innermost own frame."""
    frames = [(one[0] or one[2], one[1] or one[3]) for one in FRAME.findall(traceback)]
    return next((f"{path}:{function}" for path, function in reversed(frames) if is_own(path)), "")
