"""A wired sidecar that records a session inside this process, with a language server's workspace around it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lsprotocol import types as lsp

from patchtrail.capture import Recorder
from patchtrail.cli.sidecar import build_sidecar
from patchtrail.contract.lsp import Facts, StartSession
from patchtrail.contract.settings import Settings
from patchtrail.editor.server import SidecarServer
from patchtrail.study import current_consent

__all__ = ["opened_server", "recording"]


@contextmanager
def recording(folder: Path) -> Iterator[tuple[Recorder, Path]]:
    """Yield a recorder with a running session, and the folder that it records."""
    work = folder / "work"
    work.mkdir()
    sidecar = build_sidecar(folder / "spool", None)
    sidecar.start()
    try:
        _start(sidecar.recorder, work)
        yield sidecar.recorder, work
    finally:
        sidecar.close()


def opened_server(root: Path) -> SidecarServer:
    """Return a server that was initialized, so that it has a workspace; it serves nothing."""
    server = SidecarServer()
    params = lsp.InitializeParams(capabilities=lsp.ClientCapabilities(), root_uri=root.as_uri())
    deque(server.protocol.lsp_initialize(params), maxlen=0)
    return server


def _start(recorder: Recorder, work: Path) -> None:
    recorder.configure(Settings(folders_allowed=[str(work)]))
    recorder.report_facts(
        Facts(is_telemetry_enabled=True, is_workspace_trusted=True, consent=current_consent())
    ).result()
    recorder.start(StartSession(root_uri=work.as_uri(), task_id="bench"), work).result()
