"""Source distributions of real packages, pinned by hash in real_packages.txt."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

PINNED = Path(__file__).with_name("real_packages.txt")


def fetch(name: str, folder: Path) -> Path:
    """Download a pinned source distribution into an empty folder, unpack it there, and return its top folder."""
    requirements = folder / "requirements.txt"
    requirements.write_text(pinned(name))
    # Only this package must be a source distribution: what builds its metadata may be anything.
    options = ["--no-deps", "--no-binary", name, "--require-hashes", "--requirement", str(requirements)]
    command = [sys.executable, "-m", "pip", "download", "--quiet", *options, "--dest", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        if hasattr(tarfile, "data_filter"):
            packed.extractall(folder, filter="data")
        else:  # CPython before 3.11.4; the archive is pinned by its hash.
            packed.extractall(folder)
    return folder / archive.name.removesuffix(".tar.gz")


def pinned(name: str) -> str:
    """Return the requirement of one package, with its hashes."""
    requirements = PINNED.read_text().replace("\\\n", " ").splitlines()
    (requirement,) = [line for line in requirements if line.startswith(f"{name}==")]
    return f"{requirement}\n"
