"""`patchtrail patch apply`, as somebody types it."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from patchtrail.cli.app import app

FIX = "--- a/pkg/m.py\n+++ b/pkg/m.py\n@@ -1,9 +1,9 @@\n def f():\n-    return 1\n+    return 2\n"
BEFORE = "def f():\n    return 1\n"
AFTER = "def f():\n    return 2\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with one small file."""
    (tmp_path / "root/pkg").mkdir(parents=True)
    (tmp_path / "root/pkg/m.py").write_text(BEFORE)
    return tmp_path / "root"


def run(root: Path, answer: str, *options: str) -> Result:
    """Run the command on an answer from standard input."""
    arguments = ["patch", "apply", "--response", "-", "--root", str(root), *options]
    return CliRunner().invoke(app, arguments, input=answer.encode())


def told(result: Result) -> dict[str, object]:
    """Return the JSON object that was printed."""
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def test_applies(root: Path) -> None:
    """An answer is applied, and each hunk's line, way and certainty are told."""
    result = run(root, FIX)

    assert (root / "pkg/m.py").read_text() == AFTER
    assert result.exit_code == 0
    assert result.stdout == "pkg/m.py:1: exact, certainty 1.00\nchanged 1 file\n"


def test_response_from_a_file(root: Path, tmp_path: Path) -> None:
    """The answer may stand in a file."""
    (tmp_path / "answer.md").write_text(f"Here:\n```diff\n{FIX}```\n")
    result = CliRunner().invoke(
        app, ["patch", "apply", "--response", str(tmp_path / "answer.md"), "--root", str(root), "--json"]
    )

    assert result.exit_code == 0
    assert told(result) == {
        "status": "applied",
        "files": [{"file_path": "pkg/m.py", "is_new": False}],
        "hunks": [
            {
                "file_path": "pkg/m.py",
                "line": 1,
                "old_lines": 2,
                "new_lines": 2,
                "located_by": "exact",
                "certainty_milli": 1000,
            }
        ],
        "reason": None,
        "diff_unified": "--- a/pkg/m.py\n+++ b/pkg/m.py\n@@ -1,2 +1,2 @@\n def f():\n-    return 1\n+    return 2\n",
    }


def test_check_writes_nothing(root: Path) -> None:
    """`--check` says what would be done and does nothing."""
    result = run(root, FIX, "--check")

    assert (root / "pkg/m.py").read_text() == BEFORE
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "would change 1 file")


def test_refused(root: Path) -> None:
    """A refusal exits with 1, names its mode, and leaves everything alone."""
    result = run(root, FIX.replace("return 1", "yield everything"), "--json")

    assert (root / "pkg/m.py").read_text() == BEFORE
    assert result.exit_code == 1
    assert told(result)["status"] == "refused"
    assert told(result)["reason"]["mode"] == "not_located"


def test_refused_in_words(root: Path) -> None:
    """Without `--json` a refusal is one line on standard error."""
    result = run(root, "No change is needed.")

    assert result.exit_code == 1
    assert result.stderr.startswith("patchtrail: no_change_in_answer: ")


@pytest.mark.parametrize("case", ["response", "root"])
def test_bad_input(root: Path, case: str) -> None:
    """A missing answer or root is bad input: exit code 2."""
    response, folder = ("absent.md", str(root)) if case == "response" else ("-", str(root / "absent"))
    result = CliRunner().invoke(app, ["patch", "apply", "--response", response, "--root", folder, "--json"])

    assert result.exit_code == 2
    assert told(result)["status"] == "bad_input"


def test_new_file_in_new_folder(root: Path) -> None:
    """A new file gets its folders."""
    result = run(root, "--- /dev/null\n+++ b/lib/deep/n.py\n@@ -0,0 +1 @@\n+a = 1\n")

    assert result.exit_code == 0
    assert (root / "lib/deep/n.py").read_text() == "a = 1\n"


def test_mode_and_bytes_are_kept(root: Path) -> None:
    """The file's mode, CRLF, byte-order mark and missing final newline stay, and nothing is left beside it."""
    path = root / "pkg/m.py"
    path.write_bytes(b"\xef\xbb\xbfdef f():\r\n    return 1")
    path.chmod(0o755)
    result = run(root, FIX)

    assert result.exit_code == 0
    assert path.read_bytes() == b"\xef\xbb\xbfdef f():\r\n    return 2"
    assert stat.S_IMODE(path.stat().st_mode) == 0o755
    assert [one.name for one in (root / "pkg").iterdir()] == ["m.py"]


def test_links_are_refused(root: Path, tmp_path: Path) -> None:
    """Neither a file that is a link nor one behind a linked folder is read or written."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/m.py").write_text(BEFORE)
    (root / "pkg/m.py").unlink()
    (root / "pkg/m.py").symlink_to(tmp_path / "outside/m.py")
    (root / "linked").symlink_to(tmp_path / "outside")
    results = [run(root, FIX), run(root, FIX.replace("pkg/", "linked/"))]
    new = run(root, "--- /dev/null\n+++ b/linked/n.py\n@@ -0,0 +1 @@\n+a = 1\n")

    assert [result.exit_code for result in [*results, new]] == [1, 1, 1]
    assert (tmp_path / "outside/m.py").read_text() == BEFORE
    assert [one.name for one in (tmp_path / "outside").iterdir()] == ["m.py"]


def test_other_encodings_are_safe(root: Path) -> None:
    """A file that is not UTF-8 is refused in words, and keeps its bytes."""
    (root / "pkg/m.py").write_bytes(b"def f():\n    return 1  # \xe9\n")
    result = run(root, FIX)

    assert result.exit_code == 1
    assert "not UTF-8" in result.stderr
    assert (root / "pkg/m.py").read_bytes() == b"def f():\n    return 1  # \xe9\n"


def test_all_files_or_none(root: Path) -> None:
    """When the second of two files cannot be written, the first is as it was."""
    (root / "pkg/z").mkdir()
    (root / "pkg/z/n.py").write_text(BEFORE)
    both = FIX + FIX.replace("pkg/m.py", "pkg/z/n.py").replace("return 1", "never there")
    result = run(root, both)

    assert result.exit_code == 1
    assert (root / "pkg/m.py").read_text() == BEFORE


@pytest.mark.parametrize("path", ["../m.py", "/etc/hosts", ".git/config", "pkg/../../m.py"])
def test_outside(root: Path, path: str) -> None:
    """An answer that leads out of the root, or into `.git`, is refused as such."""
    (root.parent / "m.py").write_text(BEFORE)
    (root / ".git").mkdir()
    (root / ".git/config").write_text(BEFORE)
    answer = f"--- {path}\n+++ {path}\n@@ -1,2 +1,2 @@\n def f():\n-    return 1\n+    return 2\n"
    result = run(root, answer, "--json")

    assert result.exit_code == 1
    assert told(result)["reason"]["mode"] == "outside_workspace"
    assert (root.parent / "m.py").read_text() == (root / ".git/config").read_text() == BEFORE
