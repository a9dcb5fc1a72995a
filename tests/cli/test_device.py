"""`patchtrail device enrol`: where the secret goes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from patchtrail.cli.app import app
from patchtrail.collector.enrolment import invite
from patchtrail.contract.collection import InvitationRequest
from patchtrail.contract.lsp import DeviceKey
from tests.delivery.fakes import RunningCollector, running_collector


def enrol(collector: RunningCollector, *more: str, code: str | None = None) -> tuple[int, str, str]:
    """Enrol with a code of the collector's; return the exit code, what was printed, and what was said beside it."""
    invitation = collector.service.database.write(
        lambda connection: invite(
            connection,
            InvitationRequest(participant_id="p-1"),
            study_id=collector.service.study_id,
            now_ms=collector.service.now_ms(),
        )
    ).result()
    result = CliRunner().invoke(app, ["device", "enrol", collector.url, code or invitation.code, *more])
    return result.exit_code, result.stdout, result.stderr


def test_the_key_goes_to_a_file_that_nobody_else_reads(tmp_path: Path) -> None:
    """--output makes a new file of mode 0600, whatever the umask is, and prints nothing of the secret."""
    key = tmp_path / "device.key"
    mask = os.umask(0)
    try:
        with running_collector(tmp_path / "collector") as collector:
            done = enrol(collector, "--output", str(key))
    finally:
        os.umask(mask)

    assert (done[0], done[1]) == (0, "")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    found = DeviceKey.model_validate_json(key.read_text())
    assert found.d not in done[2]
    assert found.collector_url == collector.url


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_file_that_is_there_is_left_alone(tmp_path: Path, kind: str) -> None:
    """What is there already is neither overwritten nor followed, and the code can still be used."""
    key, kept = tmp_path / "device.key", tmp_path / "kept"
    kept.write_text("kept")
    key.symlink_to(kept) if kind == "link" else key.write_text("kept")
    with running_collector(tmp_path / "collector") as collector:
        refused = enrol(collector, "--output", str(key))

    assert refused[0] == 2
    assert "File exists" in refused[2]
    assert (key.read_text(), kept.read_text()) == ("kept", "kept")


def test_a_refused_code_leaves_no_file(tmp_path: Path) -> None:
    """When the collector refuses, no file is left behind."""
    with running_collector(tmp_path / "collector") as collector:
        refused = enrol(collector, "--output", str(tmp_path / "device.key"), code="0000000000")

    assert refused[0] == 2
    assert not (tmp_path / "device.key").exists()


def test_without_a_file_the_key_is_printed(tmp_path: Path) -> None:
    """Without --output the line is all that stands on standard output."""
    with running_collector(tmp_path / "collector") as collector:
        done = enrol(collector)

    assert DeviceKey.model_validate_json(done[1]).participant_id == "p-1"
