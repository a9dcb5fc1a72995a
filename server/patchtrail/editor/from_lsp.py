"""From LSP's types to ours: the only way in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import unquote

from lsprotocol import types as lsp
from pydantic import ValidationError
from pygls.uris import to_fs_path
from pygls.workspace import PositionCodec, TextDocument, Workspace

from patchtrail.capture import ClientName, sound_text
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.files import SaveReason
from patchtrail.contract.lsp import InitializationOptions
from patchtrail.contract.lsp_fixes import FixDiagnostic
from patchtrail.contract.settings import Settings
from patchtrail.contract.wire import WireModel
from patchtrail.editor.client_powers import ClientPowers, HintPowers
from patchtrail.trace.cells import Cell

__all__ = [
    "changed_files",
    "changed_settings",
    "client_name",
    "client_powers",
    "diagnostics_of",
    "file_path",
    "hint_powers",
    "initialization_options",
    "notebook_cells",
    "open_folders",
    "params_of",
    "save_reason",
    "wants_quick_fixes",
    "workspace_folders",
]

SAVE_REASONS: dict[lsp.TextDocumentSaveReason, SaveReason] = {
    lsp.TextDocumentSaveReason.Manual: "manual",
    lsp.TextDocumentSaveReason.AfterDelay: "after_delay",
    lsp.TextDocumentSaveReason.FocusOut: "focus_out",
}

SEVERITIES: dict[lsp.DiagnosticSeverity | None, Literal["error", "warning", "information", "hint"]] = {
    lsp.DiagnosticSeverity.Error: "error",
    lsp.DiagnosticSeverity.Information: "information",
    lsp.DiagnosticSeverity.Hint: "hint",
}

Params = TypeVar("Params", bound=WireModel)


def params_of(model: type[Params], params: Any) -> Params:  # noqa: ANN401 -- whatever JSON the client sent
    """Validate a custom method's parameters.

    Raises `InvalidInput` naming the first field that is wrong, without its value.
    """
    try:
        return model.model_validate({} if params is None else _sound(params))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in fault["loc"]) or "params"
        raise InvalidInput(f"{where}: {fault['msg']}", code="invalid_params") from error


def _sound(value: Any) -> Any:  # noqa: ANN401 -- whatever JSON the client sent
    """Replace lone surrogates, which JSON can say and UTF-8 cannot."""
    if isinstance(value, str):
        return sound_text(value)
    if isinstance(value, dict):
        return {_sound(name): _sound(one) for name, one in value.items()}
    return [_sound(one) for one in value] if isinstance(value, list) else value


def file_path(uri: str) -> Path | None:
    """Return the absolute path of a `file:` URI; None for documents that are no files."""
    if not uri.startswith("file:"):
        return None
    path = to_fs_path(uri)
    return None if path is None else Path(path).resolve()


def changed_files(changes: Sequence[lsp.FileEvent]) -> tuple[list[Path], list[Path]]:
    """Return the files that changed or went away, and those that are new."""
    there = [(change.type, path) for change in changes if (path := file_path(change.uri)) is not None]
    created = [path for kind, path in there if kind == lsp.FileChangeType.Created]
    return [path for kind, path in there if kind != lsp.FileChangeType.Created], created


def notebook_cells(notebook: lsp.NotebookDocument, workspace: Workspace) -> list[Cell]:
    """Return a notebook's cells as the editor has them; one that it gives no id has none yet."""
    cells = list[Cell]()
    # The same cell is named with `%3D` in one place and with `=` in another.
    documents = {unquote(uri): document for uri, document in workspace.text_documents.items()}
    for told in notebook.cells:
        document = documents.get(unquote(told.document))
        if document is not None:
            kind: Literal["code", "markdown"] = "code" if told.kind == lsp.NotebookCellKind.Code else "markdown"
            cells.append(Cell(_cell_id(told), kind, document.language_id or "", document.source))
    return cells


def _cell_id(cell: lsp.NotebookCell) -> str:
    metadata: Any = cell.metadata
    found = metadata.get("id") if isinstance(metadata, dict) else getattr(metadata, "id", None)
    return found if isinstance(found, str) else ""


