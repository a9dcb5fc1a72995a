"""Files beside saves: made, moved and removed, in the editor or on disk; what is left out, and what is too much."""

from __future__ import annotations

import hashlib
import hmac
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.capture.recording import Recording, git, notebook, put, recording, repository

FILES = ("file_edit", "file_create", "file_delete", "file_rename")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Make a repository."""
    return repository(
        tmp_path / "work", {"a.py": "a = 1\n", "lib/b.py": "b = 1\n", "lib/c.py": "c = 1\n", ".gitignore": "*.out\n"}
    )


@pytest.fixture
def session(work: Path, tmp_path: Path) -> Iterator[Recording]:
    """Record in it."""
    with recording(tmp_path / "spool", work) as one:
        yield one


def check(session: Recording, *expected: tuple[str, ...]) -> None:
    """Compare the file events by type, path and evidence, and the replay with the disk."""
    told = session.told(*FILES)

    assert [(one["type"], one["file_path"], one["evidence"]) for one in told] == list(expected)
    assert session.files() == session.on_disk()


def test_a_formatter_outside_of_the_editor(session: Recording, work: Path) -> None:
    """A change that no editor made is an edit from disk, with external evidence and its reasons."""
    put(work / "a.py", "a = 2\n")
    session.changed(work / "a.py")

    check(session, ("file_edit", "a.py", "external"))
    edit = session.told("file_edit")[0]
    assert (edit["seen_by"], edit["authorship"][0]["source"]) == ("disk", "external")
    assert "-a = 1\n+a = 2\n" in edit["diff_unified"]


def test_a_save_is_not_told_twice(session: Recording, work: Path) -> None:
    """The watcher's word of what the editor itself saved adds nothing."""
    session.recorder.opened(work / "a.py", "a = 1\n")
    session.save(work / "a.py", "a = 2\n")
    session.changed(work / "a.py")

    check(session, ("file_edit", "a.py", "unknown"))


def test_a_file_that_is_dirty_in_the_editor(session: Recording, work: Path) -> None:
    """A file changed on disk while it was dirty is an external edit, and the save that overwrites it starts there."""
    session.recorder.opened(work / "a.py", "a = 1\n")
    put(work / "a.py", "a = 'disk'\n")
    session.changed(work / "a.py")
    session.save(work / "a.py", "a = 'editor'\n")

    check(session, ("file_edit", "a.py", "external"), ("file_edit", "a.py", "unknown"))
    assert "-a = 'disk'\n+a = 'editor'\n" in session.told("file_edit")[1]["diff_unified"]


def test_a_rename_on_disk_is_told_by_content(session: Recording, work: Path) -> None:
    """What goes away and appears elsewhere with the same content was renamed."""
    git(work, "mv", "a.py", "lib/moved.py")
    session.changed(work / "a.py", created=(work / "lib/moved.py",))

    check(session, ("file_rename", "a.py", "external"))


def test_folders_are_one_event(session: Recording, work: Path) -> None:
    """A folder that is renamed and then deleted in the editor is one event each."""
    (work / "lib").rename(work / "src")
    session.recorder.renamed([(work / "lib", work / "src")])
    subprocess.run(["rm", "-r", str(work / "src")], check=True)
    session.recorder.deleted([work / "src"])

    check(session, ("file_rename", "lib", "unknown"), ("file_delete", "src", "unknown"))
    assert [one["is_folder"] for one in session.told("file_rename", "file_delete")] == [True, True]


def test_ignored_and_excluded_files_are_left_out(session: Recording, work: Path) -> None:
    """What git ignores, what the settings exclude and what tools fill is neither saved nor found."""
    for name in ("run.out", "debug.log", "node_modules/x.js", ".venv/y.py"):
        put(work / name, "private\n")
        session.changed(created=(work / name,))
    session.recorder.opened(work / "run.out", "private\n")
    session.save(work / "run.out", "more\n")

    assert session.told(*FILES) == []


def test_new_rules_hold_at_once(session: Recording, work: Path) -> None:
    """A file is left out from the moment on that `.gitignore` names it."""
    put(work / "data.txt", "1\n")
    session.changed(created=(work / "data.txt",))
    put(work / ".gitignore", "data.txt\n")
    session.changed(work / ".gitignore")
    put(work / "data.txt", "2\n")
    session.changed(work / "data.txt")

    told = [(one["type"], one["file_path"]) for one in session.told(*FILES)]
    assert told == [("file_create", "data.txt"), ("file_edit", ".gitignore")]


def test_large_binary_and_undecodable_files_are_told_by_keyed_hash(session: Recording, work: Path) -> None:
    """Such a file is a stub: why, how long, and an HMAC under the session's own key."""
    contents = {"large.txt": b"x" * 3_000_000, "image.bin": b"\0\1", "odd.txt": b"caf\xe9\n"}
    for name, content in contents.items():
        put(work / name, content)
        session.changed(created=(work / name,))
        session.changed(work / name)
    key = next(session.spool.glob("trace-*/redact.key")).read_bytes()
    told = session.told("file_create")

    assert [one["withheld"] for one in told] == ["too_large", "binary", "undecodable"]
    assert [one["keyed_hash"] for one in told] == [
        hmac.new(key, content, hashlib.sha256).hexdigest() for content in contents.values()
    ]
    assert [(one["is_replayable"], one["diff_unified"]) for one in told] == [(False, "")] * 3


