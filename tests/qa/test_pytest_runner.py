"""Tests of a project run in the sandbox with a patch laid over, and the outcome says what is known of it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from patchtrail.llm import Cancellation
from patchtrail.patching import FilePatch, Patch, ports
from patchtrail.patching.failing_tests import finding_of_failure
from patchtrail.qa import PytestRunner
from patchtrail.sandbox import Limits
from patchtrail.sandbox.bubblewrap import Bubblewrap
from tests.qa.conftest import FILES, Folder

ZERO, ONE = "tests/test_calc.py::test_zero", "tests/test_calc.py::TestAdd::test_one"
REPAIRED = FILES["calc.py"].replace("a - b", "a + b")


def check(
    walls: Bubblewrap, folder: Folder, *test_ids: str, patch: dict[str, str] | None = None, wall_s: float = 60
) -> ports.TestOutcome:
    """Run tests of the project, with new texts of files laid over."""
    laid = Patch(tuple(FilePatch(path, folder.read(path), text) for path, text in (patch or {}).items()), ())
    runner = PytestRunner(walls, limits=replace(Limits(), wall_s=wall_s))
    return runner.run(folder, laid if patch else None, test_ids, Cancellation())


def test_a_patch_is_laid_over(walls: Bubblewrap, folder: Folder) -> None:
    """The same test fails without the patch and passes with it, and the file on disk is what it was."""
    before = check(walls, folder, ONE)
    after = check(walls, folder, ONE, patch={"calc.py": REPAIRED})

    assert (before.passed, before.failed, before.problem) == ((), (ONE,), "")
    assert (after.passed, after.failed, after.problem) == ((ONE,), (), "")
    assert (folder.root / "calc.py").read_text() == FILES["calc.py"]


def test_a_failure_leads_to_its_line(walls: Bubblewrap, folder: Folder) -> None:
    """A failed run tells enough for a finding at the line of the assertion; without ids all tests are run."""
    outcome = check(walls, folder)
    (failure,) = outcome.failures
    one = finding_of_failure(failure, (folder.root,), folder.read)

    assert (outcome.passed, outcome.failed) == ((ZERO,), (ONE,))
    assert (one.file_path, one.line, one.test_id) == ("tests/test_calc.py", 10, ONE)
    assert "assert 0 == 2" in one.message


def test_ids_are_relative_to_the_root(walls: Bubblewrap, folder: Folder) -> None:
    """A configuration further down does not change how a test is called."""
    (folder.root / "tests/pytest.ini").write_text("[pytest]\npythonpath = ..\n")

    assert check(walls, folder, ZERO).passed == (ZERO,)


def test_open_documents_count(walls: Bubblewrap, folder: Folder) -> None:
    """What the editor holds and has not saved is what is tested."""
    folder.documents["calc.py"] = REPAIRED

    assert check(walls, folder, ONE).passed == (ONE,)


def test_a_patch_that_breaks_the_import_fails_its_tests(walls: Bubblewrap, folder: Folder) -> None:
    """A test file that cannot be collected any more is a failure, and no problem of the run."""
    outcome = check(walls, folder, ONE, patch={"calc.py": "raise RuntimeError('no')\n"})

    assert (outcome.passed, outcome.failed, outcome.problem) == ((), ("tests/test_calc.py",), "")


@pytest.mark.parametrize(
    ("test_id", "problem"),
    [
        ("tests/test_calc.py::test_absent", "ERROR: not found"),
        ("--help", "ERROR: file or directory not found: ./--help"),
    ],
)
def test_a_run_without_an_answer_has_a_problem(walls: Bubblewrap, folder: Folder, test_id: str, problem: str) -> None:
    """An id that is no test here, or would be an option, is neither passed nor failed."""
    outcome = check(walls, folder, test_id)

    assert (outcome.passed, outcome.failed) == ((), ())
    assert problem in outcome.problem


@pytest.mark.parametrize(
    ("test", "problem"),
    [
        ("def test_zero():\n    import signal\n    signal.pause()\n", "did not end in time"),
        ("import os\n\n\ndef test_zero():\n    os._exit(0)\n", "wrote no report and ended with 0"),
    ],
)
def test_a_test_that_ends_the_run_has_not_passed(walls: Bubblewrap, folder: Folder, test: str, problem: str) -> None:
    """Neither a hanging test nor one that leaves with success is taken for a passed one."""
    outcome = check(walls, folder, ZERO, patch={"tests/test_calc.py": test}, wall_s=2 if "pause" in test else 60)

    assert (outcome.passed, outcome.failed) == ((), ())
    assert problem in outcome.problem


def test_tests_reach_nothing(walls: Bubblewrap, folder: Folder) -> None:
    """A hostile test can write nowhere but in its scratch place, and has no network."""
    test = (
        "import socket\nfrom pathlib import Path\n\nimport pytest\n\n\n"
        "@pytest.mark.parametrize('place', ['.', 'tests', '/usr', '/etc'])\n"
        "def test_writes(place):\n"
        "    with pytest.raises(OSError):\n        Path(place, 'written').write_text('x')\n\n\n"
        "def test_calls():\n    with pytest.raises(OSError):\n        socket.socket()\n\n\n"
        "def test_scratch(tmp_path):\n    (tmp_path / 'x').write_text('x')\n"
    )
    outcome = check(walls, folder, "tests/test_evil.py", patch={"tests/test_evil.py": test})

    assert (len(outcome.passed), outcome.failed, outcome.problem) == (6, (), "")


def test_a_project_without_pytest_is_not_run(walls: Bubblewrap, folder: Folder) -> None:
    """Without an environment that holds pytest, and without another Python that does, nothing is run."""
    (folder.root / ".venv").unlink()
    outcome = check(walls, folder, ONE)

    assert not PytestRunner(walls).can_run(folder)
    assert PytestRunner(walls, python=Path(sys.executable)).can_run(folder)
    assert outcome.problem == "No Python with pytest was found: the project has none in .venv or venv."


def test_without_a_sandbox_no_test_is_run(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no sandbox tests are not run at all, and the outcome says so."""
    monkeypatch.setenv("PATH", "/absent")
    outcome = check(Bubblewrap(), folder, ONE)

    assert (outcome.passed, outcome.failed) == ((), ())
    assert outcome.problem.startswith("no sandbox: ")
