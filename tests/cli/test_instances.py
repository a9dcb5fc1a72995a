"""`patchtrail trace export --format swe-bench`: an instance out of a session's own repository, or a reason for none."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from patchtrail.cli.app import app
from patchtrail.text import diff
from tests.qa.session_files import unsigned_document
from tests.qa.test_cheats import SHOWN
from tests.qa.test_real_validation import BUG, FIX, calc
from tests.sandbox.walls import usable

ALONE = ("-c", "user.name=x", "-c", "user.email=x@example.org")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Make the repository that the session started from, with a link and a later commit that must not be read."""
    folder = tmp_path / "repo"
    for path, text in calc().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (folder / "link").symlink_to("/etc/passwd")
    for arguments in (("init", "-q"), ("add", "."), (*ALONE, "commit", "-qm", "start")):
        subprocess.run(["git", "-C", str(folder), *arguments], check=True)
    (folder / "calc.py").write_text("")
    subprocess.run(["git", "-C", str(folder), *ALONE, "commit", "-qam", "later"], check=True)
    return folder


def exported(folder: Path, repo: Path, after: str, *, with_repo: bool = True) -> tuple[int, str, Path]:
    """Export a session that changed `calc.py`; return the exit code, what was said and where it was to be written."""
    head = subprocess.run(["git", "-C", str(repo), "rev-parse", "HEAD~"], capture_output=True, text=True, check=True)
    edits = [("calc.py", diff(calc()["calc.py"], after, "calc.py"))]
    origin = "https://github.com/example/calc.git"
    document = unsigned_document(edits, start_commit=head.stdout.strip(), origin=origin)
    (folder / "trace.json").write_text(document.model_dump_json())
    target = folder / "instance.json"
    arguments = ["trace", "export", str(folder / "trace.json"), "--format", "swe-bench", "-o", str(target)]
    result = CliRunner().invoke(app, [*arguments, *(["--repo", str(repo)] if with_repo else [])])
    return result.exit_code, result.output, target


def test_an_instance_is_written(tmp_path: Path, repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that repairs a bug becomes an instance of its repository at its start commit, with proven lists."""
    usable()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    code, said, target = exported(tmp_path, repo, calc()["calc.py"].replace(BUG, FIX))
    assert code == 0, said
    instance = json.loads(target.read_text())

    assert instance["repo"] == "example/calc"
    assert instance["instance_id"] == "example__calc-000000000000"
    assert json.loads(instance["FAIL_TO_PASS"]) == [SHOWN]
    assert "+    return a + b" in instance["patch"].splitlines()


def test_what_is_not_proven_is_not_written(tmp_path: Path, repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a fix there is no file, but a reason; nor is there one without the files of the start commit."""
    usable()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    unfixed = exported(tmp_path, repo, calc()["calc.py"] + "\nNOTHING = 0\n")
    groundless = exported(tmp_path, repo, calc()["calc.py"].replace(BUG, FIX), with_repo=False)

    assert (unfixed[0], unfixed[2].exists()) == (2, False)
    assert "no test fails without the patch" in " ".join(unfixed[1].split())
    assert (groundless[0], groundless[2].exists()) == (2, False)
    assert "--repo" in groundless[1]
