"""What a file is to a debugging session: product, test, scratch or prose; and what a line of it is."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Literal

__all__ = ["Role", "is_commented_out", "is_probe_line", "role_of"]

Role = Literal["product", "test", "scratch", "prose"]
TEST_FILE = re.compile(
    r"test_.*|.*_tests?\.\w+|tests?\.\w+|conftest\.py|.*[.-](?:test|spec|e2e)\.\w+|.*_spec\.\w+|.*Tests?\.\w+"
)
TEST_FOLDERS = frozenset({"test", "tests", "__tests__", "spec", "specs", "testing"})
SCRATCH = re.compile(
    r"(?:debug|dbg|repro(?:duce)?|scratch|tmp|temp|try|try_?it|play(?:ground)?|foo|bar|untitled|wip|experiment"
    r"|probe|quick)"
    r"(?:[\d_.-].*)?|.*(?:_repro|_scratch|_debug|_tmp|_old|_backup|_copy|\.bak|\.orig|\.rej|\.swp|~)(?:\.\w+)?"
    r"|.*\.log|nohup\.out"
)
PROSE = frozenset({".md", ".rst", ".txt", ".adoc"})
PROBE_LINE = re.compile(
    r"\s*(?:p?print\(|breakpoint\(\)|import (?:i?pdb|pprint|sys;)|from pprint\b|i?pdb\.|console\.(?:log|debug|dir"
    r"|trace)\("
    r"|debugger\b|fmt\.Print|System\.out\.print|dbg!|eprintln!|var_dump\(|traceback\.print|log(?:ger|ging)?\.debug\()"
)
COMMENTED_OUT = re.compile(
    r"\s*(?:#|//)\s?\s*(?:(?:if|elif|for|while|def|class|with|try|else|except)\b.*:\s*$"
    r"|return\b\s*[\w(\[\"'-].*[)\]\w\"']\s*;?$|raise \w+|assert \S+.*"
    r"|import \w+|from \w+ import|[\w.\[\]\"']+\s*(?:[+*/-]|//)?=\s*\S.*|[\w.]+\(.*\)\s*;?\s*$|(?:const|let|var) \w+)"
)
PROSE_LIKE = re.compile(r"\s*(?:#|//)\s*(?:[A-Z][a-z]+ (?:[a-z]+ ){2,}|.*[.:]\s*$|return (?:the|a|an|early|when|if)\b)")


def role_of(path: str) -> Role:
    """Return what a file is, by its path."""
    pure = PurePosixPath(path.replace("\\", "/"))
    if SCRATCH.fullmatch(pure.name):
        return "scratch"
    if TEST_FILE.fullmatch(pure.name) or not TEST_FOLDERS.isdisjoint(pure.parts[:-1]):
        return "test"
    return "prose" if pure.suffix.lower() in PROSE else "product"


def is_probe_line(line: str) -> bool:
    """Return whether a line only shows something to whoever debugs."""
    return PROBE_LINE.match(line) is not None


def is_commented_out(line: str) -> bool:
    """Return whether a comment holds code rather than words."""
    return COMMENTED_OUT.match(line) is not None and not PROSE_LIKE.match(line)
