"""Real processes: the demo's own client, a collector, a repository."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector import Collector

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "first_session"
MACHINES = {"x86_64": "x64", "aarch64": "arm64", "arm64": "arm64"}
TARGET = f"{sys.platform}-{MACHINES[platform.machine()]}"
# Looking for secrets in 3,700 files of libraries takes minutes; a package that is published is looked through.
UNSCANNED = "--allow-package-all-secrets --allow-package-env-file"
PATCHTRAIL = [sys.executable, "-m", "patchtrail"]


@pytest.fixture(scope="session")
def vsix() -> Path:
    """Build the extension's package for this machine, once."""
    version = json.loads((ROOT / "package.json").read_text())["version"]
    package = ROOT / "dist" / f"patchtrail-{TARGET}-{version}.vsix"
    package.unlink(missing_ok=True)
    command = ["make", "package", f"TARGET={TARGET}", f"VSIX_FLAGS={UNSCANNED}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return package


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    """Run a collector in a process of its own."""
    running = Collector(PATCHTRAIL, tmp_path / "collector")
    yield running
    running.stop()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Make a git repository with one commit."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "shop.py").write_text("def total(x):\n    return x\n")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "first")
    return folder


def git(folder: Path, *arguments: str) -> None:
    """Run git as somebody with no configuration."""
    identity = ["-c", "user.name=T", "-c", "user.email=t@localhost"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True)
