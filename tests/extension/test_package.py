"""The parts that an editor's package is made of: merged libraries, the launcher, what is said of telemetry."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from patchtrail.contract.event_lines import EVENT_TYPES, EventBody
from patchtrail.contract.events import NoteKind
from tests.extension.interpreters import Interpreter, interpreters

ROOT = Path(__file__).parents[2]
LAUNCHER = ROOT / "extension" / "launch.py"
sys.path.insert(0, str(ROOT / "extension" / "scripts"))

from bundle_libs import TARGETS, NotBundled, applicable, install, merge, platforms  # noqa: E402 -- a script's part

LOCK = """\
plain==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
    # via another
old==2.0 ; python_full_version < '3.12' \\
    --hash=sha256:cc
mac==3.0 ; sys_platform == 'darwin' and platform_machine == 'arm64' \\
    --hash=sha256:dd
pypy==4.0 ; platform_python_implementation == 'PyPy' \\
    --hash=sha256:ee
"""
STAND_IN = """
import json, sys

def main():
    json.dump([sys.argv, sys.path[:2]], sys.stderr)
"""


def part(folder: Path, files: dict[str, str]) -> Path:
    """Write one version's libraries."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


def launched(folder: Path, *arguments: str, interpreter: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """Run the launcher of a package as the extension does, but without a place for bytecode."""
    command = [interpreter, "-I", "-S", str(folder / "launch.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def package(folder: Path, versions: list[str]) -> Path:
    """Lay out a package whose sidecar only says how it was called."""
    part(folder, {"server/patchtrail/__init__.py": "", "server/patchtrail/cli/__init__.py": STAND_IN})
    (folder / "libs.json").write_text(json.dumps({"target": "linux-x64", "versions": versions}))
    shutil.copy(LAUNCHER, folder)
    return folder


def this_version() -> str:
    """Name the interpreter that runs the tests."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def test_versions_merge_into_one_folder(tmp_path: Path) -> None:
    """Extension modules stand side by side, what is the same is kept once, and what nobody needs is left out."""
    same = {"fast/__init__.py": "same", "bin/fast": "#!", "gitdb/test/a.py": "", "fast/__pycache__/a.pyc": ""}
    merge(part(tmp_path / "3.11", {**same, "fast/core.cpython-311.so": "a"}), tmp_path / "libs")
    merge(part(tmp_path / "3.12", {**same, "fast/core.cpython-312.so": "b"}), tmp_path / "libs")

    files = [path.relative_to(tmp_path / "libs").as_posix() for path in (tmp_path / "libs").rglob("*.*")]
    assert sorted(files) == ["fast/__init__.py", "fast/core.cpython-311.so", "fast/core.cpython-312.so"]


def test_a_file_that_differs_between_versions_is_refused(tmp_path: Path) -> None:
    """Two versions' files of the same name must be the same, byte for byte; the refusal names the file."""
    merge(part(tmp_path / "3.11", {"fast/core.so": "for 3.11"}), tmp_path / "libs")

    with pytest.raises(NotBundled, match=re.escape("fast/core.so of CPython 3.12 differs")):
        merge(part(tmp_path / "3.12", {"fast/core.so": "for 3.12"}), tmp_path / "libs")


def test_descriptions_of_wheels_may_differ(tmp_path: Path) -> None:
    """What a `.dist-info` says of a wheel differs from version to version, and is no reason to refuse it."""
    merge(part(tmp_path / "3.11", {"fast-1.dist-info/WHEEL": "Tag: cp311"}), tmp_path / "libs")
    merge(part(tmp_path / "3.12", {"fast-1.dist-info/WHEEL": "Tag: cp312"}), tmp_path / "libs")

    assert (tmp_path / "libs/fast-1.dist-info/WHEEL").read_text() == "Tag: cp311"


@pytest.mark.parametrize(
    ("target", "version", "names"),
    [
        ("linux-x64", "3.11", ["plain==1.0", "old==2.0"]),
        ("linux-arm64", "3.14", ["plain==1.0"]),
        ("darwin-arm64", "3.12", ["plain==1.0", "mac==3.0"]),
        ("darwin-x64", "3.13", ["plain==1.0"]),
    ],
)
def test_markers_are_asked_of_the_target(target: str, version: str, names: list[str]) -> None:
    """A requirement is chosen for the interpreter that will run it, not for the one that builds; hashes stay."""
    chosen = applicable(LOCK, target, version)

    assert [line.split()[0] for line in chosen] == names
    assert chosen[0] == "plain==1.0 --hash=sha256:aa --hash=sha256:bb"


def test_a_missing_wheel_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a library has no wheel, the build stops with its name, the version and the target."""
    for name, value in (("NO_INDEX", "1"), ("FIND_LINKS", str(tmp_path)), ("CONFIG_FILE", "/dev/null")):
        monkeypatch.setenv(f"PIP_{name}", value)
    (tmp_path / "lock").write_text(f"plain==1.0 --hash=sha256:{'a' * 64}\n")

    with pytest.raises(NotBundled, match=re.escape("plain==1.0 has no wheel for CPython 3.14 on darwin-x64.")):
        install(tmp_path / "lock", "darwin-x64", "3.14", tmp_path / "3.14")


def test_each_target_names_its_own_platforms() -> None:
    """No target accepts a wheel of another one, and Linux accepts none that needs a later glibc than the editor."""
    tags = {target: set(platforms(target)) for target in TARGETS}

    assert sum(map(len, tags.values())) == len(set.union(*tags.values()))
    assert "manylinux_2_28_x86_64" in tags["linux-x64"]
    assert "manylinux_2_31_x86_64" not in tags["linux-x64"]


def test_both_locks_pin_the_same_versions() -> None:
    """The sidecar is packaged with the versions that it is tested with."""
    pins = [
        set(re.findall(r"^(\S+==\S+)", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements-sidecar.lock", "requirements.lock")
    ]

    assert pins[0]
    assert pins[0] <= pins[1]


def test_the_launcher_runs_the_sidecar_from_the_package(tmp_path: Path) -> None:
    """Sidecar and libraries come first, the arguments are handed on, and nothing is written beside the launcher."""
    folder = package(tmp_path / "bundled", [this_version()])
    before = sorted(folder.rglob("*"))
    done = launched(folder, "serve", "--key-stdin")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stderr) == [
        ["patchtrail", "serve", "--key-stdin"],
        [str(folder / "server"), str(folder / "libs")],
    ]
    assert done.stdout == ""
    assert sorted(folder.rglob("*")) == before


def test_the_launcher_takes_libraries_from_elsewhere(tmp_path: Path) -> None:
    """With `--libs` a version that is not bundled runs on libraries that were installed for it."""
    folder = package(tmp_path / "bundled", ["3.99"])
    done = launched(folder, "--libs", str(tmp_path / "installed"), "serve")

    assert json.loads(done.stderr) == [
        ["patchtrail", "serve"],
        [str(folder / "server"), str(tmp_path / "installed")],
    ]


def test_the_launcher_refuses_a_version_that_is_not_bundled(tmp_path: Path) -> None:
    """An interpreter whose libraries are not in the package gets a sentence and code 2 instead of a traceback."""
    done = launched(package(tmp_path / "bundled", ["3.98", "3.99"]), "serve")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"Patchtrail brings libraries for CPython 3.98, 3.99; this is {this_version()}.\n"


@pytest.mark.parametrize(
    ("implementation", "version", "abiflags", "sentence"),
    [
        ("cpython", (3, 11), "", ""),
        ("cpython", (3, 12), "", ""),
        ("cpython", (3, 10), "", "Patchtrail needs CPython 3.11 or later; this is cpython 3.10."),
        ("pypy", (3, 11), "", "Patchtrail needs CPython 3.11 or later; this is pypy 3.11."),
        ("cpython", (3, 13), "", "Patchtrail brings libraries for CPython 3.11, 3.12; this is 3.13."),
        ("cpython", (3, 12), "t", "Patchtrail brings libraries for CPython 3.11, 3.12; this is 3.12t."),
    ],
)
def test_the_launcher_says_why_it_refuses(
    implementation: str, version: tuple[int, int], abiflags: str, sentence: str
) -> None:
    """Old, other, free-threaded and unbundled interpreters are refused, each with its reason."""
    spec = importlib.util.spec_from_file_location("launch", LAUNCHER)
    launcher = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(launcher)

    assert launcher.refusal(implementation, version, abiflags, ["3.11", "3.12"]) == sentence


def test_interpreters_that_are_too_old_read_the_launcher(tmp_path: Path) -> None:
    """Each real interpreter of this machine that is too old or another one ends with the sentence and code 2."""
    folder = package(tmp_path / "bundled", [this_version()])
    refused = [one for one in interpreters() if one.version < (3, 11) or one.implementation != "cpython"]
    answers = {str(one): _answer(one, folder) for one in refused}

    expected = {str(one): (2, "", f"this is {one.implementation} {one.minor}.") for one in refused}
    assert answers == expected


def _answer(interpreter: Interpreter, folder: Path) -> tuple[int, str, str]:
    done = launched(folder, "serve", interpreter=interpreter.path)
    return done.returncode, done.stdout, done.stderr.strip().rpartition("; ")[2]


def test_an_agents_tool_and_the_keys_know_every_kind_of_note() -> None:
    """The tool takes the contract's kinds and no other, and each kind has a chord of its own in one family."""
    contributes = json.loads((ROOT / "package.json").read_text())["contributes"]
    (tool,) = contributes["languageModelTools"]
    keys = {one["command"]: one["key"] for one in contributes["keybindings"]}
    kinds = list(get_args(NoteKind))

    assert tool["name"] == "patchtrail_note"
    assert sorted(tool["inputSchema"]["properties"]["kind"]["enum"]) == sorted(kinds)
    commands = [f"patchtrail.note.{'nextStep' if kind == 'next_step' else kind}" for kind in kinds]
    assert [keys[command][:11] for command in commands] == ["ctrl+alt+r "] * 5
    assert len({keys[command] for command in commands}) == 5


def test_telemetry_json_names_all_that_is_sent() -> None:
    """What `code --telemetry` shows names every event, and every field of each."""
    declared = json.loads((ROOT / "telemetry.json").read_text())
    sent = {name: set(data.model_fields) for data, name in EVENT_TYPES.items()}

    assert {name: set(event) - {"owner", "comment"} for name, event in declared["events"].items()} == sent
    assert set(declared["commonProperties"]) == {*EventBody.model_fields, "type"}
