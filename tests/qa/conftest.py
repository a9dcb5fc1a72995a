"""A small project with an environment of its own that holds pytest and nothing else."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

import pytest

from patchtrail.qa.suites import RepositorySuites
from patchtrail.sandbox.bubblewrap import Bubblewrap
from tests.sandbox.walls import usable

DISTRIBUTIONS = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")
FILES = {
    "calc.py": "def add(a, b):\n    return a - b\n",
    "tests/test_calc.py": "from calc import add\n\n\ndef test_zero():\n    assert add(1, 0) == 1\n\n\n"
    "class TestAdd:\n    def test_one(self):\n        assert add(1, 1) == 2\n",
}


@dataclass
class Folder:
    """A workspace on disk, with open documents."""

    root: Path
    documents: dict[str, str] = field(default_factory=dict)

    def read(self, file_path: str) -> str | None:
        """Read an open document, or a file."""
        path = self.root / file_path
        return self.documents.get(file_path) or (path.read_text() if path.is_file() else None)

    def open_texts(self) -> dict[str, str]:
        """Return the open documents."""
        return dict(self.documents)


@pytest.fixture(scope="session")
def walls() -> Bubblewrap:
    """Return the bubblewrap back end."""
    return usable()


@pytest.fixture(scope="session")
def suites(walls: Bubblewrap, tmp_path_factory: pytest.TempPathFactory) -> RepositorySuites:
    """Return suites in bubblewrap, with a cache of their own."""
    return RepositorySuites(walls, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a virtual environment that holds pytest alone, so that its runs are quick."""
    made = tmp_path_factory.mktemp("environment") / "venv"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = made / "lib" / version / "site-packages"
    packages.mkdir(parents=True)
    (made / "bin").mkdir()
    (made / "bin/python").symlink_to(Path(sys.executable).resolve())
    (made / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).resolve().parent}\n")
    for name in DISTRIBUTIONS:
        files = metadata.files(name) or []
        for top in {one.parts[0] for one in files if one.parts[0] != ".."}:
            source = Path(str(metadata.distribution(name).locate_file(top)))
            if source.is_dir():
                shutil.copytree(source, packages / top)
            elif source.is_file():
                shutil.copy(source, packages / top)
    return made


@pytest.fixture
def folder(tmp_path: Path, environment: Path) -> Folder:
    """Return the project; its environment is a link, as some tools make it."""
    root = tmp_path / "project"
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    (root / ".venv").symlink_to(environment)
    return Folder(root)
