"""Commits are seen whoever makes them, each once, and told apart by how they came."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from patchtrail.capture.commit_diff import commit_diff
from patchtrail.capture.repository import Repository, kind_of
from patchtrail.redaction import Literal, Redactor

PLAIN = Redactor(b"k" * 32, ())


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody with no configuration."""
    command = ["git", "-c", "user.name=T", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def commit(folder: Path, text: str, message: str, name: str = "a.txt") -> None:
    """Write a file and commit it."""
    (folder / name).write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a repository with one commit."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    commit(tmp_path, "one\n", "first")
    return tmp_path


@pytest.fixture
def repository(folder: Path) -> Iterator[Repository]:
    """Watch the repository from here on."""
    watched = Repository(folder)
    yield watched
    watched.close()


def check(repository: Repository, *expected: tuple[str, str]) -> None:
    """Compare the commits seen since the last look, by kind and subject."""
    seen = repository.new_commits()

    assert [(one.kind, str(one.commit.message).split("\n")[0]) for one in seen] == list(expected)
    assert repository.new_commits() == []


def test_several_commits_between_two_looks(folder: Path, repository: Repository) -> None:
    """All commits since the last look are told, oldest first, each once."""
    for number in range(3):
        commit(folder, f"{number}\n", f"step {number}")

    check(repository, ("commit", "step 0"), ("commit", "step 1"), ("commit", "step 2"))


def test_amend(folder: Path, repository: Repository) -> None:
    """An amended commit is told as such, beside the one that it replaces."""
    commit(folder, "two\n", "second")
    git(folder, "commit", "--quiet", "--amend", "--message", "second, better")

    check(repository, ("commit", "second"), ("amend", "second, better"))


def test_merge(folder: Path, repository: Repository) -> None:
    """A merge is told as a merge; a fast-forward and a checkout make no commit."""
    git(folder, "checkout", "--quiet", "-b", "topic")
    commit(folder, "b\n", "on topic", "b.txt")
    git(folder, "checkout", "--quiet", "main")
    commit(folder, "c\n", "on main", "c.txt")
    git(folder, "merge", "--quiet", "--no-edit", "topic")
    git(folder, "checkout", "--quiet", "topic")
    git(folder, "merge", "--quiet", "main")

    check(repository, ("commit", "on topic"), ("commit", "on main"), ("merge", "Merge branch 'topic'"))


def test_rebase(folder: Path, repository: Repository) -> None:
    """A rebased commit is told as such, its start and finish are not commits."""
    git(folder, "checkout", "--quiet", "-b", "topic")
    commit(folder, "b\n", "on topic", "b.txt")
    git(folder, "checkout", "--quiet", "main")
    commit(folder, "c\n", "on main", "c.txt")
    git(folder, "rebase", "--quiet", "main", "topic")

    check(repository, ("commit", "on topic"), ("commit", "on main"), ("rebase", "on topic"))


def test_cherry_pick_and_revert(folder: Path, repository: Repository) -> None:
    """Picked and reverted commits are told apart from written ones."""
    git(folder, "checkout", "--quiet", "-b", "topic")
    commit(folder, "b\n", "on topic", "b.txt")
    git(folder, "checkout", "--quiet", "main")
    git(folder, "cherry-pick", "topic")
    git(folder, "revert", "--no-edit", "HEAD")

    check(repository, ("commit", "on topic"), ("cherry_pick", "on topic"), ("revert", 'Revert "on topic"'))


def test_reset_is_no_commit(folder: Path, repository: Repository) -> None:
    """Moving HEAD back makes nothing new."""
    commit(folder, "two\n", "second")
    git(folder, "reset", "--quiet", "--hard", "HEAD~1")

    check(repository, ("commit", "second"))


def test_initial_commit(tmp_path: Path) -> None:
    """A repository without commits has a first one."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    repository = Repository(tmp_path)
    assert repository.start_commit == ""
    commit(tmp_path, "one\n", "first")

    check(repository, ("initial", "first"))
    repository.close()


def test_without_a_reflog(folder: Path) -> None:
    """Where git keeps no reflog, history tells what is new."""
    git(folder, "config", "core.logAllRefUpdates", "false")
    (folder / ".git/logs/HEAD").unlink()
    repository = Repository(folder)
    commit(folder, "two\n", "second")
    commit(folder, "three\n", "third")

    check(repository, ("commit", "second"), ("commit", "third"))
    repository.close()


def test_a_folder_without_git(tmp_path: Path) -> None:
    """A folder that is no repository has no commits, and no start text."""
    repository = Repository(tmp_path)

    assert (repository.new_commits(), repository.start_text("a"), repository.origin) == ([], None, "")
    assert repository.root == tmp_path


def test_start_text(folder: Path, repository: Repository) -> None:
    """Texts are read at the start commit, whatever happened since."""
    commit(folder, "two\n", "second")

    assert repository.start_text("a.txt") == "one\n"
    assert repository.start_text("missing.txt") is None


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("rebase (pick): x", "rebase"),
        ("rebase -i (squash): x", "rebase"),
        ("pull --rebase (pick): x", "rebase"),
        ("rebase (start): checkout main", None),
        ("rebase (finish): returning to refs/heads/topic", None),
        ("rebase finished: returning to refs/heads/topic", None),
        ("pull: Fast-forward", None),
        ("pull: Merge made by the 'ort' strategy.", "merge"),
        ("merge topic: Fast-forward", None),
        ("commit (merge): x", "merge"),
        ("am: x", "apply"),
        ("checkout: moving from a to b", None),
        ("reset: moving to HEAD~1", None),
        ("clone: from x", None),
    ],
)
def test_kinds(message: str, kind: str | None) -> None:
    """Reflog messages of git's own making are told apart."""
    assert kind_of(message) == kind


def test_commit_diff_applies(folder: Path, repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A commit's diff, in git's format, applies to its parent and gives its tree."""
    (folder / "new.txt").write_text("new\n")
    commit(folder, "one\ntwo\n", "second")
    git(folder, "rm", "--quiet", "new.txt")
    git(folder, "commit", "--quiet", "--message", "third")
    second, third = (commit_diff(seen.commit, PLAIN) for seen in repository.new_commits())
    clone = tmp_path_factory.mktemp("clone")
    git(clone, "clone", "--quiet", str(folder), ".")
    git(clone, "checkout", "--quiet", "HEAD~2")

    for patch in (second, third):
        subprocess.run(["git", "apply", "-"], cwd=clone, input=patch, text=True, check=True)
    assert (clone / "a.txt").read_text() == "one\ntwo\n"


def test_commit_diff_withholds(folder: Path, repository: Repository) -> None:
    """Secrets are replaced; denied, binary and large files are named but not shown."""
    (folder / ".env").write_text("TOKEN=abcdefghijkl\n")
    (folder / "image.bin").write_bytes(b"\0\1\2")
    (folder / "large.txt").write_text("x" * 2_000_000)
    commit(folder, "hello s3cr3tvalue\n", "second")
    redactor = Redactor(b"k" * 32, [Literal("env", "s3cr3tvalue", is_word=False)])
    text = commit_diff(repository.new_commits()[0].commit, redactor)

    assert text.count("# content withheld") == 3
    assert "s3cr3tvalue" not in text
    assert "abcdefghijkl" not in text
    assert "+hello <<redacted:env:" in text


def test_initial_commit_diff(folder: Path) -> None:
    """A first commit's diff adds everything."""
    repository = Repository(folder)
    text = commit_diff(repository._repo.head.commit, PLAIN)
    repository.close()

    assert "new file mode 100644" in text
    assert "+one\n" in text
