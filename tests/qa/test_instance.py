"""Sessions as benchmark instances: proven by a clean checkout, run again from scratch, or refused with a reason."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.events import RationaleNote
from patchtrail.llm import Cancellation
from patchtrail.qa.git_diff import files_of_git_diff, git_diff
from patchtrail.qa.instance import Instance, instance_of, proven_lists
from patchtrail.qa.suites import RepositorySuites
from patchtrail.sandbox.bubblewrap import Bubblewrap
from patchtrail.trace.base_snapshot import read_base
from patchtrail.trace.file_tree import FileTree
from tests.qa.session_files import Recorded, tree_of
from tests.qa.test_cheats import SHOWN
from tests.qa.test_real_validation import BUG, FIX, calc
from tests.qa.test_suites import suite_of
from tests.qa.trees import repository

FIELDS = {
    *("repo", "instance_id", "base_commit", "patch", "test_patch", "problem_statement", "hints_text", "created_at"),
    *("version", "environment_setup_commit", "FAIL_TO_PASS", "PASS_TO_PASS"),
}
NEW_TEST = "from calc import add\n\n\ndef test_both():\n    assert add(2, 3) == 5\n"


def session() -> Recorded:
    """A session that says something, repairs the bug and adds a test."""
    told = Recorded(calc())
    for text in ("add subtracts", "twice is fine"):
        told.add(RationaleNote(kind="observation", text=text, confidence=None, links=[]))
    told.save("tests/test_both.py", NEW_TEST)
    told.save("calc.py", told.files["calc.py"].replace(BUG, FIX))
    told.add(RationaleNote(kind="decision", text="the operator was wrong", confidence=None, links=[]))
    return told


def made(told: Recorded, suites: RepositorySuites, walls: Bubblewrap) -> Instance:
    """Return a session's instance."""
    return instance_of(told.case(), tree_of(told.start), suites, walls, Cancellation())[0]


def test_an_instance_runs_again_from_scratch_to_the_same_lists(suites, walls, tmp_path):
    """Read back from its file and laid on a clean base commit, an instance gives the very lists that stand in it."""
    told = session()
    case = told.case()
    assert case.snapshot is not None
    instance, _ = instance_of(case, read_base(case.snapshot), suites, walls, Cancellation())
    (tmp_path / "instance.json").write_text(json.dumps(asdict(instance)))
    read = Instance(**json.loads((tmp_path / "instance.json").read_text()))
    fresh = RepositorySuites(walls, tmp_path / "cache")
    base = repository("calc")
    changes = proven_lists(read, base, suite_of(fresh, base), walls, Cancellation())

    assert set(asdict(read)) == FIELDS
    assert json.loads(read.FAIL_TO_PASS) == list(changes.fail_to_pass) == ["tests/test_both.py::test_both", SHOWN]
    assert json.loads(read.PASS_TO_PASS) == list(changes.pass_to_pass)
    assert "tests/test_calc.py::test_zero" in changes.pass_to_pass


def test_its_fields_are_swe_benchs(suites, walls):
    """Code and tests are told apart, hints end where the code changes, and the origin gives the names."""
    instance = made(session(), suites, walls)

    assert (instance.repo, instance.instance_id) == ("local/shop", "local__shop-000000000000")
    assert instance.base_commit == instance.environment_setup_commit == "1" * 40
    assert files_of_git_diff(instance.patch) == ["calc.py"]
    assert files_of_git_diff(instance.test_patch) == ["tests/test_both.py"]
    assert instance.problem_statement == "Fix it\n\nIt is broken."
    assert instance.hints_text == "add subtracts\n\ntwice is fine"


def unsolved() -> Recorded:
    """A session that changes the code for nothing."""
    told = Recorded(calc())
    told.save("calc.py", told.files["calc.py"] + "\n\nNOTHING = 0\n")
    return told


def breaking() -> Recorded:
    """A session that repairs one test and breaks another."""
    told = Recorded(calc())
    told.save("calc.py", told.files["calc.py"].replace(BUG, FIX).replace("a + a", "a + a + 1"))
    return told


def redacted() -> Recorded:
    """A session whose change was redacted."""
    told = session()
    told.save("key.py", "KEY = '<<redacted:token:0123abcd>>'\n")
    return told


def diverging() -> Recorded:
    """A session that is not what it says."""
    told = session()
    told.save("calc.py", "x\n", buffer_hash_after="0" * 64)
    return told


def only_tests() -> Recorded:
    """A session that changed tests and nothing else."""
    told = Recorded(calc())
    told.save("tests/test_both.py", NEW_TEST)
    return told


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (unsolved, "no test fails without the patch and passes with it"),
        (breaking, "with the patch it fails"),
        (redacted, "redacted in key.py"),
        (diverging, "replay does not agree"),
        (only_tests, "no file beside the tests was changed"),
    ],
)
def test_what_is_not_proven_is_not_written(suites, walls, make, why):
    """A session that a clean checkout does not prove gives no instance, and it is said why."""
    with pytest.raises(InvalidInput, match=why):
        made(make(), suites, walls)


def test_a_patch_that_leads_elsewhere_proves_nothing(suites, walls):
    """A patch that does not apply to the base, or names a place outside of it, is refused."""
    base, instance = repository("calc"), made(session(), suites, walls)
    suite = suite_of(suites, base)
    for patch in (instance.patch.replace("return a - b", "return a * b"), instance.patch.replace("calc.py", "../x.py")):
        with pytest.raises(InvalidInput, match="gives no instance"):
            proven_lists(replace(instance, patch=patch), base, suite, walls, Cancellation())


NAMES = st.sampled_from(["a.py", "b c.py", "ä.py", 'q"u.py', "back\\slash.py", "deep/d.py", "empty.txt"])
TEXTS = st.none() | st.text(st.sampled_from("ab\n\r-+ "), max_size=20)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(NAMES, st.tuples(TEXTS, TEXTS, st.booleans(), st.booleans()), max_size=5))
def test_git_takes_the_patch(tmp_path_factory, files):
    """Whatever changed, `git apply` leads from the one tree to the other, byte for byte, and the files are named."""
    folder = tmp_path_factory.mktemp("apply")
    old = {path: text.encode() for path, (text, _, _, _) in files.items() if text is not None}
    new = {path: text.encode() for path, (_, text, _, _) in files.items() if text is not None}
    start = FileTree(old, frozenset(path for path in old if files[path][2]))
    end = FileTree(new, frozenset(path for path in new if files[path][3]))
    changed = [
        path
        for path in files
        if old.get(path) != new.get(path) or (path in start.executable) != (path in end.executable)
    ]
    patch = git_diff(start, end, changed)
    for path, content in old.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
        (folder / path).chmod(0o755 if path in start.executable else 0o644)
    if patch:
        done = subprocess.run(
            ["git", "apply", "--whitespace=nowarn"], cwd=folder, input=patch.encode(), capture_output=True
        )
        assert done.returncode == 0, done.stderr.decode() + patch
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}

    assert files_of_git_diff(patch) == changed
    assert {name: path.read_bytes() for name, path in found.items()} == new
    assert {name for name, path in found.items() if path.stat().st_mode & 0o100} == end.executable


def test_a_patch_holds_text_alone():
    """A file that is no text is named, and no patch is made."""
    start = tree_of({"a.bin": "a"})
    with pytest.raises(InvalidInput, match=r"a\.bin is no UTF-8 text"):
        git_diff(start, FileTree({"a.bin": b"\xff\0"}), ["a.bin"])
