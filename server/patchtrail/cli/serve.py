"""`patchtrail serve`: the sidecar, on standard input and output.

Only what answers `initialize` is imported here; the rest is loaded when the client says that it is initialized.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable
from pathlib import Path

from lsprotocol import types as lsp

from patchtrail.editor import build_server
from patchtrail.editor.server import SidecarServer

__all__ = ["serve"]

MAX_KEY_LINE = 16 * 1024


def serve(arguments: list[str]) -> int:
    """Run the sidecar until its client is gone; return the exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    # pygls quotes whole messages in its log; they hold what the developer writes.
    logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)
    key_line = sys.stdin.buffer.readline(MAX_KEY_LINE) if options.key_stdin else None
    loaded = _Loaded(key_line, None if options.spool is None else Path(options.spool), options.spool_cap_mb)
    try:
        build_server(loaded.connect).start_io()
    finally:
        loaded.close()
    return loaded.exit_code


class _Loaded:
    """The sidecar, from the moment on at which it is needed."""

    def __init__(self, key_line: bytes | None, spool: Path | None, cap_mb: int) -> None:
        self._key_line = key_line
        self._cap_bytes = cap_mb * 1024 * 1024
        self._spool = spool
        self.close: Callable[[], None] = _nothing
        self.exit_code = 0

    def connect(self, server: SidecarServer, params: lsp.InitializeParams) -> Callable[[], None]:
        """Load and start the sidecar; without a sound key or a place to write it ends with a sentence and code 2."""
        from patchtrail.cli.sidecar import build_sidecar, default_spool, device_of
        from patchtrail.contract.errors import PatchtrailError
        from patchtrail.editor.connection import connect

        try:
            device = None if self._key_line is None else device_of(self._key_line)
            sidecar = build_sidecar(self._spool or default_spool(), device, cap_bytes=self._cap_bytes)
        except (PatchtrailError, OSError) as error:
            sentence = (
                f"The spool cannot be written: {error.strerror}." if isinstance(error, OSError) else error.message
            )
            sys.stderr.write(f"patchtrail serve: {sentence}\n")
            self.exit_code = 2
            raise SystemExit(2) from None
        self.close, self._key_line = sidecar.close, None
        connect(server, sidecar, params)
        return sidecar.close


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("patchtrail serve", description="Run the language-server sidecar on stdio.")
    parser.add_argument(
        "--key-stdin",
        action="store_true",
        help="read the device key, one line of JSON, from standard input before the first LSP message; "
        "without it sessions are recorded locally, unsigned, and nothing is uploaded",
    )
    parser.add_argument(
        "--spool",
        help="folder that holds what is not delivered yet (default: patchtrail/spool in the user's data folder)",
    )
    parser.add_argument(
        "--spool-cap-mb",
        type=int,
        default=512,
        help="how much may wait there (default: 512; never more than 5 %% of the free space)",
    )
    return parser


def _nothing() -> None:
    """Close what was never opened."""
