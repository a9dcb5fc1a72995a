"""What a Python needs to be shown inside: its installation and its virtual environment, each where it stands outside.

Nothing is executed to find out: the environment of a folder comes with the folder, and is not trusted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from patchtrail.sandbox.port import Bind

__all__ = ["PythonTree", "python_tree"]

INSTALLED = ("bin", "lib", "lib64")
PYTHON_LIBRARY = re.compile(r"python3\.\d+t?\Z")
MAX_LINKS = 10
MAX_CONFIG_BYTES = 64 * 1024


@dataclass(frozen=True)
class PythonTree:
    """An interpreter by the path under which it is called, what to show for it, and where its packages stand."""

    executable: Path
    binds: tuple[Bind, ...]
    packages: tuple[Path, ...]

    def has(self, module: str) -> bool:
        """Return whether a package of this name is installed, as far as its folder shows."""
        return any(
            (one / module / "__init__.py").is_file() or (one / f"{module}.py").is_file() for one in self.packages
        )


def python_tree(executable: Path) -> PythonTree | None:
    """Return what to show for an interpreter; None when it is no Python installation as they are known."""
    # Its own name is kept: a virtual environment's interpreter is a link, and finds its packages by the link's place.
    executable = executable.absolute()
    if not executable.is_file():
        return None
    environment = executable.parent.parent
    config = _config(environment / "pyvenv.cfg")
    homes = [target.parent.parent for target in _links(executable)]
    if config is not None and "home" in config:
        homes.append(Path(config["home"]).parent)
    elif config is None:
        homes.append(environment)
    prefixes = list(dict.fromkeys([*homes, *(one.resolve() for one in homes)]))
    installations = [one for one in prefixes if _is_installation(one)]
    if not installations:
        return None
    binds = [
        Bind((one / part).resolve(), one / part) for one in installations for part in INSTALLED if _shows(one, part)
    ]
    packages = [] if config and config.get("include-system-site-packages") != "true" else _packages(installations)
    if config is not None:
        binds.append(Bind(environment.resolve(), environment))
        packages = [*_packages([environment]), *packages]
    return PythonTree(executable, tuple(binds), tuple(packages))


def _links(executable: Path) -> list[Path]:
    """Return each file that a chain of links passes on its way to the real one."""
    passed: list[Path] = []
    at = executable
    while at.is_symlink() and len(passed) < MAX_LINKS:
        at = at.parent / at.readlink()
        passed.append(at)
    return passed


def _config(path: Path) -> dict[str, str] | None:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            lines = file.read(MAX_CONFIG_BYTES).splitlines()
    except OSError:
        return None
    pairs = [line.partition("=") for line in lines if "=" in line]
    return {key.strip(): value.strip() for key, _, value in pairs}


def _libraries(prefix: Path) -> list[Path]:
    try:
        return [one for one in (prefix / "lib").iterdir() if PYTHON_LIBRARY.match(one.name)]
    except OSError:
        return []


def _is_installation(prefix: Path) -> bool:
    """Return whether this is where a Python is installed, so that no link can have a home folder shown instead."""
    return any((one / "os.py").is_file() for one in _libraries(prefix)) and (prefix / "bin").is_dir()


def _shows(prefix: Path, part: str) -> bool:
    """Return whether a part must be bound: what lies in /usr is there already.

    A repository may hold what looks like an installation, so a part that is a link must stay within it.
    """
    is_within = (prefix / part).resolve().is_relative_to(prefix.resolve())
    return is_within and (prefix / part).is_dir() and not prefix.is_relative_to("/usr")


def _packages(prefixes: list[Path]) -> list[Path]:
    found = [one / folder for prefix in prefixes for one in _libraries(prefix) for folder in ("site-packages",)]
    system = [Path("/usr/lib/python3/dist-packages")] if Path("/usr") in prefixes else []
    return [one for one in [*found, *system] if one.is_dir()]
