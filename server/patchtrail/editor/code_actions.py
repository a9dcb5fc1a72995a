"""textDocument/codeAction: what is offered, at once; no model is asked, no file is read."""

from __future__ import annotations

from lsprotocol import types as lsp

from patchtrail.contract.lsp_fixes import EXPLAIN_COMMAND, FIX_COMMAND, FixDiagnostic
from patchtrail.editor import to_lsp
from patchtrail.editor.fix_places import Place
from patchtrail.editor.fix_targets import OWN_SOURCE, KnownDiagnostics, finding_of
from patchtrail.editor.fixing import Fixing

__all__ = ["offers"]

MOST_EXPLAINED = 5
MOST_CHARS = 90


def offers(
    uri: str,
    version: int | None,
    place: Place,
    diagnostics: list[FixDiagnostic],
    known: KnownDiagnostics,
    fixing: Fixing,
) -> list[lsp.CodeAction]:
    """Return a fix for each diagnostic that something here may have an answer to, one for all, and explanations."""
    fixes = fixing.fixes_of(place.root)
    made = list[lsp.CodeAction]()
    for one in diagnostics:
        finding = finding_of(one, place.file_path)
        if fixing.can_fix(place.root, finding):
            hint = "" if fixes.can_recheck(finding) else " (not re-checked)"
            made.append(to_lsp.quick_fix(f"{_title(one)}{hint}", FIX_COMMAND, uri, version, one))
    count = len(known.of(uri, version))
    if made and count > 1:
        made.append(to_lsp.quick_fix(f"Fix all {count} findings in this file", FIX_COMMAND, uri, version))
    for one in diagnostics[:MOST_EXPLAINED]:
        made.append(to_lsp.quick_fix(f"Explain: {_short(one.message)}", EXPLAIN_COMMAND, uri, version, one))
    return made


def _title(diagnostic: FixDiagnostic) -> str:
    if diagnostic.source == OWN_SOURCE:
        return f"Fix failing test {_short(diagnostic.code)}"
    return f"Fix: {_short(diagnostic.message)}"


def _short(text: str) -> str:
    line = text.strip().partition("\n")[0].strip()
    return line if len(line) <= MOST_CHARS else f"{line[:MOST_CHARS]}…"
