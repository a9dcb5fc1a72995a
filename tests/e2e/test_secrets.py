"""Plant secrets of every kind in every carrier, then look for them in every byte that was written anywhere."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import zstandard

from collector import Collector, enrol
from lsp import LanguageClient
from tests.e2e.conftest import PATCHTRAIL, git

SECRETS = {
    "environment": "env-0f1e2d3c4b5a",
    "dotenv": "dot-9a8b7c6d5e4f",
    "user": "zaphodbeeble",
    "host": "heartofgold42",
    "pem": "MIIEpAIBAAKCAQEAplantedplantedplanted",
    "authorization": "bearer.token.planted",
    "basic": "cGxhbnRlZDpwbGFudGVk",
    "userinfo": "plantedlogin:plantedpw",
    "password": "hunter-planted-2",
    "api_key": "k3y-planted-0123",
    "flag": "flag-planted-77",
}
TEXT = "\n".join(
    [
        'password = "hunter-planted-2"',
        "API_KEY=k3y-planted-0123",
        'headers = {"Authorization": "Bearer bearer.token.planted"}',
        "Authorization: Basic cGxhbnRlZDpwbGFudGVk",
        "https://plantedlogin:plantedpw@example.com/x",
        "run --token flag-planted-77 now",
        "-----BEGIN RSA PRIVATE KEY-----",
        "MIIEpAIBAAKCAQEAplantedplantedplanted",
        "-----END RSA PRIVATE KEY-----",
        "env-0f1e2d3c4b5a and dot-9a8b7c6d5e4f",
        "/tmp/homes/zaphodbeeble/x and zaphodbeeble@heartofgold42",
        "",
    ]
)


def test_no_planted_secret_is_anywhere(collector: Collector, repository: Path, tmp_path: Path) -> None:
    """Spool, database, blobs, logs, exports and what is printed hold none of the planted secrets."""
    session = Planted(collector, repository, tmp_path)
    session.play()
    spooled = list(texts_below(tmp_path / "spool"))
    trace_id = session.finish()
    exported = session.read_back(trace_id)

    written = [*spooled, *texts_below(tmp_path / "spool"), *texts_below(collector.data_dir), *exported]
    written.append(("log", (tmp_path / "sidecar.log").read_bytes()))
    found = [(name, where) for name, secret in SECRETS.items() for where, text in written if secret.encode() in text]
    assert found == []
    assert any(b"<<redacted:" in text for _, text in spooled)
    assert {rule.split(b":")[1] for _, text in spooled for rule in text.split(b"<<redacted")[1:]} >= {
        *(b"env", b"dotenv", b"user", b"host", b"home", b"pem", b"authorization", b"userinfo", b"assignment"),
    }


class Planted:
    """A session whose every report carries every secret."""

    def __init__(self, collector: Collector, repository: Path, folder: Path) -> None:
        self.collector, self.repository, self.folder = collector, repository, folder
        (repository / ".env").write_text("PEPPER=dot-9a8b7c6d5e4f\n")
        git(repository, "remote", "add", "origin", "https://plantedlogin:plantedpw@example.com/shop.git")
        environment = {
            **os.environ,
            "DEPLOY_TOKEN": "env-0f1e2d3c4b5a",
            "HOME": "/tmp/homes/zaphodbeeble",
            "USER": "zaphodbeeble",
            "LOGNAME": "zaphodbeeble",
            "HOSTNAME": "heartofgold42",
        }
        command = [*PATCHTRAIL, "serve", "--key-stdin", "--spool", str(folder / "spool")]
        with (folder / "sidecar.log").open("wb") as log:
            key_line = enrol(collector.url, collector.invite())
            self.client = LanguageClient(command, key_line, environment, log)

    def play(self) -> None:
        """Plant every secret in edits, notes, commands, test results, commits and the task itself."""
        settings = {"folders_allowed": [str(self.repository)], "upload_hold_seconds": 240}
        self.client.initialize(self.repository, {"settings": settings})
        consent = self.client.request("patchtrail/consent/read")["consent"]
        facts = {"is_telemetry_enabled": True, "is_workspace_trusted": True, "consent": consent}
        self.client.request("patchtrail/facts/report", facts)
        task = {"task_id": "env-0f1e2d3c4b5a", "task_title": TEXT, "task_description": TEXT}
        self.client.request("patchtrail/session/start", {"root_uri": self.repository.as_uri(), **task})
        self.edit()
        self.client.request("patchtrail/note/add", {"kind": "plan", "text": TEXT})
        cwd = str(self.repository / "zaphodbeeble")
        report = {"command_line": TEXT, "confidence": "high", "cwd": cwd, "exit_code": 0}
        for output in (TEXT, TEXT * 200, TEXT.replace("planted", "pla\x1b[31mnted")):
            self.client.request("patchtrail/command/report", {**report, "duration_ms": 1, "output": output})
        self.test_run()
        git(self.repository, "add", "shop.py")
        git(self.repository, "commit", "--quiet", "--message", TEXT)
        self.client.request("patchtrail/command/report", {**report, "duration_ms": 1, "output": ""})

    def edit(self) -> None:
        """Save secrets into a file, change them, and save the denied file itself."""
        path = self.repository / "shop.py"
        self.client.open(path)
        self.client.edit_and_save(path, TEXT)
        self.client.edit_and_save(path, TEXT + "more\n")
        self.client.open(self.repository / ".env")
        self.client.edit_and_save(self.repository / ".env", "PEPPER=dot-9a8b7c6d5e4f\nOTHER=abcdefghijkl\n")

    def test_run(self) -> None:
        """Report a failing test whose id and message carry secrets."""
        path = Path(self.client.request("patchtrail/tests/prepare")["junit_path"])
        message = TEXT.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;").replace("\n", "&#10;")
        case = f'<testcase classname="t" name="a[env-0f1e2d3c4b5a]"><failure message="{message}"/></testcase>'
        path.write_text(f"<testsuite>{case * 300}</testsuite>")
        run = {"command_line": TEXT, "exit_code": 1, "duration_ms": 1, "junit_path": str(path)}
        self.client.request("patchtrail/tests/report", run)
        assert not path.exists()

    def finish(self) -> str:
        """End the session and wait until it is delivered."""
        trace_id = self.client.request("patchtrail/session/status")["trace_id"]
        self.client.request("patchtrail/session/end")
        for _ in range(600):
            if not self.client.request("patchtrail/session/status")["undelivered"]:
                break
            time.sleep(0.05)
        self.client.stop()
        return str(trace_id)

    def read_back(self, trace_id: str) -> Iterator[tuple[str, bytes]]:
        """Yield everything that a reader gets: the export, the document, what is printed."""
        bundle = self.folder / "export.zip"
        reading = {
            **os.environ,
            "PATCHTRAIL_COLLECTOR_URL": self.collector.url,
            "PATCHTRAIL_TOKEN": self.collector.token,
        }
        for arguments in (["export", trace_id, "-o", str(bundle)], ["show", trace_id], ["list"]):
            done = subprocess.run([*PATCHTRAIL, "trace", *arguments], env=reading, capture_output=True, check=True)
            yield f"trace {arguments[0]}", done.stdout + done.stderr
        document = self.collector.get(f"/v1/traces/{trace_id}")
        assert len(document["events"]) >= 14
        yield "document", json.dumps(document, ensure_ascii=False).encode()
        with zipfile.ZipFile(bundle) as archive:
            for name in archive.namelist():
                yield from readable(name, archive.read(name))


def texts_below(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file's bytes, and what is packed inside them."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield from readable(path.name, path.read_bytes())


def readable(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield bytes, and every zstd frame inside them unpacked."""
    yield name, content
    at = content.find(zstandard.MAGIC_NUMBER.to_bytes(4, "little"))
    while at >= 0:
        with contextlib.suppress(zstandard.ZstdError):
            yield f"{name} at {at}", zstandard.ZstdDecompressor().decompressobj().decompress(content[at:])
        at = content.find(zstandard.MAGIC_NUMBER.to_bytes(4, "little"), at + 1)
