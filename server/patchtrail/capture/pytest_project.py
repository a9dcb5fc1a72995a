"""Whether pytest may be asked for a JUnit report in a workspace without changing what the user's runs do.

pytest puts options together in this order: `addopts` of its configuration, then PYTEST_ADDOPTS, then the command
line. The last `--junitxml` wins. An option of ours in PYTEST_ADDOPTS would be refused (exit code 4) where the project
switches the JUnit plugin off, and would take a report away that the project asks for itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

__all__ = ["refuses_junit"]

CONFIGURATION = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
SWITCHED_OFF = re.compile(r"no:junit", re.IGNORECASE)
OWN_OPTIONS = re.compile(r"--junit-?(?:xml|prefix)|junit_family", re.IGNORECASE)
NOT_SEARCHED = frozenset({"node_modules", "venv", "env", "build", "dist"})
MAX_FILE_BYTES = 256 * 1024
MAX_SUBFOLDERS = 100


def refuses_junit(folder: Path, environment: Mapping[str, str]) -> str | None:
    """Return the sentence why `--junitxml` must not be offered in a workspace folder, or None.

    Looked at are the folder, those above it (pytest looks there too) and those directly below it. A text search has to
    do: it finds an option in a comment as well, and then refuses once too often, which loses detail but breaks nothing.
    """
    own = environment.get("PYTEST_ADDOPTS", "")
    if reason := _reason(own, "PYTEST_ADDOPTS"):
        return reason
    for place in (folder, *folder.parents, *_subfolders(folder)):
        for name in CONFIGURATION:
            if reason := _reason_in(place / name, folder):
                return reason
    return None


def _subfolders(folder: Path) -> Iterator[Path]:
    """Return the direct sub-folders that may be a project's root, at most `MAX_SUBFOLDERS`."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    except OSError:
        return
    for name in islice((name for name in names if name not in NOT_SEARCHED), MAX_SUBFOLDERS):
        if not os.access(folder / name / "pyvenv.cfg", os.F_OK):
            yield folder / name


def _reason_in(path: Path, folder: Path) -> str | None:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError:
        # Nearly always: there is no such file. One that we may not read, pytest cannot read either.
        return None
    name = Path(os.path.relpath(path, folder)).as_posix()
    if len(content) > MAX_FILE_BYTES:
        return f"{name} is too large to be searched for JUnit options."
    return _reason(content.decode("utf-8", "replace"), name)


def _reason(text: str, source: str) -> str | None:
    if SWITCHED_OFF.search(text):
        return f"{source} switches pytest's JUnit report off."
    if OWN_OPTIONS.search(text):
        return f"{source} has JUnit options of its own."
    return None
