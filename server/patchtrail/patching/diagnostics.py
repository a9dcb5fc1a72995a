"""Diagnostics of an editor as findings: plain values in, so that no type of the protocol comes here."""

from __future__ import annotations

from patchtrail.patching.finding import Finding, Severity

__all__ = ["finding_of_diagnostic", "tool_of_source"]

TOOLS = {
    "ruff": "ruff",
    "pylance": "pyright",
    "pyright": "pyright",
    "basedpyright": "pyright",
    "mypy": "mypy",
    "dmypy": "mypy",
    "ts": "tsc",
    "tsserver": "tsc",
    "typescript": "tsc",
    "js": "tsc",
    "eslint": "eslint",
    "flake8": "flake8",
    "pylint": "pylint",
    "pycodestyle": "pycodestyle",
    "pyflakes": "pyflakes",
    "pydocstyle": "pydocstyle",
    "rustc": "rustc",
    "clippy": "clippy",
    "cargo": "rustc",
    "gopls": "gopls",
    "compiler": "go",
    "clang": "clang",
    "clang-tidy": "clang-tidy",
    "java": "java",
    "python": "python",
    "patchtrail": "patchtrail",
}
"""What servers write as a diagnostic's source, in lower case, and the tool that checks it again."""
SEVERITIES: dict[int, Severity] = {1: "error", 2: "warning", 3: "information", 4: "hint"}
TSC_SOURCES = frozenset({"tsc"})


def tool_of_source(source: str | None) -> str:
    """Return the tool behind a diagnostic's source; one that is not known is its own tool."""
    name = (source or "").strip().lower()
    # Some write the rule's family behind their name, as in `Ruff (F401)` or `eslint-plugin`.
    word = name.split(" ", 1)[0].rstrip(":")
    return TOOLS.get(name) or TOOLS.get(word) or word or "unknown"


def finding_of_diagnostic(
    *,
    source: str | None,
    code: str | int | None,
    message: str,
    file_path: str,
    start: tuple[int, int],
    end: tuple[int, int],
    severity: int | None = None,
) -> Finding:
    """Return a finding; `start` and `end` are the protocol's line and character, both from 0, severity its number."""
    tool = tool_of_source(source)
    rule = _rule(tool, code)
    return Finding(
        tool=tool,
        rule_id=rule,
        message=message,
        file_path=file_path,
        line=start[0] + 1,
        character=start[1],
        end_line=end[0] + 1,
        end_character=end[1],
        severity=SEVERITIES.get(severity or 1, "error"),
    )


def _rule(tool: str, code: str | int | None) -> str:
    told = str(code).strip() if code is not None else ""
    if tool in TSC_SOURCES and told.isdigit():
        return f"TS{told}"
    if told:
        return told
    # Syntax errors are what these servers report without a code.
    return {"ruff": "invalid-syntax", "pyright": "syntax", "eslint": "syntax", "python": "syntax"}.get(tool, "unknown")
