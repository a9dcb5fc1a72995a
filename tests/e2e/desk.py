"""What the tests in a real editor share: a repository with a bug, a served editor, and a look at what was written."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from collector import Collector
from tests.e2e.conftest import git
from tests.e2e.participant import Participant, commands_on_path
from tests.e2e.rig import CodeServer, Workbench

__all__ = ["SECRET", "Collector", "at_desk", "bytes_below", "fingerprint", "make_shop", "private_keys_in", "traces"]

SECRET = "planted-hunter-2-secret"
TASK = {"label": "tests", "type": "shell", "command": "../bin/pytest -q", "problemMatcher": []}
SHOP = {
    "prices.py": "def total(items):\n    return sum(price for _, price in items) + 1\n",
    "test_shop.py": "from prices import total\n\n\ndef test_empty():\n    assert total([]) == 0\n\n\n"
    "def test_sum():\n    assert total([('a', 2), ('b', 3)]) == 5\n",
    "conf.py": f'password = "{SECRET}"\nport = 1\n',
    ".gitignore": "__pycache__/\n.pytest_cache/\n",
    ".vscode/tasks.json": json.dumps({"version": "2.0.0", "tasks": [TASK]}),
}
KEY_WORD = re.compile(rb"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")


def make_shop(folder: Path) -> Path:
    """Make a repository whose tests fail, and in which a secret is committed."""
    for name, text in SHOP.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "A small shop")
    return folder


@contextmanager
def at_desk(
    folder: Path,
    vsix: Path,
    shop: Path,
    *,
    beside: tuple[Path, ...] = (),
    env: Mapping[str, str] | None = None,
    machine: Mapping[str, object] | None = None,
    **settings: object,
) -> Iterator[Participant]:
    """Sit somebody down at an editor with the extension; chunks stay here long enough to be looked at.

    What `machine` sets holds for this machine, as what the extension itself writes for that scope.
    """
    server = CodeServer(
        folder / "run",
        extensions=[*beside, vsix],
        settings={"patchtrail.upload.holdSeconds": 240, "patchtrail.trace.server": "verbose", **settings},
        env={"SERVICE_PASSWORD": SECRET, **(env or {})},
    )
    (server.home / ".bashrc").write_text(f"PATH='{commands_on_path(folder / 'bin')}'\nPS1='$ '\n")
    if machine is not None:
        server.machine_settings.parent.mkdir(parents=True, exist_ok=True)
        server.machine_settings.write_text(json.dumps(machine))
    with server, Workbench(server, shop) as workbench:
        yield Participant(server, workbench, shop)


def traces(collector: Collector) -> list[dict]:
    """Return what the collector lists."""
    return list(collector.get("/v1/traces")["traces"])


def fingerprint(collector: Collector) -> str:
    """Return the fingerprint that a coordinator would give out."""
    return str(httpx.get(f"{collector.url}/v1/keys", timeout=60).json()["root"]["jkt"])


def bytes_below(*folders: Path) -> Iterator[tuple[Path, bytes]]:
    """Read every file below some folders."""
    for folder in folders:
        for path in folder.rglob("*"):
            with contextlib.suppress(OSError):
                if path.is_file():
                    yield path, path.read_bytes()


def private_keys_in(collector: Collector, content: bytes) -> list[bytes]:
    """Return the words of a text that are the private key of a device that the collector knows."""
    with contextlib.closing(sqlite3.connect(collector.data_dir / "collector.db")) as database:
        known = {row[0] for row in database.execute("select public_x from devices")}
    assert known, "no device is enrolled"
    return [word for word in set(KEY_WORD.findall(content)) if _public_half(word) in known]


def _public_half(word: bytes) -> str:
    key = Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(word + b"="))
    return base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).rstrip(b"=").decode()
