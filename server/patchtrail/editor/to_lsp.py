"""From our types to LSP's: the only way out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from lsprotocol import types as lsp
from pydantic import JsonValue
from pygls.exceptions import JsonRpcException

from patchtrail.contract.errors import InvalidInput, PatchtrailError
from patchtrail.contract.lsp_fixes import FixDiagnostic
from patchtrail.contract.wire import WireModel
from patchtrail.editor import pattern_card
from patchtrail.editor.client_powers import ClientPowers, HintPowers
from patchtrail.editor.fix_targets import OWN_SOURCE
from patchtrail.editor.lines import lines_of
from patchtrail.editor.patch_edits import PlacedPatch, line_edits
from patchtrail.learning.pattern_places import PatternPlace
from patchtrail.patching import Finding

__all__ = [
    "INVALID_PARAMS",
    "REQUEST_FAILED",
    "failing_tests",
    "hover",
    "inlay_hints",
    "quick_fix",
    "response_error",
    "result",
    "workspace_edit",
]

INVALID_PARAMS = -32602
REQUEST_FAILED = -32803

Edit = TypeVar("Edit")


def result(model: WireModel) -> JsonValue:
    """Return a result as JSON."""
    return model.model_dump(mode="json")


def response_error(error: PatchtrailError) -> JsonRpcException:
    """Return a failed request's answer: the protocol's own error, with our problem as its data."""
    code = INVALID_PARAMS if isinstance(error, InvalidInput) else REQUEST_FAILED
    return JsonRpcException(message=error.message, code=code, data=error.problem().model_dump(mode="json"))


def failing_tests(uri: str, findings: Sequence[Finding]) -> lsp.PublishDiagnosticsParams:
    """Return all diagnostics of our own in a document; the test's id is their code."""
    shown = [
        lsp.Diagnostic(
            lsp.Range(
                lsp.Position(one.line - 1, one.character),
                lsp.Position(max(one.end_line, one.line) - 1, one.end_character),
            ),
            one.message,
            severity=lsp.DiagnosticSeverity.Error,
            code=one.test_id,
            source=OWN_SOURCE,
        )
        for one in findings
    ]
    return lsp.PublishDiagnosticsParams(uri, shown)


def quick_fix(
    title: str, command: str, uri: str, version: int | None, one: FixDiagnostic | None = None
) -> lsp.CodeAction:
    """Return an entry of the menu; its command's argument says all that it takes to do it, and to resolve it.

    Without `diagnostics`: VS Code puts those that name some above those that do not, and other tools' fixes come first.
    """
    told: dict[str, object] = {"uri": uri, "version": version}
    if one is not None:
        # By hand: a menu may have hundreds of entries, and is wanted at once.
        told["diagnostic"] = {
            "message": one.message,
            "source": one.source,
            "code": one.code,
            "severity": one.severity,
            "start_line": one.start_line,
            "start_character": one.start_character,
            "end_line": one.end_line,
            "end_character": one.end_character,
        }
    return lsp.CodeAction(
        title, kind=lsp.CodeActionKind.QuickFix, command=lsp.Command(title, command, arguments=[told])
    )


def workspace_edit(
    files: Sequence[PlacedPatch], powers: ClientPowers, *, label: str, fix_id: str, needs_confirmation: bool
) -> lsp.WorkspaceEdit:
    """Return a patch as one edit, of documents in the versions that it was made for."""
    if not powers.can_version:
        return lsp.WorkspaceEdit(changes={one.uri: _edits(one, lsp.TextEdit) for one in files})
    note = f"patchtrail:{fix_id}" if powers.can_annotate else None
    changes: list[lsp.TextDocumentEdit | lsp.CreateFile | lsp.RenameFile | lsp.DeleteFile] = []
    for one in files:
        if one.before is None:
            changes.append(lsp.CreateFile(one.uri, annotation_id=note))
        document = lsp.OptionalVersionedTextDocumentIdentifier(uri=one.uri, version=one.version)
        changes.append(lsp.TextDocumentEdit(document, _edits(one, _annotated(note) if note else lsp.TextEdit)))
    annotation = lsp.ChangeAnnotation(label, needs_confirmation=needs_confirmation)
    return lsp.WorkspaceEdit(document_changes=changes, change_annotations={note: annotation} if note else None)


def _annotated(note: str) -> Callable[[lsp.Range, str], lsp.AnnotatedTextEdit]:
    return lambda where, text: lsp.AnnotatedTextEdit(annotation_id=note, range=where, new_text=text)


def _edits(one: PlacedPatch, make: Callable[[lsp.Range, str], Edit]) -> list[Edit]:
    lines = lines_of(one.before or "")
    return [
        make(lsp.Range(_at(one, lines, edit.start), _at(one, lines, edit.end)), edit.text)
        for edit in line_edits(one.before or "", one.after)
    ]


def _at(one: PlacedPatch, lines: list[str], line: int) -> lsp.Position:
    """Return where a line starts; behind a last line that nothing ends, that is its end."""
    if line < len(lines) or not lines or lines[-1].endswith(("\n", "\r")):
        return lsp.Position(line, 0)
    return lsp.Position(len(lines) - 1, one.units(lines[-1]))


def inlay_hints(
    places: Sequence[PatternPlace], text: str, language: str, units: Callable[[str], int]
) -> list[lsp.InlayHint]:
    """Return a hint for each place, at the end of its first line; `units` counts a text as the client does."""
    lines = lines_of(text)
    return [
        lsp.InlayHint(
            lsp.Position(one.first_line, units(lines[one.first_line].rstrip("\r\n"))),
            pattern_card.label(one),
            tooltip=lsp.MarkupContent(lsp.MarkupKind.Markdown, pattern_card.tooltip(one, language)),
            padding_left=True,
        )
        for one in places
        if one.first_line < len(lines)
    ]


def hover(places: Sequence[PatternPlace], language: str, powers: HintPowers) -> lsp.Hover | None:
    """Return the cards of all places, or nothing where there are none."""
    if not places:
        return None
    kind = lsp.MarkupKind.Markdown if powers.shows_markdown else lsp.MarkupKind.PlainText
    cards = "\n\n---\n\n".join(pattern_card.card(one, language, is_markdown=powers.shows_markdown) for one in places)
    return lsp.Hover(lsp.MarkupContent(kind, cards))
