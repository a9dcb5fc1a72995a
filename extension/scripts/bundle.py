"""Fill `bundled/`, the Python half of the editor's package: libraries, sidecar, launcher, pytest plugin.

python extension/scripts/bundle.py linux-x64
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from bundle_libs import TARGETS, VERSIONS, NotBundled, bundle_libs

ROOT = Path(__file__).resolve().parents[2]
BUNDLED = ROOT / "bundled"
LOCK = ROOT / "requirements-sidecar.lock"
PLUGIN = ROOT / "extension" / "pytest_plugin"


def main(arguments: list[str]) -> int:
    """Bundle for the target; return the exit code."""
    if len(arguments) != 1 or arguments[0] not in TARGETS:
        sys.stderr.write(f"Name one target: {', '.join(TARGETS)}.\n")
        return 2
    try:
        bundle(arguments[0])
    except NotBundled as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def bundle(target: str) -> None:
    """Make the folder anew, so that nothing of another target or version is left in it."""
    shutil.rmtree(BUNDLED, ignore_errors=True)
    bundle_libs(LOCK, target, BUNDLED / "libs")
    # The collector's libraries are not bundled, so its code is of no use here.
    unused = shutil.ignore_patterns("collector", "__pycache__")
    shutil.copytree(ROOT / "server" / "patchtrail", BUNDLED / "server" / "patchtrail", ignore=unused)
    shutil.copy(ROOT / "extension" / "launch.py", BUNDLED)
    shutil.copy(LOCK, BUNDLED / "requirements.lock")
    if (PLUGIN / "pyproject.toml").exists():
        build_plugin(BUNDLED / "pytest_plugin")
    (BUNDLED / "libs.json").write_text(json.dumps({"target": target, "versions": VERSIONS}) + "\n")


def build_plugin(folder: Path) -> None:
    """Build the wheel of the pytest plugin, which users install where their tests run."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=PLUGIN, capture_output=True, text=True)
    if done.returncode != 0:
        raise NotBundled(f"The pytest plugin was not built: {done.stdout}{done.stderr}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
