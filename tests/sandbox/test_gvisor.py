"""gVisor's runtime is used through an engine; a stand-in that hands everything on to runc shows that it is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from patchtrail.sandbox.choice import usable_sandbox
from tests.sandbox.back_ends import installed, up
from tests.sandbox.walls import check

STAND_IN = """#!/bin/sh
case " $* " in *" --version "*) echo "runsc version release-20240212.0"; exit 0;; esac
echo "$@" >> {log}
exec runc "$@"
"""


@pytest.mark.skipif(not installed("podman"), reason="the package podman is missing, or root's rights")
def test_a_current_runtime_runs_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A runtime of 2024 or later is what the engine starts a job with; what it need not limit is named."""
    tools, folder, log = tmp_path / "tools", tmp_path / "folder", tmp_path / "log"
    tools.mkdir()
    folder.mkdir()
    (tools / "runsc").write_text(STAND_IN.format(log=log))
    (tools / "runsc").chmod(0o755)
    with up("podman"):
        monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/usr/sbin:/bin:/sbin")
        walls = usable_sandbox("runsc")
        assert not isinstance(walls, str), walls
        ran = check(walls, folder, "echo", "ran")

    assert (walls.name, ran.ending, ran.output) == ("runsc", "exit", b"ran\n")
    assert {"number of files", "processes of the whole run"} <= set(ran.missing_limits)
    assert " create " in log.read_text()
