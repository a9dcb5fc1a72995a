"""The rules of the house, each as small as it can be."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from patchtrail.cli.app import app
from patchtrail.collector import CollectorConfig

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "server" / "patchtrail"
MODULES = sorted(PACKAGE.rglob("*.py"))
PURE = ("contract", "integrity", "text", "redaction", "trace", "study")
BROAD_EXCEPT_ALLOWED = {
    *(
        "capture/worker.py",
        "collector/database.py",
        "collector/rounds.py",
        "delivery/courier.py",
        "editor/connection.py",
        "cli/hook.py",
    ),
}
SOURCES = [*MODULES, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "extension").rglob("*.ts"))]


def tree(path: Path) -> ast.Module:
    """Parse a module."""
    return ast.parse(path.read_text())


def name(path: Path) -> str:
    """Name a module as it stands in the package."""
    return path.relative_to(PACKAGE).as_posix()


def test_layers() -> None:
    """No room imports a room above it, or a neighbour on its own floor."""
    done = subprocess.run([ROOT / ".venv/bin/lint-imports"], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout


def test_generated_files_are_fresh() -> None:
    """The schema and the manifest's settings block are what the contract generates."""
    done = subprocess.run(
        [ROOT / ".venv/bin/python", "-m", "patchtrail.cli.gen", "--check"], cwd=ROOT, capture_output=True, text=True
    )

    typescript = subprocess.run(["npm", "run", "-s", "gen", "--", "--check"], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert typescript.returncode == 0, typescript.stderr


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_module_has_a_docstring(path: Path) -> None:
    """Each module says in its first line what it is for."""
    assert ast.get_docstring(tree(path))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_module_lists_its_public_names(path: Path) -> None:
    """Each module names what it offers in `__all__`."""
    assigned = [node for node in tree(path).body if isinstance(node, ast.Assign | ast.AnnAssign)]
    targets = [node.target if isinstance(node, ast.AnnAssign) else node.targets[0] for node in assigned]

    assert "__all__" in [target.id for target in targets if isinstance(target, ast.Name)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_file_is_short(path: Path) -> None:
    """No file is longer than 600 lines, save generated ones."""
    assert ".gen." in path.name or len(path.read_text().splitlines()) <= 600


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_functions_are_short(path: Path) -> None:
    """No function is longer than 60 lines."""
    functions = [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = [
        one.name for one in functions if (one.end_lineno or 0) - one.lineno >= 60 and "migrations" not in name(path)
    ]

    assert long == []


def test_no_drawer_for_odds_and_ends() -> None:
    """No module is called utils, helpers, common, manager or base."""
    assert [name(path) for path in MODULES if path.stem in ("utils", "helpers", "common", "manager", "base")] == []


def test_no_empty_rooms() -> None:
    """Every room holds more than its own name."""
    rooms = [folder for folder in PACKAGE.iterdir() if folder.is_dir() and folder.name != "__pycache__"]

    assert [room.name for room in rooms if len(list(room.glob("*.py"))) < 2] == []


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_broad_except_outside_the_boundaries(path: Path) -> None:
    """Only the named boundary files catch every exception."""
    handlers = [node for node in ast.walk(tree(path)) if isinstance(node, ast.ExceptHandler)]
    broad = [
        one.lineno for one in handlers if one.type is None or ast.unparse(one.type) in ("Exception", "BaseException")
    ]

    assert broad == [] or name(path) in BROAD_EXCEPT_ALLOWED


@pytest.mark.parametrize("path", [path for path in MODULES if name(path).split("/")[0] in PURE], ids=name)
def test_pure_rooms_open_no_files(path: Path) -> None:
    """The pure rooms never call `open` or a path's reading and writing methods."""
    calls = [ast.unparse(node.func) for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
    touching = ("open", ".open", ".read_text", ".read_bytes", ".write_text", ".write_bytes", ".unlink", ".mkdir")

    assert [call for call in calls if call == "open" or call.endswith(touching[1:])] == []


def test_versions_are_equal() -> None:
    """The Python package, the manifest, its lock file and the changelog name the same version."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    changelog = re.search(r"^## \[?(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert changelog
    assert [
        json.loads((ROOT / "package.json").read_text())["version"],
        json.loads((ROOT / "package-lock.json").read_text())["version"],
        changelog[1],
        re.search(r'__version__ = "(.+)"', (PACKAGE / "__init__.py").read_text())[1],
        tomllib.loads((ROOT / "extension/pytest_plugin/pyproject.toml").read_text())["project"]["version"],
    ] == [version] * 5


def test_settings_commands_and_methods_are_documented() -> None:
    """Each setting, custom method and command of the command line appears in the README."""
    readme = (ROOT / "README.md").read_text()
    schema = json.loads((ROOT / "shared/schema/v1.json").read_text())
    settings = json.loads((ROOT / "package.json").read_text())["contributes"]["configuration"]["properties"]
    commands = ["patchtrail serve", "patchtrail collect", *(f"patchtrail {one}" for one in _commands())]
    collector = [f"PATCHTRAIL_COLLECTOR_{one.upper()}" for one in CollectorConfig.model_fields]
    named = [*schema["x-methods"], *schema["x-notifications"], *settings, *commands, *collector]

    assert [one for one in named if one not in readme] == []


def test_the_extension_is_documented() -> None:
    """Each of the extension's commands and settings appears on its page, and each of its modules on the map."""
    page, house = (ROOT / "extension/README.md").read_text(), (ROOT / "ARCHITECTURE.md").read_text()
    contributes = json.loads((ROOT / "package.json").read_text())["contributes"]
    titles = [command["title"] for command in contributes["commands"]]
    modules = [path.name for path in (ROOT / "extension/src").glob("*.ts")]

    assert [one for one in [*titles, *contributes["configuration"]["properties"]] if one not in page] == []
    assert [one for one in modules if f"{one}`" not in house] == []


def test_the_extension_uses_the_stable_interface_alone() -> None:
    """No proposed API, types of the oldest editor that is supported, and no way around them."""
    manifest = json.loads((ROOT / "package.json").read_text())
    sources = [path.read_text() for path in (ROOT / "extension/src").glob("*.ts")]

    assert "enabledApiProposals" not in manifest
    assert manifest["engines"]["vscode"] == f"^{manifest['devDependencies']['@types/vscode']}"
    assert [source for source in sources if re.search(r"\bany\b(?=[\s;,)>\]])[^\n]*vscode|@ts-", source)] == []


def _commands() -> list[str]:
    groups = {group.name: group.typer_instance.registered_commands for group in app.registered_groups}
    names = [(group, one.name or one.callback.__name__) for group, commands in groups.items() for one in commands]
    return [f"{group} {one.removesuffix('_command')}" for group, one in names]


def sections(page: str) -> list[tuple[str, str]]:
    """Return the page in parts, each with the room that its heading names; without one before the first."""
    parts = re.split(r"^### (\w+).*$", page, flags=re.MULTILINE)
    return [("", parts[0]), *zip(parts[1::2], parts[2::2], strict=True)]


def in_room(named: str, room: str) -> str:
    """Return a module's whole name: below a room's heading its own stand without the room."""
    own = f"{room}/{named}"
    return own if (ROOT / "server/patchtrail" / own).exists() else named


def test_architecture_names_every_module_that_exists() -> None:
    """The code map has a line for each module, and names no file that is not there."""
    page = (ROOT / "ARCHITECTURE.md").read_text()
    named = {in_room(one, room) for room, text in sections(page) for one in re.findall(r"`([a-z0-9_/]+\.py)`", text)}
    modules = {name(path) for path in MODULES if path.name != "__init__.py" and "migrations" not in name(path)}

    assert len(page.splitlines()) <= 400
    assert sorted(modules - named) == []
    assert sorted(one for one in named - modules if not (ROOT / one).exists()) == []


PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "extension/README.md", ROOT / "shared/README.md"])
KEY = re.compile(r"^(?:\| *(\S[^|]*?) *\||- \*\*(.+?)\*\*)", re.MULTILINE)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_is_told_twice(path: Path) -> None:
    """No table has two rows of one name, and no two points of one chapter begin alike; nor is a conflict left."""
    page = path.read_text()
    for chapter in re.split(r"\n(?=#)|\n\n(?=\|)", page):
        keys = [cell or point for cell, point in KEY.findall(chapter)]
        assert sorted({key for key in keys if keys.count(key) > 1}) == []
    assert re.findall(r"^(?:<{7}|={7}|>{7}).*", page, re.MULTILINE) == []


def test_vectors_are_there_and_unchanged() -> None:
    """Every type's folder of vectors holds a good and a bad one, and none was edited since it was written."""
    folder = ROOT / "shared" / "vectors"
    sums = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines())
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*.json")}
    done = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout
    assert files == set(sums)
    for kind in [one for one in folder.iterdir() if one.is_dir()]:
        names = [path.name for path in kind.glob("*.json")]
        assert [one for one in names if one.endswith(".bad.json")], kind.name
        assert [one for one in names if not one.endswith(".bad.json")], kind.name


def test_nothing_of_the_machine_is_committed() -> None:
    """No committed file names a machine's folders, and no lock file a download address."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    texts = {one: (ROOT / one).read_bytes() for one in tracked.split("\0") if one and (ROOT / one).is_file()}
    banned = re.compile(
        rb"/work/" + rb"main|/root/\.py" + rb"env|registry\.npm" + rb"js\.org|files\.python" + rb"hosted\.org"
    )

    assert [one for one, content in texts.items() if banned.search(content)] == []
