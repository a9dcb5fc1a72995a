"""P10: what the editor runs after the extension was uninstalled wipes what was recorded here, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from patchtrail.contract.events import Heartbeat
from patchtrail.delivery import SpoolStore, open_local
from tests.delivery.fakes import ManualClock

ROOT = Path(__file__).parents[2]
NAME = "patchtrail.patchtrail-0.1.0"
IS_NOT_WIPED = ("Another", "holds what is no part", "is in use")


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the script as the package has it."""
    output = tmp_path_factory.mktemp("script")
    manifest = json.loads((ROOT / "package.json").read_text())["scripts"]
    assert manifest["vscode:uninstall"] == "node ./extension/dist/uninstall.cjs"
    command = manifest["bundle"].replace("extension/dist", str(output)).split()
    subprocess.run([str(ROOT / "node_modules/.bin" / command[0]), *command[1:]], cwd=ROOT, check=True)
    return output / "uninstall.cjs"


@dataclass(frozen=True)
class Home:
    """Somebody's home, in which editors have the extension."""

    folder: Path
    script: Path

    @property
    def data(self) -> Path:
        """Where Patchtrail keeps what it records."""
        if sys.platform == "darwin":
            return self.folder / "Library/Application Support/patchtrail"
        return self.folder / ".local/share/patchtrail"

    def extension(self, editor: str = ".editor", name: str = NAME) -> Path:
        """Lay down an installed extension."""
        extension = self.folder / editor / "extensions" / name
        (extension / "extension/dist").mkdir(parents=True)
        shutil.copy(self.script, extension / "extension/dist")
        bundled = extension / "bundled"
        bundled.mkdir()
        shutil.copy(ROOT / "extension/launch.py", bundled)
        (bundled / "server").symlink_to(ROOT / "server")
        (bundled / "libs.json").write_text(json.dumps({"target": "linux-x64", "versions": []}))
        return extension

    def note(self, extension: Path, python: str = sys.executable) -> Path:
        """Note the installation as the extension does when it starts its sidecar."""
        extensions = str(extension.parent)
        path = self.data / "installs" / f"{sha256(extensions.encode()).hexdigest()[:16]}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        libraries = ["--libs", sysconfig.get_path("purelib")]
        path.write_text(json.dumps({"extensions": extensions, "python": python, "libraries": libraries}))
        return path

    def record(self, folder: Path | None = None) -> SpoolStore:
        """Record something that is never sent, and leave it."""
        store = SpoolStore(folder or self.data / "spool", ManualClock(), None)
        trace = store.create(open_local(), "/w", b"k" * 32)
        trace.append(Heartbeat())
        for path in ("reports/0123456789abcdef/junit.xml", "acts/acts.jsonl"):
            (self.data / path).parent.mkdir(parents=True, exist_ok=True)
            (self.data / path).write_text("told")
        return store

    def uninstall(self, extension: Path, path: str | None = None) -> str:
        """Run the script as an editor does, and return what it says."""
        command = json.loads((ROOT / "package.json").read_text())["scripts"]["vscode:uninstall"].split()
        node = shutil.which(command[0])
        assert node is not None
        environment = {"HOME": str(self.folder), "PATH": os.environ["PATH"] if path is None else path}
        done = subprocess.run(
            [node, *command[1:]], cwd=extension, env=environment, capture_output=True, text=True, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout


@pytest.fixture
def home(tmp_path: Path, script: Path) -> Home:
    """Make a home with nothing in it."""
    (tmp_path / "home").mkdir()
    return Home(tmp_path / "home", script)


def test_uninstalling_wipes_what_was_recorded(home: Home) -> None:
    """P10: once the extension is uninstalled, the spool, reports and what agents told are gone, sent or not."""
    extension = home.extension()
    note = home.note(extension)
    home.record().close()
    (home.folder / "mine.txt").write_text("mine")
    said = home.uninstall(extension)

    assert "1 traces in it were not delivered, and are lost with it." in said
    assert not note.exists()
    assert [path.name for path in home.data.rglob("*") if path.is_file()] == []
    assert (home.folder / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("case", ["in use", "another editor", "another version", "no spool"])
def test_what_uninstalling_leaves_alone(home: Home, case: str) -> None:
    """While a sidecar records, another editor or version has the extension, or other files are there, all stays."""
    extension = home.extension()
    home.note(extension)
    store = home.record()
    if case != "in use":
        store.close()
    if case == "another editor":
        home.note(home.extension(".other"))
    if case == "another version":
        home.extension(name="patchtrail.patchtrail-0.2.0")
    if case == "no spool":
        (home.data / "spool/thesis.tex").write_text("years of work")
    before = files_of(home.data / "spool")
    said, after = home.uninstall(extension), files_of(home.data / "spool")
    store.close()

    assert any(word in said for word in IS_NOT_WIPED), said
    assert after == before
    assert (home.data / "acts/acts.jsonl").exists()


@pytest.mark.parametrize("gone", ["the other editor's extension", "the other version"])
def test_what_is_uninstalled_too_keeps_nothing(home: Home, gone: str) -> None:
    """An editor that has lost the extension, and a version that waits to be removed, keep nothing from being wiped."""
    extension = home.extension()
    home.note(extension)
    home.record().close()
    if gone == "the other version":
        old = home.extension(name="patchtrail.patchtrail-0.0.9")
        (old.parent / ".obsolete").write_text(json.dumps({old.name: True, NAME: True}))
    else:
        other = home.extension(".other")
        home.note(other)
        shutil.rmtree(other)
    home.uninstall(extension)

    assert not (home.data / "spool").exists()


def test_without_a_python_it_says_what_to_do(home: Home, tmp_path: Path) -> None:
    """Where the noted Python is gone and no other is found, nothing is removed, and the sentence says what does it."""
    extension = home.extension()
    home.note(extension, str(tmp_path / "gone"))
    home.record().close()
    said = home.uninstall(extension, path=str(tmp_path))

    assert "`patchtrail device forget` does it" in said
    assert (home.data / "spool").exists()


def files_of(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