def save_reason(reason: lsp.TextDocumentSaveReason) -> SaveReason:
    """Return why the editor saves."""
    return SAVE_REASONS.get(reason, "unknown")


def workspace_folders(params: lsp.InitializeParams) -> tuple[Path, ...]:
    """Return the folders that the editor has open."""
    uris = [folder.uri for folder in params.workspace_folders or []] or [params.root_uri or ""]
    paths = [file_path(uri) for uri in uris]
    return tuple(path for path in paths if path is not None)


def open_folders(workspace: Workspace) -> tuple[Path, ...]:
    """Return the folders that the editor has open by now."""
    paths = [file_path(uri) for uri in workspace.folders]
    return tuple(path for path in paths if path is not None)


def changed_settings(params: lsp.DidChangeConfigurationParams) -> Settings:
    """Return the settings that workspace/didChangeConfiguration brings."""
    return params_of(Settings, params.settings)


def initialization_options(params: lsp.InitializeParams) -> InitializationOptions:
    """Return the client's options; without any, nothing is allowed yet."""
    return params_of(InitializationOptions, params.initialization_options)


def client_name(params: lsp.InitializeParams) -> ClientName:
    """Return how the editor calls itself."""
    info = params.client_info
    return ClientName() if info is None else ClientName(info.name, info.version or "")


def wants_quick_fixes(only: Sequence[lsp.CodeActionKind | str] | None) -> bool:
    """Return whether a request for code actions may be answered with quick fixes."""
    return only is None or any(one in ("", lsp.CodeActionKind.QuickFix) for one in only)


def diagnostics_of(diagnostics: Sequence[lsp.Diagnostic], document: TextDocument) -> list[FixDiagnostic]:
    """Return a client's diagnostics, with their characters in UTF-16 units."""
    encoding = document.position_codec.encoding
    is_utf_16 = encoding == lsp.PositionEncodingKind.Utf16
    return [_diagnostic(one, one.range if is_utf_16 else _in_utf_16(one.range, document)) for one in diagnostics]


def _diagnostic(diagnostic: lsp.Diagnostic, where: lsp.Range) -> FixDiagnostic:
    # A menu may be about hundreds of them: validating a dictionary takes a third of the constructor's time.
    return FixDiagnostic.model_validate(
        {
            "message": sound_text(diagnostic.message),
            "source": sound_text(diagnostic.source or ""),
            "code": "" if diagnostic.code is None else sound_text(str(diagnostic.code)),
            "severity": SEVERITIES.get(diagnostic.severity, "warning"),
            "start_line": where.start.line,
            "start_character": where.start.character,
            "end_line": where.end.line,
            "end_character": where.end.character,
            "fix_edits": [],
        }
    )


def _in_utf_16(where: lsp.Range, document: TextDocument) -> lsp.Range:
    lines = document.lines
    plain = document.position_codec.range_from_client_units(lines, where)
    return PositionCodec(lsp.PositionEncodingKind.Utf16).range_to_client_units(lines, plain)


def client_powers(params: lsp.InitializeParams, abilities: Sequence[str]) -> ClientPowers:
    """Return what a client can do with a patch."""
    workspace, window = params.capabilities.workspace, params.capabilities.window
    edits = workspace.workspace_edit if workspace else None
    kinds = (edits.resource_operations if edits else None) or []
    return ClientPowers(
        can_version=bool(edits and edits.document_changes),
        can_create=lsp.ResourceOperationKind.Create in kinds,
        can_annotate=bool(edits and edits.change_annotation_support),
        can_show_progress=bool(window and window.work_done_progress),
        abilities=frozenset(abilities),
    )


def hint_powers(params: lsp.InitializeParams) -> HintPowers:
    """Return what a client can do with hints; one that says nothing of Markdown shows plain text."""
    workspace, document = params.capabilities.workspace, params.capabilities.text_document
    hints, hover = workspace and workspace.inlay_hint, document and document.hover
    return HintPowers(
        can_refresh=bool(hints and hints.refresh_support),
        shows_markdown=lsp.MarkupKind.Markdown in ((hover and hover.content_format) or ()),
    )
