"""Container engines that the tests bring up by themselves, in a folder of their own, and take down again."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

__all__ = ["PACKAGES", "environment_of", "lacking_programs"]

PACKAGES = {"docker": ("docker.io", ("dockerd", "docker", "unshare")), "podman": ("podman", ("podman", "runc"))}
"""Per engine the Debian package and the programs."""
READY = b"API listen on"
END_S = 60
CONTAINERS = """[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
events_logger = "file"
cgroup_manager = "cgroupfs"
tmp_dir = "{folder}/tmp"
"""
STORAGE = """[storage]
driver = "overlay"
graphroot = "{folder}/root"
runroot = "{folder}/run"
"""


def lacking_programs(engine: str) -> list[str]:
    """Return what is missing here to bring an engine up."""
    lacking = [one for one in PACKAGES[engine][1] if shutil.which(one) is None]
    return lacking if os.geteuid() == 0 else [*lacking, "the rights of root"]


@contextlib.contextmanager
def environment_of(engine: str) -> Iterator[dict[str, str]]:
    """Bring an engine up; yield the variables by which its client finds it."""
    # The path of a socket is short.
    folder = Path(tempfile.mkdtemp(prefix="engine-", dir="/tmp"))
    try:
        with (_docker if engine == "docker" else _podman)(folder) as environment:
            yield environment
    finally:
        for mount in _mounts_below(folder):
            subprocess.run(["umount", mount], check=False)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _docker(folder: Path) -> Iterator[dict[str, str]]:
    """Run a daemon in a network namespace of its own, so that nobody's firewall is touched."""
    address = f"unix://{folder}/docker.sock"
    argv = ["unshare", "--net", "setpriv", "--pdeathsig", "TERM", "dockerd", "--host", address]
    argv += ["--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/docker.pid"]
    argv += ["--iptables=false", "--ip6tables=false", "--bridge=none"]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as daemon:
        assert daemon.stderr is not None
        said = _until_ready(daemon.stderr)
        assert READY in said, f"dockerd ended: {said.decode()[-2000:]}"
        threading.Thread(target=daemon.stderr.read, daemon=True).start()
        try:
            yield {"DOCKER_HOST": address}
        finally:
            daemon.terminate()
            daemon.wait(END_S)


def _until_ready(log: IO[bytes]) -> bytes:
    said = b""
    for line in log:
        said += line
        if READY in line:
            break
    return said


@contextlib.contextmanager
def _podman(folder: Path) -> Iterator[dict[str, str]]:
    """Give podman a storage of its own; it has no daemon."""
    (folder / "containers.conf").write_text(CONTAINERS.format(folder=folder))
    (folder / "storage.conf").write_text(STORAGE.format(folder=folder))
    yield {
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
    }


def _mounts_below(folder: Path) -> list[str]:
    places = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    return sorted((one for one in places if one.startswith(f"{folder}/")), reverse=True)
