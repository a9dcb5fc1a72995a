"""The editor's side: LSP in, LSP out, one small file per feature."""

from patchtrail.editor.app import build_server

__all__ = ["build_server"]
