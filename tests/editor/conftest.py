"""The sidecar under two editors."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from lsprotocol import types as lsp
from pytest_lsp import ClientServerConfig, client_capabilities

from tests.editor.driven import EDITORS, Editor


@pytest_asyncio.fixture(params=EDITORS)
async def editor(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Editor]:
    """Open a repository in an editor."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "shop.py").write_text("def total(x):\n    return x\n")
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=T", "-c", "user.email=t@t", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    command = [sys.executable, "-m", "patchtrail", "serve", "--spool", str(tmp_path / "spool")]
    client = await ClientServerConfig(server_command=command).start()
    await client.initialize_session(
        lsp.InitializeParams(
            capabilities=client_capabilities(request.param),
            client_info=lsp.ClientInfo(request.param, "1"),
            root_uri=folder.as_uri(),
            initialization_options={"settings": {"folders_allowed": [str(folder)]}},
        )
    )
    yield Editor(client, folder, tmp_path / "spool")
    await client.shutdown_session()
    await client.stop()
