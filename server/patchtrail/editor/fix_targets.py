"""Diagnostics, and what is to be found of them: which are known of a document, and the findings that they are."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from patchtrail.contract.lsp_fixes import DocumentDiagnostics, FixDiagnostic, FixTarget
from patchtrail.patching import Finding, ToolEdit, ToolFix
from patchtrail.patching.diagnostics import finding_of_diagnostic

__all__ = ["OWN_SOURCE", "KnownDiagnostics", "finding_of"]

OWN_SOURCE = "patchtrail"
MOST_DOCUMENTS = 200
SEVERITIES = {"error": 1, "warning": 2, "information": 3, "hint": 4}


class KnownDiagnostics:
    """Of each document the diagnostics that the client forwarded, else those it last asked for fixes with."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[int, tuple[FixDiagnostic, ...], bool]] = OrderedDict()

    def forwarded(self, report: DocumentDiagnostics) -> None:
        """Take all diagnostics of a document."""
        self._keep(report.uri, report.version, tuple(report.diagnostics), is_whole=True)

    def seen(self, uri: str, version: int, diagnostics: Sequence[FixDiagnostic]) -> None:
        """Take those of a menu, where nothing better is known."""
        known = self._known.get(uri)
        if known is None or not (known[2] and known[0] == version):
            self._keep(uri, version, tuple(diagnostics), is_whole=False)

    def of(self, uri: str, version: int | None) -> tuple[FixDiagnostic, ...]:
        """Return what is known of a document in this version of it."""
        known = self._known.get(uri)
        return () if known is None or (version is not None and known[0] != version) else known[1]

    def whole(self, target: FixTarget) -> FixTarget:
        """Return the target with the fix of its tool, which only a forwarded diagnostic has."""
        asked = target.diagnostic
        if asked is None or asked.fix_edits:
            return target
        for one in self.of(target.uri, target.version):
            if one.model_copy(update={"fix_title": "", "fix_edits": []}) == asked:
                return target.model_copy(update={"diagnostic": one})
        return target

    def forget(self, uri: str) -> None:
        """Forget a document that was closed."""
        self._known.pop(uri, None)

    def _keep(self, uri: str, version: int, diagnostics: tuple[FixDiagnostic, ...], *, is_whole: bool) -> None:
        self._known[uri] = (version, diagnostics, is_whole)
        self._known.move_to_end(uri)
        if len(self._known) > MOST_DOCUMENTS:
            self._known.popitem(last=False)


def finding_of(diagnostic: FixDiagnostic, file_path: str) -> Finding:
    """Return the finding that a diagnostic is; one of our own is a failing test."""
    finding = finding_of_diagnostic(
        source=diagnostic.source,
        code=diagnostic.code or None,
        message=diagnostic.message,
        file_path=file_path,
        start=(diagnostic.start_line, diagnostic.start_character),
        end=(diagnostic.end_line, diagnostic.end_character),
        severity=SEVERITIES[diagnostic.severity],
    )
    if diagnostic.source == OWN_SOURCE:
        return replace(finding, tool="test", rule_id="failing-test", test_id=diagnostic.code)
    edits = tuple(
        ToolEdit(one.start_line + 1, one.start_character, one.end_line + 1, one.end_character, one.text)
        for one in diagnostic.fix_edits
    )
    # The protocol does not tell whether the tool calls its fix safe.
    return replace(finding, fix=ToolFix(diagnostic.fix_title, is_safe=False, edits=edits)) if edits else finding
