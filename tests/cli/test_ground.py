"""A session's files, written out from its trace and the repositories that hold its start commits."""

from __future__ import annotations

from pathlib import Path

import pytest

from patchtrail.cli.ground import Ground, roots_named
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.events import SessionStart
from patchtrail.integrity.verify import VerifiedEvent
from tests.capture.recording import notebook, put, recording, repository
from tests.editor.spooled import events_of


def test_files_are_written_as_they_were(tmp_path: Path) -> None:
    """Every root's files are written with their bytes: edited, moved and untouched ones, notebooks by their sources."""
    shop = repository(
        tmp_path / "shop", {"a.py": "a\r\n", "kept.bin": b"\0\1", "old.py": "o\n", "n.ipynb": notebook("x")}
    )
    api = repository(tmp_path / "api", {"b.py": "b\n"})
    with recording(tmp_path / "spool", shop, api) as session:
        session.save(shop / "a.py", "caf\xe9\r\n", "caf\xe9\r\n".encode("cp1252"))
        (shop / "old.py").rename(shop / "new.py")
        session.recorder.renamed([(shop / "old.py", shop / "new.py")])
        put(shop / "n.ipynb", notebook("y"))
        session.changed(shop / "n.ipynb")
        session.save(api / "b.py", "B\n")
        session.recorder.settle().result()
        events = events_of(session.spool, parsed=True)
    start = events[0].data
    assert isinstance(start, SessionStart)
    ground = Ground.in_repositories(start, shop, {"api": api})
    held = [VerifiedEvent(event, "") for event in events]
    blobs = {path.name: path.read_bytes() for path in (tmp_path / "spool").glob("trace-*/artifacts/*")}
    result = ground.replay(held, blobs)
    count = ground.write(result, tmp_path / "out")
    written = {path.relative_to(tmp_path / "out").as_posix(): path for path in (tmp_path / "out").rglob("*.*")}
    cells = written.pop("n.ipynb").read_text()

    assert (result.findings, count) == ([], 5)
    assert {name: path.read_bytes() for name, path in written.items()} == {
        "a.py": b"caf\xe9\r\n",
        "kept.bin": b"\0\1",
        "new.py": b"o\n",
        "api/b.py": b"B\n",
    }
    assert '"source": "y"' in cells
    assert "private" not in cells


def test_roots_are_told_by_name() -> None:
    """What is no NAME=PATH is refused with a sentence."""
    assert roots_named(["api=/w/api"]) == {"api": Path("/w/api")}
    with pytest.raises(InvalidInput, match="NAME=PATH"):
        roots_named(["api"])
