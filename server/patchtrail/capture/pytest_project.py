"""Whether pytest may be asked for a JUnit report in a workspace without changing what the user's runs do.

pytest puts options together in this order: `addopts` of its configuration, then PYTEST_ADDOPTS, then the command
line. The last `--junitxml` wins. An option of ours in PYTEST_ADDOPTS would be refused (exit code 4) where the project
switches the JUnit plugin off, and would take a report away that the project asks for itself.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

__all__ = ["refuses_junit"]

CONFIGURATION = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
RUNNERS = ("Makefile", "makefile", "GNUmakefile", "noxfile.py", "justfile", "Taskfile.yml", "package.json")
"""Files whose commands may ask for a JUnit report: only the workspace's own are looked at."""
SWITCHED_OFF = re.compile(r"no:junit", re.IGNORECASE)
OWN_OPTIONS = re.compile(r"--junit-?(?:xml|prefix)|junit_family", re.IGNORECASE)
NOT_SEARCHED = frozenset({"node_modules", "venv", "env", "build", "dist"})
MAX_FILE_BYTES = 256 * 1024
MAX_DEPTH, MAX_FOLDERS = 5, 3_000


def refuses_junit(folder: Path, environment: Mapping[str, str]) -> str | None:
    """Return the sentence why `--junitxml` must not be offered in a workspace folder, or None.

    Looked at are the folder, those above it (pytest looks there too) and those below it, as far as `MAX_DEPTH`. A text
    search has to do: it finds an option in a comment as well, and then refuses once too often. A tree with more folders
    than can be looked at is refused: detail is lost, and nothing broken.
    """
    own = environment.get("PYTEST_ADDOPTS", "")
    if reason := _reason(own, "PYTEST_ADDOPTS"):
        return reason
    for name in RUNNERS:
        if reason := _reason_in(folder / name, folder):
            return reason
    for place in folder.parents:
        for name in CONFIGURATION:
            if reason := _reason_in(place / name, folder):
                return reason
    below = list(islice(_configurations_below(folder), MAX_FOLDERS + 1))
    if len(below) > MAX_FOLDERS:
        return "This folder has too many folders below it to be searched for JUnit options."
    return next((reason for paths in below for path in paths if (reason := _reason_in(path, folder))), None)


def _configurations_below(folder: Path) -> Iterator[list[Path]]:
    """Yield, for the folder and each below it that may be a project's root, the configurations that stand there."""
    waiting = deque([(folder, 0)])
    while waiting:
        place, depth = waiting.popleft()
        try:
            with os.scandir(place) as entries:
                found = list(entries)
        except OSError:
            continue
        names = {entry.name for entry in found}
        if "pyvenv.cfg" in names:
            continue
        yield [place / name for name in CONFIGURATION if name in names]
        if depth < MAX_DEPTH:
            inner = [entry for entry in found if entry.name not in NOT_SEARCHED and not entry.name.startswith(".")]
            waiting.extend((place / entry.name, depth + 1) for entry in inner if entry.is_dir(follow_symlinks=False))


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
