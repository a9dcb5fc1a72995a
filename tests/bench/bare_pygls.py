"""A language server that does nothing, in a process of its own: the floor of a cold start.

With `--with-libraries` it also imports what a sidecar that validates and signs cannot do without.
"""

from __future__ import annotations

import sys

from pygls.lsp.server import LanguageServer

__all__ = ["WITH_LIBRARIES"]

WITH_LIBRARIES = "--with-libraries"

if __name__ == "__main__":
    if WITH_LIBRARIES in sys.argv:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: F401 -- what it costs to load
        from pydantic import BaseModel  # noqa: F401 -- the same
    LanguageServer("bare", "0").start_io()
