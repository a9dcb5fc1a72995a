"""Build the language server around a wired sidecar."""

from __future__ import annotations

from patchtrail.editor.registration import register
from patchtrail.editor.server import SidecarServer
from patchtrail.editor.sidecar import Sidecar

__all__ = ["build_server"]


def build_server(sidecar: Sidecar) -> SidecarServer:
    """Return a server that is ready to serve on standard input and output."""
    server = SidecarServer()
    register(server, sidecar)
    return server
