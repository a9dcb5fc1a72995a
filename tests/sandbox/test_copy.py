"""The private copy holds what is the folder's own, with overlays, and nothing leads out of it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchtrail.contract.errors import InvalidInput
from patchtrail.sandbox import Bind, Limits, Sandbox
from patchtrail.sandbox.private_copy import copy_folder, relative_parts
from patchtrail.sandbox.python_tree import python_tree
from tests.sandbox.walls import check


def copied(folder: Path, to: Path, overlays: dict[str, bytes | None] | None = None) -> dict[str, str]:
    """Copy a folder; return what each name holds, or where it leads."""
    to.mkdir()
    copy_folder(folder, to, overlays or {}, Limits())
    names = [one for one in to.rglob("*") if one.is_symlink() or one.is_file()]
    return {
        one.relative_to(to).as_posix(): f"-> {one.readlink()}" if one.is_symlink() else one.read_text() for one in names
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with two files."""
    made = tmp_path / "folder"
    (made / "src").mkdir(parents=True)
    (made / "src/a.py").write_text("a")
    (made / "b.py").write_text("b")
    return made


def test_overlays_win(folder: Path, tmp_path: Path) -> None:
    """An overlay replaces a file, makes a new one, or takes one away."""
    overlays = {"src/a.py": b"A", "new/c.py": b"C", "b.py": None}

    assert copied(folder, tmp_path / "to", overlays) == {"src/a.py": "A", "new/c.py": "C"}
    assert (folder / "b.py").read_text() == "b"


def test_a_repository_says_what_is_its_own(folder: Path, tmp_path: Path) -> None:
    """Tracked and new files are copied as they are on disk; ignored ones and the repository itself are not."""
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / ".gitignore").write_text("*.log\n")
    (folder / "noise.log").write_text("noise")
    subprocess.run(["git", "-C", str(folder), "add", "."], check=True)
    (folder / "b.py").unlink()
    (folder / "ü new.py").write_text("new")

    assert copied(folder, tmp_path / "to") == {".gitignore": "*.log\n", "src/a.py": "a", "ü new.py": "new"}


def test_files_that_look_like_a_repository_are_files(folder: Path, tmp_path: Path) -> None:
    """What lies in a folder as in a bare repository is copied like all else, and decides nothing."""
    subprocess.run(["git", "init", "-q", "--bare", str(folder)], check=True)
    (folder / "config").write_text("[core]\nrepositoryformatversion = 0\nbare = false\nworktree = .\n")
    (folder / "info/exclude").write_text("b.py\n")
    told = copied(folder, tmp_path / "to")

    assert (told["b.py"], told["src/a.py"], told["info/exclude"]) == ("b", "a", "b.py\n")


