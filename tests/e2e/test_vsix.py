"""The editor's package, unpacked: every interpreter of this machine runs its sidecar, offline and from nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsp import LanguageClient
from patchtrail.integrity.keys import SigningKey, unpadded
from tests.conftest import Tell
from tests.e2e.conftest import ROOT, TARGET
from tests.editor.spooled import events_of
from tests.extension.interpreters import Interpreter, interpreters

pytestmark = pytest.mark.e2e

BUNDLED = ("3.11", "3.12", "3.13", "3.14")
COMPILED = re.compile(r"(?P<module>.+?)\.(?:cpython-(?P<version>\d+)-[^/]+|(?P<stable>abi3))\.so")
SERVED = [one for one in interpreters() if one.is_ordinary and one.minor in BUNDLED]


@pytest.fixture(scope="session")
def package(vsix: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the package for this machine."""
    folder = tmp_path_factory.mktemp("vsix")
    with zipfile.ZipFile(vsix) as archive:
        archive.extractall(folder)
    return folder / "extension"


def test_the_package_holds_what_it_runs_and_nothing_else(package: Path) -> None:
    """Client, sidecar, launcher, libraries and papers are in it; sources, tests, the collector and secrets are not."""
    manifest = json.loads((package / "package.json").read_text())
    top = {path.name for path in package.iterdir()}
    sidecar = {path.name for path in (package / "bundled/server/patchtrail").iterdir()}

    assert top == {"LICENSE.txt", "bundled", "changelog.md", "extension", "package.json", "readme.md", "telemetry.json"}
    assert {path.name for path in (package / "extension").iterdir()} - {"walkthrough"} == {"dist", "media"}
    assert (package / manifest["main"]).is_file()
    assert (package / manifest["icon"]).is_file()
    assert {path.name for path in (package / "extension/dist").iterdir()} == {"extension.cjs", "uninstall.cjs"}
    assert (package / "bundled/launch.py").is_file()
    assert [path.suffix for path in (package / "bundled/pytest_plugin").iterdir()] == [".whl"]
    assert "editor" in sidecar
    assert "collector" not in sidecar
    assert (package / "bundled/requirements.lock").read_bytes() == (ROOT / "requirements-sidecar.lock").read_bytes()


def test_every_compiled_library_is_there_for_every_version(package: Path, tell: Tell) -> None:
    """Each extension module is built for all bundled versions of CPython; those not on this machine are named."""
    declared = json.loads((package / "bundled/libs.json").read_text())
    versions = defaultdict(set)
    libs = package / "bundled/libs"
    for path in libs.rglob("*.so"):
        built = COMPILED.fullmatch(path.relative_to(libs).as_posix())
        assert built, path
        versions[built["module"]] |= set(BUNDLED) if built["stable"] else {f"3.{built['version'][1:]}"}
    for version in sorted(set(BUNDLED) - {one.minor for one in SERVED}):
        tell(f"CPython {version}: built, not run (none on this machine)")

    assert declared == {"target": TARGET, "versions": list(BUNDLED)}
    assert {module.rpartition("/")[2] for module in versions} >= {"_rust", "_pydantic_core", "orjson", "backend_c"}
    assert {module: tuple(sorted(built)) for module, built in versions.items()} == dict.fromkeys(versions, BUNDLED)


@pytest.mark.parametrize("interpreter", SERVED, ids=str)
def test_a_session_from_the_package_alone(
    interpreter: Interpreter, package: Path, repository: Path, tmp_path: Path
) -> None:
    """With an empty home and no network a session is recorded to its end, and the package stays as it was."""
    before = state_of(package)
    home, bytecode = tmp_path / "home", tmp_path / "bytecode"
    home.mkdir()
    command = [interpreter.path, "-I", "-S", "-X", f"pycache_prefix={bytecode}", str(package / "bundled/launch.py")]
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    log = tmp_path / "sidecar.log"
    with log.open("wb") as stderr:
        started = LanguageClient(
            [*without_network(), *command, "serve", "--key-stdin"], device_key(), environment, stderr
        )
        with ended(started) as client:
            play(client, repository)
            exit_code = client.stop()

    (spool,) = [path.parent for path in home.rglob("trace-*") if path.is_dir()]
    assert (exit_code, log.read_text()) == (0, "")
    assert [event["type"] for event in events_of(spool) if event["type"] not in ("redactor", "clock_step")] == [
        "session_start",
        "file_edit",
        "rationale_note",
        "session_end",
    ]
    assert state_of(package) == before
    assert any(bytecode.rglob("*.pyc"))


@pytest.mark.parametrize("interpreter", SERVED, ids=str)
def test_the_package_wipes_what_it_recorded(interpreter: Interpreter, package: Path, tmp_path: Path) -> None:
    """P10: the script that the package names for its uninstallation runs with the package's own libraries alone."""
    home, path = tmp_path / "home", tmp_path / "bin"
    spool = home / ".local/share/patchtrail/spool"
    spool.mkdir(parents=True)
    (spool / "reserve").write_bytes(b"")
    path.mkdir()
    (path / "python3").symlink_to(interpreter.path)
    command = json.loads((package / "package.json").read_text())["scripts"]["vscode:uninstall"].split()
    node = shutil.which(command[0])
    assert node is not None
    before = state_of(package)
    environment = {"PATH": str(path), "HOME": str(home)}
    done = subprocess.run([node, *command[1:]], cwd=package, env=environment, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
    assert "0 traces in it were not delivered" in done.stdout, done.stdout
    assert not spool.exists()
    assert state_of(package) == before


@contextlib.contextmanager
def ended(client: LanguageClient) -> Iterator[LanguageClient]:
    """Leave no sidecar behind when a test fails."""
    try:
        yield client
    finally:
        client.kill()


def play(client: LanguageClient, repository: Path) -> None:
    """Consent, record one save and one note, and end."""
    client.initialize(repository, {"settings": {"folders_allowed": [str(repository)]}})
    consent = client.request("patchtrail/consent/read")["consent"]
    facts = {"is_telemetry_enabled": True, "is_workspace_trusted": True, "consent": consent}
    client.request("patchtrail/facts/report", facts)
    client.request("patchtrail/session/start", {"root_uri": repository.as_uri(), "task_id": "OFFLINE"})
    client.open(repository / "shop.py")
    client.edit_and_save(repository / "shop.py", "def total(x):\n    return x + 1\n")
    client.request("patchtrail/note/add", {"kind": "decision", "text": "One more.", "confidence": "high", "links": []})
    client.request("patchtrail/session/end")


def device_key() -> str:
    """Return a key line of a device that enrolled with a collector, which is out of reach."""
    seed = bytes(range(32))
    key = {"kty": "OKP", "crv": "Ed25519", "x": SigningKey(seed).public.jwk.x, "d": unpadded(seed)}
    return json.dumps({**key, "device_token": "ptd_0", "participant_id": "p-1", "collector_url": "http://localhost:9"})


def without_network() -> list[str]:
    """Return the command that takes the network away, where the system lets a user do so."""
    command = ["unshare", "--map-root-user", "--net"]
    try:
        is_possible = subprocess.run([*command, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        is_possible = False
    return command if is_possible else []


def state_of(folder: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of every file."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}
