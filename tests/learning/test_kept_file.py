"""A file that many write loses nothing."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from patchtrail.contract.errors import InvalidInput, StateConflict
from patchtrail.learning.kept_file import MAX_BYTES, KeptFile

COUNTING = """
import sys
from patchtrail.learning.kept_file import KeptFile
for _ in range(30):
    kept = KeptFile(sys.argv[1])
    with kept.alone():
        kept.write_alone(b"%d" % (int(kept.read() or b"0") + 1))
"""


def test_processes_wait_for_each_other(tmp_path: Path) -> None:
    """Of three processes that read, count and write at once, not one count is lost, and no file is left beside it."""
    running = [subprocess.Popen([sys.executable, "-c", COUNTING, str(tmp_path / "count")]) for _ in range(3)]

    assert [one.wait(60) for one in running] == [0, 0, 0]
    assert (tmp_path / "count").read_text() == "90"
    assert [one.name for one in tmp_path.iterdir()] == ["count"]


@pytest.mark.parametrize("before", ["", "read"])
def test_a_change_that_was_not_seen_is_not_overwritten(tmp_path: Path, before: str) -> None:
    """What was made or removed since it was read stays so, however often one tries; after a reading it goes."""
    path = tmp_path / "file"
    path.write_text(before) if before else None
    kept = KeptFile(path)
    kept.read()
    path.unlink() if before else path.write_text("theirs")
    for _ in range(2):
        with pytest.raises(StateConflict, match="changed meanwhile"):
            kept.write(b"ours")
    assert path.exists() is not bool(before)

    kept.read()
    kept.write(b"ours")
    assert path.read_text() == "ours"


def test_a_folder_that_is_missing_is_made_and_a_mode_is_kept(tmp_path: Path) -> None:
    """A new file is readable for a team; one that is there keeps its mode."""
    path = tmp_path / "a" / "b"
    kept = KeptFile(path)
    kept.write(b"1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644

    path.chmod(0o600)
    kept.write(b"2")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    """A content beyond the limit is refused before it replaces what is there."""
    kept = KeptFile(tmp_path / "file")
    kept.write(b"small")
    with pytest.raises(StateConflict, match="begin a new file"):
        kept.write(b"x" * (MAX_BYTES + 1))

    assert (tmp_path / "file").read_bytes() == b"small"
    assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208 -- the names alone


def test_a_link_is_neither_read_nor_written(tmp_path: Path) -> None:
    """A link is refused by name, and what it leads to is untouched."""
    (tmp_path / "target").write_text("theirs")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    kept = KeptFile(tmp_path / "link")
    for act in (kept.read, lambda: kept.write(b"ours")):
        with pytest.raises(InvalidInput, match="is a link"):
            act()

    assert (tmp_path / "target").read_text() == "theirs"