def test_a_burst_is_one_gap(session: Recording, work: Path) -> None:
    """A checkout of very many files is declared once; each of them brings its base along at its next edit."""
    git(work, "checkout", "-q", "-b", "other")
    paths = [work / f"many/{number}.py" for number in range(300)]
    for path in paths:
        put(path, "x = 1\n")
    session.recorder.changed_on_disk(lambda: ([], paths))
    session.recorder._worker.submit(lambda: session.recorder._keeper._session.files.pending.clock()).result()
    for _ in range(100):
        if session.told("gap"):
            break
        session.recorder.settle().result()
        session.recorder._worker.submit(lambda: __import__("time").sleep(0.05)).result()
    put(paths[7], "x = 2\n")
    session.changed(paths[7])
    gap = session.told("gap")
    edits = session.told(*FILES)

    assert [(one["reason"], one["detail"]) for one in gap] == [("too_many_changes", "300 files")]
    assert [(one["file_path"], one["base_artifact"] is not None) for one in edits] == [("many/7.py", True)]
    assert session.replayed().texts == {"many/7.py": "x = 2\n"}


def test_git_is_named_as_the_cause(session: Recording, work: Path) -> None:
    """What changed together with a checkout says so."""
    git(work, "checkout", "-q", "-b", "other")
    put(work / "a.py", "a = 3\n")
    session.changed(work / "a.py")

    assert "git checkout at that time" in session.told("file_edit")[0]["authorship"][0]["reasons"]


def test_a_file_that_was_dirty_at_the_start(work: Path, tmp_path: Path) -> None:
    """Its first edit from disk starts from what it held when the session started."""
    put(work / "a.py", "a = 'dirty'\n")
    with recording(tmp_path / "spool", work) as session:
        put(work / "a.py", "a = 'changed'\n")
        session.changed(work / "a.py")

        check(session, ("file_edit", "a.py", "external"))
        assert "-a = 'dirty'\n+a = 'changed'\n" in session.told("file_edit")[0]["diff_unified"]


def test_two_roots(tmp_path: Path) -> None:
    """Every allowed folder of the workspace is recorded, each by its own repository; another one is not."""
    shop, api, private = (repository(tmp_path / name, {"x.py": f"{name}\n"}) for name in ("shop", "api", "private"))
    with recording(tmp_path / "spool", shop, api) as session:
        session.recorder.meet(session.recorder._keeper.client, (shop, api, private))
        for folder in (shop, api, private):
            put(folder / "x.py", "new\n")
            session.changed(folder / "x.py")
        git(api, "commit", "-qam", "in api")
        session.command()
        result = session.replayed()

        assert [(one["root"], one["file_path"]) for one in session.told("file_edit")] == [("", "x.py"), ("api", "x.py")]
        assert [(one["root"], one["message"]) for one in session.told("commit")] == [("api", "in api\n")]
        assert session.told("session_start")[0]["roots"][0]["start_commit"] == git(api, "rev-parse", "HEAD~1").strip()
        assert {key: file.text for key, file in result.tree.files.items()} == {
            ("", "x.py"): "new\n",
            ("api", "x.py"): "new\n",
        }


def test_a_root_that_joins_and_leaves(tmp_path: Path) -> None:
    """A folder that is opened while recording brings its files' bases along; closed, it is not recorded any more."""
    shop, api = (repository(tmp_path / name, {"x.py": f"{name}\n"}) for name in ("shop", "api"))
    with recording(tmp_path / "spool", shop) as session:
        keeper = session.recorder._keeper
        session.recorder.configure(keeper.settings.model_copy(update={"folders_allowed": [str(shop), str(api)]}))
        session.recorder.meet(keeper.client, (shop, api))
        session.recorder.opened(api / "x.py", "api\n")
        session.save(api / "x.py", "joined\n")
        session.recorder.meet(keeper.client, (shop,))
        session.save(api / "x.py", "left\n")
        edits = session.told("file_edit")

        assert [(one["root"], one["base_artifact"] is not None) for one in edits] == [("api", True)]
        assert session.replayed().tree.files["api", "x.py"].text == "joined\n"


def test_submodules_and_worktrees(tmp_path: Path) -> None:
    """A file in a submodule starts from its own HEAD, with its base; a linked work tree is a root like any other."""
    inner = repository(tmp_path / "inner", {"deep.py": "deep\n"})
    outer = repository(tmp_path / "outer", {"x.py": "x\n"})
    git(outer, "submodule", "add", "-q", str(inner), "sub")
    git(outer, "commit", "-qm", "with submodule")
    linked = tmp_path / "linked"
    git(outer, "worktree", "add", "-q", str(linked))
    with recording(tmp_path / "spool", outer) as session:
        put(outer / "sub/deep.py", "deeper\n")
        session.changed(outer / "sub/deep.py")
        edit = session.told("file_edit")[0]

        assert (edit["file_path"], edit["base_artifact"] is not None) == ("sub/deep.py", True)
        assert "-deep\n+deeper\n" in edit["diff_unified"]
        assert session.replayed().texts == {"sub/deep.py": "deeper\n"}
    with recording(tmp_path / "spool2", linked) as session:
        put(linked / "x.py", "y\n")
        session.changed(linked / "x.py")
        git(linked, "commit", "-qam", "linked")
        session.command()

        assert [one["message"] for one in session.told("commit")] == ["linked\n"]
        assert session.told("file_edit")[0]["base_artifact"] is None


