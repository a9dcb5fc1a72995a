"""The Python interpreters of this machine, each asked what it is."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ASKED = """
import json, sys
print(json.dumps([sys.implementation.name, sys.version_info[:3], sys.abiflags, sys.executable]))
"""


@dataclass(frozen=True)
class Interpreter:
    """One interpreter that really runs."""

    implementation: str
    version: tuple[int, ...]
    abiflags: str
    path: str

    @property
    def minor(self) -> str:
        """Its version as a package names it: 3.11."""
        return f"{self.version[0]}.{self.version[1]}"

    @property
    def is_ordinary(self) -> bool:
        """Whether it loads what was built for CPython: free-threaded builds do not."""
        return self.implementation == "cpython" and "t" not in self.abiflags

    def __str__(self) -> str:
        return f"{self.implementation}-{'.'.join(map(str, self.version))}{self.abiflags}"


@cache
def interpreters() -> tuple[Interpreter, ...]:
    """Find one interpreter of each version, on the PATH and among pyenv's."""
    found: dict[str, Interpreter] = {}
    for path in candidates():
        interpreter = asked(path)
        if interpreter is not None:
            found.setdefault(str(interpreter), interpreter)
    return tuple(found[name] for name in sorted(found))


def candidates() -> list[Path]:
    """Return what is called like an interpreter; a shim among them may run none."""
    folders = [Path(folder) for folder in os.environ["PATH"].split(os.pathsep) if folder]
    folders += sorted(Path.home().glob(".pyenv/versions/*/bin"))
    return [path for folder in folders for path in sorted(folder.glob("python3.*")) if path.suffix[1:].isdigit()]


def asked(path: Path) -> Interpreter | None:
    """Ask an interpreter what it is; None when it does not run."""
    try:
        done = subprocess.run([path, "-I", "-S", "-c", ASKED], capture_output=True, text=True, timeout=30)
    except OSError:
        return None
    if done.returncode != 0:
        return None
    implementation, version, abiflags, executable = json.loads(done.stdout)
    return Interpreter(implementation, tuple(version), abiflags, executable)
