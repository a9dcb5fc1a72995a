"""The sidecar's libraries for every bundled CPython, merged into one folder.

An extension module carries the interpreter that it is for in its name, and everything else is the same for all of
them, so one folder serves every version; where that is not so, merging stops.
"""

from __future__ import annotations

import filecmp
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from packaging.requirements import Requirement

VERSIONS = ("3.11", "3.12", "3.13", "3.14")
"""The versions of CPython that one package serves."""

TARGETS = ("linux-x64", "linux-arm64", "darwin-arm64")

# The editor itself asks for glibc 2.28 and macOS 11; a library that wants more could not be loaded beside it.
NEWEST_GLIBC_MINOR, MACOS = 28, "macosx_11_0"

# Command lines of libraries, their own tests, and the half of zstandard that CPython never loads.
LEFT_OUT = re.compile(r"^(bin|certifi/tests|gitdb/test|smmap/test)/|(^|/)__pycache__/|^zstandard/_cffi\.")

NO_WHEEL = re.compile(r"No matching distribution found for (\S+)")


class NotBundled(Exception):  # noqa: N818 -- it reads as a fact
    """The package cannot be built, and the sentence says why."""


def bundle_libs(lock: Path, target: str, folder: Path) -> None:
    """Fill a new folder with the locked libraries of every version, for one target."""
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="patchtrail-libs-") as temporary:
        parts = [Path(temporary) / version for version in VERSIONS]
        with ThreadPoolExecutor(max_workers=2) as pool:
            list(pool.map(install, [lock] * len(parts), [target] * len(parts), VERSIONS, parts))
        for part in parts:
            merge(part, folder)


def install(lock: Path, target: str, version: str, folder: Path) -> None:
    """Install the wheels of one version of CPython on the target, whatever runs here."""
    requirements = folder.with_suffix(f"{folder.suffix}.txt")
    requirements.write_text("\n".join(applicable(lock.read_text(), target, version)))
    abi = f"cp{version.replace('.', '')}"
    chosen = ["--implementation", "cp", "--python-version", version, "--abi", abi, "--abi", "abi3", "--abi", "none"]
    chosen += [word for platform in platforms(target) for word in ("--platform", platform)]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--no-deps", "--only-binary=:all:", "--require-hashes", "--target", str(folder), *chosen]
    done = subprocess.run([*command, "--requirement", str(requirements)], capture_output=True, text=True)
    if done.returncode != 0:
        missing = NO_WHEEL.search(done.stderr)
        raise NotBundled(
            f"{missing[1]} has no wheel for CPython {version} on {target}." if missing else done.stderr.strip()
        )


def applicable(lock: str, target: str, version: str) -> list[str]:
    """Return the lock's requirements that hold on the target, without their markers.

    pip would ask the interpreter that runs it, which may be another version on another system.
    """
    environment = markers(target, version)
    chosen = []
    for line in re.sub(r"\\\n\s*", " ", lock).splitlines():
        stated, *hashes = re.split(r"\s+(?=--hash=)", line.strip())
        if not stated or stated.startswith("#"):
            continue
        requirement = Requirement(stated)
        if requirement.marker is None or requirement.marker.evaluate(environment):
            chosen.append(" ".join([f"{requirement.name}{requirement.specifier}", *hashes]))
    return chosen


def markers(target: str, version: str) -> dict[str, str]:
    """Return what the target's interpreter would say of itself."""
    system = target.split("-")[0]
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{version}.0",
        "os_name": "posix",
        "platform_machine": machine(target),
        "platform_python_implementation": "CPython",
        "platform_system": system.capitalize(),
        "python_full_version": f"{version}.0",
        "python_version": version,
        "sys_platform": system,
    }


def machine(target: str) -> str:
    """Return the target's processor as its system calls it."""
    system, processor = target.split("-")
    return {"x64": "x86_64", "arm64": "aarch64" if system == "linux" else "arm64"}[processor]


def platforms(target: str) -> list[str]:
    """Return the platform tags whose wheels run on the target; pip adds the older ones of macOS itself."""
    if target.startswith("darwin"):
        return [f"{MACOS}_{machine(target)}"]
    tags = [f"manylinux_2_{minor}" for minor in range(NEWEST_GLIBC_MINOR, 16, -1)]
    return [f"{tag}_{machine(target)}" for tag in [*tags, "manylinux2014"]]


def merge(part: Path, folder: Path) -> None:
    """Copy one version's libraries to the others; a file that differs from its namesake is refused.

    What stands in a `.dist-info` only describes a wheel, and each version has wheels of its own.
    """
    for source in sorted(path for path in part.rglob("*") if path.is_file()):
        name = source.relative_to(part)
        if LEFT_OUT.search(name.as_posix()):
            continue
        goal = folder / name
        if not goal.exists():
            goal.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, goal)
        elif not name.parts[0].endswith(".dist-info") and not filecmp.cmp(source, goal, shallow=False):
            raise NotBundled(f"{name.as_posix()} of CPython {part.name} differs from the other versions'.")