def test_a_plain_folder_is_walked(folder: Path, tmp_path: Path) -> None:
    """Without git everything is copied but what tools install and remember."""
    for name in (".venv/lib/x.py", "node_modules/y/index.js", "src/__pycache__/a.pyc", ".git/config"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("installed")

    assert copied(folder, tmp_path / "to") == {"src/a.py": "a", "b.py": "b"}


def test_links_are_copied_as_links_and_never_followed(folder: Path, tmp_path: Path) -> None:
    """A link stays a link, and what is laid over a name below it is written into the copy alone."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (folder / "away").symlink_to(outside)
    (folder / "link.py").symlink_to("b.py")
    told = copied(folder, tmp_path / "to", {"away/evil.py": b"evil"})

    assert told == {"src/a.py": "a", "b.py": "b", "link.py": "-> b.py", "away/evil.py": "evil"}
    assert list(outside.iterdir()) == []


def test_what_is_no_file_is_left_out(folder: Path, tmp_path: Path) -> None:
    """Pipes and their like are passed by, without waiting for anybody at their other end."""
    os.mkfifo(folder / "pipe")

    assert copied(folder, tmp_path / "to") == {"src/a.py": "a", "b.py": "b"}


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../../x", ".git/hooks/x", ".GIT/config", "a\0b"])
def test_a_path_that_leads_out_is_refused(folder: Path, tmp_path: Path, path: str) -> None:
    """An overlay never names a place outside, nor one in the repository's own folder."""
    with pytest.raises(InvalidInput, match="does not name a file below"):
        copied(folder, tmp_path / "to", {path: b"x"})


@pytest.mark.parametrize("limits", [{"copied_files": 1}, {"copied_bytes": 1}])
def test_a_large_folder_is_refused(folder: Path, tmp_path: Path, limits: dict[str, int]) -> None:
    """A folder with more than may be copied is refused, with a reason."""
    (tmp_path / "to").mkdir()
    with pytest.raises(InvalidInput, match="more files, or larger ones"):
        copy_folder(folder, tmp_path / "to", {}, replace(Limits(), **limits))


@given(st.lists(st.sampled_from(["a", "..", ".", "/", "b.py", ".git", "ü"]), max_size=6).map("/".join))
def test_any_path_stays_below_or_is_refused(path: str) -> None:
    """Whatever a path is made of, it stays below its root or is refused."""
    try:
        parts = relative_parts(path)
    except InvalidInput:
        return
    assert os.path.normpath(f"/root/{'/'.join(parts)}").startswith("/root/")


@pytest.mark.parametrize("is_writable", [False, True])
def test_a_link_cannot_move_a_mount(walls: Sandbox, folder: Path, tmp_path: Path, is_writable: bool) -> None:
    """A folder's own link in the place of its environment is put aside before the environment is shown there."""
    (folder / ".venv").symlink_to("/tmp")
    (tmp_path / "environment").mkdir()
    (tmp_path / "environment/own").touch()
    binds = (Bind(tmp_path / "environment", Path("/project/.venv")),)
    ran = check(
        walls, folder, "sh", "-c", "ls .venv; ls /tmp/own 2>/dev/null; true", read_only=binds, is_writable=is_writable
    )

    assert (ran.ending, ran.output) == ("exit", b"own\n")


def test_a_job_says_itself_what_stands_in_etc(walls: Sandbox, folder: Path, tmp_path: Path) -> None:
    """Files that an engine would write by itself can be bound by a job, which then finds its own."""
    (tmp_path / "hosts").write_text("127.0.0.1 localhost\n")
    binds = (Bind(tmp_path / "hosts", Path("/etc/hosts")), Bind(tmp_path / "hosts", Path("/etc/passwd")))
    ran = check(walls, folder, "cat", "/etc/hosts", "/etc/passwd", read_only=binds)

    assert (ran.code, ran.output) == (0, b"127.0.0.1 localhost\n" * 2)


@pytest.mark.parametrize("is_writable", [False, True])
def test_a_link_to_the_machine_shows_nothing(walls: Sandbox, folder: Path, tmp_path: Path, is_writable: bool) -> None:
    """Links to files and folders of the machine lead nowhere inside, and none is followed to copy."""
    (tmp_path / "secret").write_text("s3cret")
    (folder / "file").symlink_to(tmp_path / "secret")
    (folder / "far").symlink_to(tmp_path)
    ran = check(walls, folder, "sh", "-c", "cat file far/secret; ls -l", is_writable=is_writable)

    assert b"s3cret" not in ran.output
    assert ran.output.count(b"No such file") == 2
    assert ran.output.count(b" -> ") == 2


def test_a_python_under_a_private_home_runs(walls: Sandbox, folder: Path) -> None:
    """This very Python runs inside with its packages, wherever it is installed."""
    program = "import sys, pytest; print(sys.version, pytest.__version__)"
    ran = check(walls, folder, "python", "-c", program)

    assert (ran.ending, ran.code) == ("exit", 0)
    assert ran.output.decode().strip() == f"{sys.version} {pytest.__version__}".replace("\r", "")


@pytest.mark.parametrize("leads_to", ["home/secret", "home"])
def test_a_link_that_is_no_python_shows_nothing(tmp_path: Path, leads_to: str) -> None:
    """A repository's environment can have no folder shown that is no Python installation."""
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    (home / "secret").write_text("x")
    binaries = tmp_path / "folder/.venv/bin"
    binaries.mkdir(parents=True)
    (binaries / "python").symlink_to(tmp_path / leads_to)
    (binaries.parent / "pyvenv.cfg").write_text(f"home = {home}/bin\n")

    assert python_tree(binaries / "python") is None


def test_a_repositorys_own_installation_shows_nothing_else(tmp_path: Path) -> None:
    """What looks like a Python in a repository cannot have a folder shown to which one of its parts is a link."""
    home, fake = tmp_path / "home", tmp_path / "folder/fake"
    home.mkdir()
    (fake / "lib/python3.11").mkdir(parents=True)
    (fake / "lib/python3.11/os.py").touch()
    (fake / "bin").mkdir()
    (fake / "bin/python").touch()
    (fake / "lib64").symlink_to(home)
    tree = python_tree(fake / "bin/python")

    assert tree is not None
    assert [bind.source for bind in tree.binds] == [fake / "bin", fake / "lib"]
