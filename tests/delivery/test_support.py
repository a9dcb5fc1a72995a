"""A report for whoever helps holds nothing that was recorded; wiping leaves nothing."""

from __future__ import annotations

import zipfile
from pathlib import Path

from typer.testing import CliRunner

from patchtrail.cli.app import app
from patchtrail.contract.events import Heartbeat, RationaleNote
from patchtrail.delivery import SpoolStore, TraceSpool, open_local
from tests.delivery.fakes import ManualClock

SECRET = RationaleNote(kind="plan", text="the-recorded-words", confidence=None, links=[])


def used_spool(folder: Path) -> tuple[SpoolStore, TraceSpool]:
    """Make a spool with something in it."""
    store = SpoolStore(folder / "spool", ManualClock(), None)
    trace = store.create(open_local(), "/w", b"k" * 32)
    trace.append(SECRET)
    trace.append(Heartbeat())
    trace.store(b"the-recorded-output", "text/plain")
    (trace.folder.path / "quarantine").mkdir()
    (trace.folder.path / "quarantine" / "000000.why").write_text("422 chunk.poison: No.")
    return store, trace


def test_a_report_holds_no_contents(tmp_path: Path) -> None:
    """P7: the support bundle tells names, sizes, manifests and refusals; no recorded word, blob or key is in it."""
    store, trace = used_spool(tmp_path)
    output = tmp_path / "report.zip"
    done = CliRunner().invoke(app, ["device", "report", str(output), "--spool", str(tmp_path / "spool")])
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(output) as report:
        told = b"".join(report.read(name) for name in report.namelist())

    assert b"active.jsonl" in told
    assert b"422 chunk.poison: No." in told
    assert b"the-recorded" not in told
    assert b"k" * 32 not in told
    store.release(trace)


def test_forgetting_wipes_the_spool_and_the_key(tmp_path: Path) -> None:
    """P10: nothing of a spool is left, nor the key; while a sidecar is at work nothing is removed."""
    store, trace = used_spool(tmp_path)
    key = tmp_path / "device.key"
    key.write_text("a key")
    command = ["device", "forget", "--yes", "--spool", str(tmp_path / "spool"), "--key-file", str(key)]
    refused = CliRunner().invoke(app, command)
    assert refused.exit_code != 0
    assert trace.folder.active.exists()
    assert key.exists()

    store.release(trace)
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "1 traces in it were not delivered" in done.output
    assert list(tmp_path.iterdir()) == []
