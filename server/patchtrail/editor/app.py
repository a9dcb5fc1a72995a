"""Build the language server; the sidecar behind it is loaded once `initialize` is answered."""

from __future__ import annotations

from patchtrail.editor.registration import Connect, register
from patchtrail.editor.server import SidecarServer

__all__ = ["build_server"]


def build_server(connect: Connect) -> SidecarServer:
    """Return a server that is ready to serve on standard input and output."""
    server = SidecarServer()
    register(server, connect)
    return server
