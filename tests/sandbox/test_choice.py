"""A sandbox is used only when it works; where none does there is a reason, and nothing runs bare."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from patchtrail.llm import Cancellation
from patchtrail.sandbox import Job
from patchtrail.sandbox.bubblewrap import Bubblewrap
from patchtrail.sandbox.choice import Wanted, sandbox_named, usable_sandbox
from patchtrail.sandbox.container import ContainerSandbox
from patchtrail.sandbox.engine import DOCKER, PODMAN
from patchtrail.sandbox.port import Sandbox
from tests.sandbox.engines import PACKAGES, lacking_programs

OF_BUBBLEWRAP = {"bwrap", "prlimit", "sh", "setpriv", "unshare", "mount"}
BACK_ENDS = {
    "bwrap": (Bubblewrap, "bubblewrap"),
    "prlimit": (Bubblewrap, "util-linux"),
    "docker": (lambda: ContainerSandbox(DOCKER), "docker.io"),
    "podman": (lambda: ContainerSandbox(PODMAN), "podman"),
}
OLD = "runsc version 0.0~20221219.0\nspec: 1.1.0-rc.1\n"


@pytest.mark.parametrize("engine", PACKAGES)
def test_an_engine_is_installed(engine: str) -> None:
    """The hostile suite runs on this engine too; where it is not installed, this says what to install."""
    if lacking := lacking_programs(engine):
        reason = f"the sandbox is not tested in {engine}: apt-get install {PACKAGES[engine][0]} ({', '.join(lacking)})"
        assert os.environ.get("CI") != "true", reason
        pytest.skip(reason)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder in which programs are looked for; it is empty."""
    folder = tmp_path / "tools"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.mark.parametrize("lacking", BACK_ENDS)
def test_nothing_runs_bare(tmp_path: Path, tools: Path, lacking: str) -> None:
    """Where a back end's parts are missing nothing is run at all, and the reason says what to install."""
    for name in OF_BUBBLEWRAP - {lacking}:
        (tools / name).symlink_to(f"/usr/bin/{name}")
    made, package = BACK_ENDS[lacking]
    walls: Sandbox = made()
    ran = walls.run(Job(("touch", str(tmp_path / "ran")), tools, Path("/project")), Cancellation())

    assert (ran.ending, ran.code, ran.output) == ("no_sandbox", None, b"")
    assert ran.problem == walls.is_usable()
    assert ran.problem.startswith("no sandbox: ")
    assert lacking in ran.problem
    assert package in ran.problem
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("wanted", ["bubblewrap", "docker", "podman", "runsc"])
def test_what_is_wanted_and_missing_is_a_reason(tools: Path, wanted: Wanted) -> None:
    """A back end that is asked for by name is never replaced by another one."""
    told = usable_sandbox(wanted)

    assert isinstance(told, str)
    assert told.startswith(f"no sandbox: {wanted}: ")
    assert "install" in told


def test_automatic_names_each_that_was_tried(tools: Path) -> None:
    """Where nothing works, the reason names every way that was tried, with its own reason."""
    told = usable_sandbox("auto")

    assert isinstance(told, str)
    assert [told.count(f"{one}: ") for one in ("bubblewrap", "docker", "podman")] == [1, 1, 1]


def test_automatic_prefers_bubblewrap() -> None:
    """Where bubblewrap works it is taken."""
    told = usable_sandbox("auto")

    assert not isinstance(told, str), told
    assert told.name == "bubblewrap"


@pytest.mark.parametrize("said", [OLD, "", "something else\n"])
def test_an_old_gvisor_is_not_used(tools: Path, said: str) -> None:
    """A runsc of years ago, as distributions carry it, or one that does not say its release, is refused."""
    program = tools / "runsc"
    program.write_text(f"#!/bin/sh\nprintf '{said}'\n")
    program.chmod(0o755)
    told = usable_sandbox("runsc")

    assert isinstance(told, str)
    assert "too old or unknown" in told


def test_an_engine_that_does_not_answer_is_not_used(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine whose client is here and whose daemon is not gives a reason, in its own words."""
    program = tools / "docker"
    program.write_text("#!/bin/sh\necho 'Cannot connect to the daemon' >&2\nexit 1\n")
    program.chmod(0o755)
    told = usable_sandbox("docker")

    assert isinstance(told, str)
    assert "docker could not be used: Cannot connect to the daemon" in told


@pytest.mark.parametrize(("wanted", "reason"), [("docker", "docker not found"), ("chroot", "there is none named")])
def test_a_setting_that_cannot_be_met_runs_nothing(tools: Path, wanted: str, reason: str) -> None:
    """A setting that names a back end which is not there, or none at all, leads to a sandbox that says so."""
    walls = sandbox_named(wanted)
    ran = walls.run(Job(("true",), tools, Path("/project")), Cancellation())

    assert (ran.ending, ran.problem) == ("no_sandbox", walls.is_usable())
    assert reason in ran.problem
