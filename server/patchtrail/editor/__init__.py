"""The editor's side: LSP in, LSP out, one small file per feature."""

from patchtrail.editor.app import build_server
from patchtrail.editor.sidecar import Sidecar

__all__ = ["Sidecar", "build_server"]
