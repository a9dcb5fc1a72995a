"""What the command line says, and its exit codes: 0 sound, 1 a fault found, 2 it could not be done."""

from __future__ import annotations

import gzip
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from patchtrail.cli.app import app
from patchtrail.contract.collection import KeySet, ServerKey
from patchtrail.trace import write_bundle
from patchtrail.trace.base_snapshot import write_base
from patchtrail.trace.file_tree import FileTree
from tests.integrity.honest import Honest, honest, server_key

SESSION = honest(seed=5)
PINNED = ("--server-key", server_key().jkt)


def bundle(folder: Path, session: Honest = SESSION, **changes: object) -> Path:
    """Write a session's bundle, with changes in it."""
    key = ServerKey(jkt=server_key().jkt, public_key=server_key().public.jwk, created_ms=0)
    path = folder / "trace.zip"
    path.write_bytes(write_bundle(replace(session.evidence, **changes), KeySet(version=1, receipt=[key]), b"{}"))
    return path


def check(exit_code: int, *said: str, arguments: tuple[object, ...]) -> None:
    """Run a command; compare its exit code and what it says."""
    result = CliRunner().invoke(app, [str(one) for one in arguments])

    assert result.exit_code == exit_code, result.output
    assert [text for text in said if text not in result.output] == []
    assert "Traceback" not in result.output


def test_verify_a_sound_bundle(tmp_path: Path) -> None:
    """A sound bundle is told in numbers, with its level."""
    path = bundle(tmp_path)
    check(0, "events in 3 chunks, 3 receipts", "Assurance level L3", arguments=("trace", "verify", path, *PINNED))


def test_verify_without_a_pinned_key(tmp_path: Path) -> None:
    """Without a fingerprint the reader is advised to compare it."""
    check(0, "advice", server_key().jkt, arguments=("trace", "verify", bundle(tmp_path)))


def test_verify_a_forged_bundle(tmp_path: Path) -> None:
    """A fault is told with its place and code, and the exit code says so."""
    chunks = (SESSION.evidence.chunks[0], SESSION.evidence.chunks[2])
    path = bundle(tmp_path, chunks=chunks)
    check(1, "FAULT", "chunk 1", "[chunk.n]", "Assurance level L0", arguments=("trace", "verify", path, *PINNED))


def test_verify_with_another_key(tmp_path: Path) -> None:
    """A collector's key that is not the trusted one is a fault."""
    arguments = ("trace", "verify", bundle(tmp_path), "--server-key", server_key(9).jkt)
    check(1, "keys.pinned", arguments=arguments)


def test_show(tmp_path: Path) -> None:
    """The timeline names each event by its number."""
    check(0, "    0  ", "session_start", "ended: participant", arguments=("trace", "show", bundle(tmp_path)))


def test_replay_needs_the_start_commit(tmp_path: Path) -> None:
    """A repository without the start commit is said."""
    subprocess.run(["git", "init", "-q", str(tmp_path / "other")], check=True)
    arguments = ("trace", "verify", bundle(tmp_path), *PINNED, "--repo", tmp_path / "other")
    check(2, "does not hold the start commit", arguments=arguments)


def test_a_snapshot_that_contradicts_the_trace(tmp_path: Path) -> None:
    """A base snapshot on which the edits do not replay is a fault, as a repository would be."""
    base = write_base(FileTree({"shop.py": b"something else\n"}))
    path = bundle(tmp_path, honest(seed=5, base=base))
    check(1, "FAULT", "replay.", "1 artifact", arguments=("trace", "verify", path, *PINNED))


def test_a_snapshot_that_cannot_be_read(tmp_path: Path) -> None:
    """Nobody vouches for what is in a base snapshot: a hostile one is told, and the trace is as sound as it was."""
    for base in (b"no archive", gzip.compress(bytes(10 << 20))):
        path = bundle(tmp_path, honest(seed=5, base=base))
        check(0, "[base.unreadable]", "Assurance level L3", arguments=("trace", "verify", path, *PINNED))
        check(2, "cannot be read", arguments=("trace", "replay", path, "-o", tmp_path / "out"))

    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("trace", "show", "nowhere.zip"), "neither a file nor a trace id"),
        (("trace", "list", "--collector", "http://127.0.0.1:9"), "cannot be reached"),
        (("device", "enrol", "http://127.0.0.1:9", "0123456789"), "cannot be reached"),
        (("collect", "invite", "--config", "nowhere.toml"), "cannot be read"),
        (("collect", "--data-dir", "/proc/nowhere"), "/proc/nowhere"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(arguments: tuple[str, ...], said: str) -> None:
    """A failure is a sentence on standard error and exit code 2, never a traceback."""
    check(2, said, arguments=arguments)


def test_a_bundle_that_is_none(tmp_path: Path) -> None:
    """A file that is no bundle is said."""
    path = tmp_path / "trace.zip"
    path.write_text("no zip")
    check(2, "not a sound bundle", arguments=("trace", "verify", path))
