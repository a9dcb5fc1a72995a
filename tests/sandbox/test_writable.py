"""A folder that may be written is the command's own copy, of bounded size, and nothing of it is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from patchtrail.sandbox import Bind, Limits, Sandbox
from tests.sandbox.walls import check

MIB = 1 << 20
SMALL = Limits(memory_bytes=256 * MIB, scratch_bytes=8 * MIB, work_bytes=8 * MIB, files=500, wall_s=20)
FILL = "import sys\nwith open(sys.argv[1], 'wb', buffering=0) as out:\n    while True: out.write(bytes(1 << 20))"
MANY = "import sys\nfor one in range(1000): open(f'{sys.argv[1]}/{one}', 'w').close()"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a program, a link and a deeper file."""
    made = tmp_path / "folder"
    (made / "src").mkdir(parents=True)
    (made / "src/a.py").write_text("a")
    (made / "run").write_text("#!/bin/sh\necho ran\n")
    (made / "run").chmod(0o755)
    (made / "link").symlink_to("src/a.py")
    return made


def test_the_copy_may_be_changed_and_is_thrown_away(walls: Sandbox, folder: Path) -> None:
    """A command changes, makes, moves and deletes files of its folder; the next one finds the folder as it was."""
    script = "./run && cat link && echo b > src/a.py && mv src new && rm run && mkdir build && cat new/a.py && ls"
    for _ in range(2):
        ran = check(walls, folder, "sh", "-c", script, overlays={"over": b"laid"}, is_writable=True)

        assert (ran.ending, ran.code, ran.problem) == ("exit", 0, "")
        assert ran.output == b"ran\nab\nbuild\nlink\nnew\nover\n"
    assert sorted(one.name for one in folder.rglob("*")) == ["a.py", "link", "run", "src"]
    assert (folder / "src/a.py").read_text() == "a"


def test_what_is_bound_inside_stays_as_it_is(walls: Sandbox, folder: Path, tmp_path: Path) -> None:
    """Folders and files shown inside of the folder are read-only in the copy too, whatever stood in their places."""
    (tmp_path / "bound").mkdir()
    (tmp_path / "bound/of_machine").write_text("x")
    (folder / ".tools").symlink_to("/etc")
    (folder / "deep").symlink_to("/etc")
    (folder / "one").mkdir()
    (folder / "one/own").write_text("own")
    binds = [Bind(tmp_path / "bound", Path("/project", one)) for one in (".tools", "deep/er/bound", "src")]
    binds.append(Bind(tmp_path / "bound/of_machine", Path("/project/one")))
    script = "ls .tools deep/er/bound src; cat one; touch new deep/new; for f in .tools/x src/x one; do : > $f; done"
    ran = check(walls, folder, "sh", "-c", script, read_only=tuple(binds), is_writable=True)

    assert ran.output.count(b"of_machine") == 3
    assert ran.output.count(b"\nx") == 1
    assert ran.output.count(b"Read-only file system") + ran.output.count(b"Permission denied") == 1
    assert (tmp_path / "bound/of_machine").read_text() == "x"
    assert [one.name for one in (tmp_path / "bound").iterdir()] == ["of_machine"]


@pytest.mark.parametrize("place", ["/project", "/tmp"])
@pytest.mark.parametrize("program", [FILL, MANY], ids=["bytes", "files"])
def test_what_may_be_written_is_bounded(walls: Sandbox, tmp_path: Path, place: str, program: str) -> None:
    """A command that fills its folder or the scratch place, with bytes or with empty files, is told and named."""
    at = f"{place}/full" if program is FILL else place
    ran = check(walls, tmp_path, "python", "-c", program, at, limits=SMALL, is_writable=True)

    if program is MANY and "number of files" in ran.missing_limits:
        assert (ran.ending, ran.code) == ("exit", 0)
        return
    assert (ran.ending, ran.code) == ("disk", 1)
    assert ran.problem == f"It failed with no room left to write in {place}."
    assert b"No space left on device" in ran.output


def test_endless_files_are_contained(walls: Sandbox, tmp_path: Path) -> None:
    """Whoever makes empty files without end is stopped by their number, or by the memory that they take."""
    limits = replace(SMALL, memory_bytes=128 * MIB, process_bytes=4096 * MIB)
    program = f"{MANY.replace('range(1000)', 'range(10**9)')}"
    ran = check(walls, tmp_path, "python", "-c", program, "/project", limits=limits, is_writable=True)

    assert ran.ending in ("disk", "memory")


def test_a_folder_that_is_swapped_for_a_link(walls: Sandbox, folder: Path, tmp_path: Path) -> None:
    """A command that puts links in the places of its folders has nothing outside written, read or cleared away."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/kept").write_text("s3cret")
    script = f"rm -r src && ln -s {tmp_path}/outside src && ln -s {tmp_path}/outside/kept /tmp/result; rm -rf src/*; ls"
    ran = check(walls, folder, "sh", "-c", script, is_writable=True)

    assert (ran.ending, ran.code, ran.result, ran.output) == ("exit", 0, None, b"link\nrun\nsrc\n")
    assert (tmp_path / "outside/kept").read_text() == "s3cret"


LARGE = {"more files, or larger ones": SMALL, "`large` is larger than the 4 MiB": Limits(file_bytes=4 * MIB)}


@pytest.mark.parametrize(("reason", "limits"), LARGE.items(), ids=["folder", "file"])
def test_a_folder_that_has_no_room_is_not_run(walls: Sandbox, folder: Path, reason: str, limits: Limits) -> None:
    """A folder that is larger than what may be written, or has such a file, is refused before anything runs."""
    (folder / "large").write_bytes(bytes(9 * MIB))
    ran = check(walls, folder, "echo", "ran", limits=limits, is_writable=True)

    assert (ran.ending, ran.output) == ("no_sandbox", b"")
    assert reason in ran.problem
    assert check(walls, folder, "echo", "ran", limits=replace(limits, work_bytes=16 * MIB)).output == b"ran\n"