def nested_gaps(session: Recording) -> list[str]:
    """Return which nested repositories were declared."""
    return [gap["detail"] for gap in session.told("gap") if gap["reason"] == "nested_repository"]


def test_commits_in_nested_repositories(tmp_path: Path) -> None:
    """A commit in a submodule or a nested clone is declared as a gap, once for each; a checkout there is none."""
    inner = repository(tmp_path / "inner", {"deep.py": "deep\n"})
    outer = repository(tmp_path / "outer", {"x.py": "x\n"})
    git(outer, "submodule", "add", "-q", str(inner), "sub")
    git(outer, "commit", "-qm", "with submodule")
    clone = repository(outer / "vendor/clone", {"y.py": "y\n"})
    age_reflog(clone)
    with recording(tmp_path / "spool", outer) as session:
        git(outer / "sub", "checkout", "-q", "-b", "other")
        session.command()
        assert nested_gaps(session) == []

        git(outer / "sub", "commit", "-q", "--allow-empty", "-m", "inside")
        session.command()
        git(outer / "sub", "commit", "-q", "--allow-empty", "-m", "again")
        session.command()
        assert nested_gaps(session) == ["sub"]

        session.recorder.pause().result()
        git(clone, "commit", "-q", "--allow-empty", "-m", "nobody's business")
        age_reflog(clone)
        session.recorder.resume().result()
        session.command(clone)
        assert nested_gaps(session) == ["sub"]

        git(clone, "commit", "-q", "--allow-empty", "-m", "told")
        session.command(clone)
        assert nested_gaps(session) == ["sub", "vendor/clone"]
        assert session.told("commit") == []


def test_a_nested_repository_that_was_not_known(tmp_path: Path) -> None:
    """A nested clone that is met only after the commit in it is declared too; one outside of the roots is not."""
    outer = repository(tmp_path / "outer", {"x.py": "x\n"})
    clones = [repository(folder, {"y.py": "y\n"}) for folder in (outer / "clone", tmp_path / "elsewhere")]
    for clone in clones:
        age_reflog(clone)
    with recording(tmp_path / "spool", outer) as session:
        for clone in clones:
            git(clone, "commit", "-q", "--allow-empty", "-m", "inside")
        put(outer / "clone/y.py", "z\n")
        session.changed(outer / "clone/y.py")
        session.command(outer / "clone")

        assert nested_gaps(session) == ["clone"]


def age_reflog(folder: Path) -> None:
    """Date what was done in a repository back."""
    log = folder / ".git/logs/HEAD"
    log.write_text(re.sub(r"> \d+ ", "> 1700000000 ", log.read_text()))


def test_a_notebook_on_disk_is_compared_by_cell(tmp_path: Path) -> None:
    """Cells edited, added, moved and removed by a tool replay to the notebook's sources, without its outputs."""
    work = repository(tmp_path / "work", {"n.ipynb": notebook("x = 1", "y = 2", "z = 3")})
    stages = [("x = 1", "y = 20", "z = 3"), ("new = 0", "x = 1", "y = 20"), ("y = 20",), (), ("a", "b")]
    with recording(tmp_path / "spool", work) as session:
        for ids in (True, False):
            for sources in stages:
                put(work / "n.ipynb", notebook(*sources, ids=ids))
                session.changed(work / "n.ipynb")
                cells = session.replayed().notebooks["", "n.ipynb"]

                assert [cell.source for cell in cells] == list(sources)
                assert session.replayed().findings == []
        told = session.told(*FILES)

    assert all(one["cell"] for one in told)
    assert "private" not in str(told)
    assert {one["type"] for one in told} == {"file_edit", "file_create", "file_delete"}


def test_a_notebook_after_a_pause(tmp_path: Path) -> None:
    """After a pause a notebook's next edit brings all its cells along."""
    work = repository(tmp_path / "work", {"n.ipynb": notebook("x = 1", "y = 2")})
    with recording(tmp_path / "spool", work) as session:
        session.recorder.pause().result()
        put(work / "n.ipynb", notebook("secret work", "y = 2"))
        session.recorder.resume().result()
        put(work / "n.ipynb", notebook("secret work", "y = 3"))
        session.changed(work / "n.ipynb")
        cells = session.replayed().notebooks["", "n.ipynb"]

        assert [cell.source for cell in cells] == ["secret work", "y = 3"]
        assert session.told("file_edit")[0]["base_artifact"]["media_type"] == "application/x-ipynb+json"
