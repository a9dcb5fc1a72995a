"""The changed lines of a pull request, of real repositories."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from patchtrail.contract.errors import InvalidInput, NotFound, StateConflict
from patchtrail.patching import Finding
from patchtrail.patching.pull_request import changed_lines

OLD = "import os\n\n\ndef one():\n    return 1\n\n\ndef two():\n    return 2\n"
NEW = OLD.replace("return 2", "return 3") + "\n\ndef three():\n    return 4\n"


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody."""
    identity = ["-c", "user.name=T", "-c", "user.email=t@localhost"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Make a repository with a branch of one commit, which is checked out."""
    folder = tmp_path / "shop"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner/shop.py").write_text(OLD)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "first")
    git(folder, "checkout", "--quiet", "-b", "work")
    (folder / "inner/shop.py").write_text(NEW)
    (folder / "inner/naïve name.py").write_text("x = 1\n")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "second")
    return folder


@pytest.mark.parametrize("span", ["main..HEAD", "main..work", "main...HEAD", "..HEAD", "main.."])
def test_changed_lines_are_those_of_the_pull_request(repository: Path, span: str) -> None:
    """Lines that are new since the merge base are named, whether the base is given or found."""
    changed = changed_lines(repository, span)

    assert changed.base == git(repository, "rev-parse", "main")
    assert changed.lines == {
        "inner/shop.py": frozenset({9, 10, 11, 12, 13}),
        "inner/naïve name.py": frozenset({1}),
    }


def test_an_empty_base_is_the_merge_base_with_the_remotes_default_branch(repository: Path, tmp_path: Path) -> None:
    """Where a remote names its default branch, that is the base, whatever it is called."""
    git(repository, "branch", "--move", "main", "trunk-of-ours")
    clone = tmp_path / "clone"
    git(repository, "checkout", "--quiet", "trunk-of-ours")
    git(tmp_path, "clone", "--quiet", str(repository), str(clone))
    git(clone, "checkout", "--quiet", "work")

    assert changed_lines(clone, "..HEAD").base == git(clone, "rev-parse", "origin/trunk-of-ours")


def test_a_folder_of_the_repository_knows_its_own_paths(repository: Path) -> None:
    """Paths are relative to the root that was asked about; what lies outside is left out."""
    assert set(changed_lines(repository / "inner", "main..HEAD").lines) == {"shop.py", "naïve name.py"}


def test_a_finding_counts_when_one_of_its_lines_is_new(repository: Path) -> None:
    """A finding over several lines is held when the change touches any of them."""
    changed = changed_lines(repository, "main..HEAD")

    def held(line: int, end_line: int = 0) -> bool:
        return changed.holds(Finding("ruff", "F401", "", "inner/shop.py", line, end_line=end_line))

    assert [held(1), held(9), held(8, 9), held(1, 5)] == [False, True, True, False]


def test_what_cannot_be_compared_is_said(repository: Path) -> None:
    """No range, an unknown revision and a head that is not checked out each get their own words."""
    with pytest.raises(InvalidInput, match=r"BASE\.\.HEAD"):
        changed_lines(repository, "main")
    with pytest.raises(NotFound, match="nothing in common with nowhere"):
        changed_lines(repository, "nowhere..HEAD")
    with pytest.raises(NotFound, match="--upload-pack"):
        changed_lines(repository, "main..--upload-pack=x")
    with pytest.raises(StateConflict, match="not checked out"):
        changed_lines(repository, "work..main")
