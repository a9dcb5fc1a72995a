"""The base snapshot of a session: what is in it, when there is one, and that the trace replays on it alone."""

from __future__ import annotations

import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from patchtrail.study import CONSENT, Consent
from patchtrail.trace.file_tree import FileTree
from tests.capture.recording import FACTS, Recording, git, put, recording, repository
from tests.capture.test_histories import NAMED, STEPS, TEXTS, History

SECRET = "zq8Kf0vLx2Ts9Wp4"
LINE = f'password = "{SECRET}"\n'
START: dict[str, str | bytes] = {
    "a.txt": f"one\n{LINE}three\n",
    "b.txt": f"x\r\n{LINE}y\r\n",
    "lib/c.txt": "\ufeffmarked\n",
    "lib/deep/d.txt": f"{LINE}no end",
    "latin.txt": f"caf\xe9\n{LINE}".encode("cp1252"),
    "feed.txt": "a\x0cb\u2028c\n",
    "untouched/conf.py": LINE,
    "untouched/nombr\u00e9 \u6570.txt": "quiet\n",
    "run.sh": "#!/bin/sh\n",
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the repository once."""
    folder = tmp_path_factory.mktemp("template") / "work"
    put(folder / "run.sh", b"")
    (folder / "run.sh").chmod(0o755)
    return repository(folder, START)


@pytest.fixture
def work(tmp_path: Path, template: Path) -> Path:
    """Return a repository of one's own."""
    shutil.copytree(template, tmp_path / "work")
    git(tmp_path / "work", "status")
    return tmp_path / "work"


def until(is_so: Callable[[], object]) -> None:
    """Wait for the recorder's pulse; in vain for half a minute it is a failure."""
    for _ in range(600):
        if is_so():
            return
        time.sleep(0.05)
    raise AssertionError("it never was so")


def is_ready(session: Recording) -> bool:
    """Return whether the snapshot is there."""
    standing = session.recorder.state.base_snapshot
    return standing is not None and standing.is_ready


def agree(session: Recording, *, is_base_agreed: bool) -> None:
    """Say whether the snapshot may be sent."""
    session.recorder.report_facts(FACTS.model_copy(update={"is_base_agreed": is_base_agreed})).result()


def bytes_below(folder: Path) -> bytes:
    """Return everything that a spool holds."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def ended(session: Recording) -> FileTree | None:
    """End the session, and return what its end names."""
    session.recorder.end().result()
    return session.snapshot()


@settings(
    max_examples=25, phases=[Phase.explicit, Phase.generate], deadline=None, suppress_health_check=list(HealthCheck)
)
@given(
    steps=st.lists(
        st.one_of(
            STEPS, st.tuples(st.just("save"), NAMED, TEXTS.map(lambda text: f"{text}\n{LINE}"), st.just("utf-8"))
        ),
        max_size=10,
    )
)
def test_the_trace_replays_on_the_snapshot_as_on_the_repository(template: Path, steps: list[tuple[str, ...]]) -> None:
    """Whatever was done, with secrets in touched files, in others, or in both: the same files, and no fault."""
    with tempfile.TemporaryDirectory() as place:
        work = Path(place).resolve() / "work"
        shutil.copytree(template, work)
        git(work, "status")
        with recording(Path(place) / "spool", work, is_base_agreed=True) as session:
            history = History(session)
            for name, *arguments in steps:
                getattr(history, name)(*arguments)
                session.recorder.settle().result()
            session.command()
            snapshot = ended(session)

            assert snapshot is not None
            there, here = session.replayed(), session.replayed_on(snapshot)
            assert here.findings == there.findings
            assert here.tree.files == there.tree.files
            assert here.notebooks == there.notebooks
            assert SECRET.encode() not in b"".join(snapshot.files.values())


def test_what_is_in_it(work: Path, tmp_path: Path) -> None:
    """Every file of the start commit as it is there, secrets replaced as in the edits, and bits that make programs."""
    put(work / "a.txt", "changed before the session, and never committed\n")
    put(work / "new.txt", "never added\n")
    with recording(tmp_path / "spool", work, is_base_agreed=True) as session:
        session.save(work / "untouched/conf.py", f"{LINE}x = 1\n")
        snapshot = ended(session)
        edit = session.told("file_edit")[0]

    assert snapshot is not None
    assert set(snapshot.files) == set(START)
    assert snapshot.redacted == {name for name, content in START.items() if SECRET in str(content)}
    assert (snapshot.executable, snapshot.left_out) == ({"run.sh"}, ())
    as_they_are = set(START) - snapshot.redacted
    raw = {name: content if isinstance(content, bytes) else content.encode() for name, content in START.items()}
    assert {name: snapshot.files[name] for name in as_they_are} == {name: raw[name] for name in as_they_are}
    assert snapshot.files["latin.txt"].startswith(b"caf\xe9\n")
    assert snapshot.files["b.txt"].endswith(b"\ny\r\n")
    assert edit["diff_unified"].splitlines()[3] == " " + snapshot.files["untouched/conf.py"].decode().rstrip()


def test_without_the_agreement_there_is_none(work: Path, tmp_path: Path) -> None:
    """Consent to record is not enough, and neither is a text that does not cover it."""
    with recording(tmp_path / "spool", work) as session:
        session.save(work / "feed.txt", "a\n")
        assert ended(session) is None
        assert session.recorder.state.base_snapshot is None
    assert b"quiet" not in bytes_below(tmp_path / "spool")

    earlier = Consent("x", CONSENT.text + "\n", frozenset({"session"}))
    with recording(tmp_path / "other", work, consent=earlier, is_base_agreed=True) as session:
        assert ended(session) is None
    assert list(tmp_path.glob("other/trace-*/artifacts/*")) == []


def test_a_mind_that_is_changed(work: Path, tmp_path: Path) -> None:
    """Turned off while recording, nothing of it stays and the end names none; turned on again, it is made again."""
    with recording(tmp_path / "spool", work, is_base_agreed=True) as session:
        until(lambda: is_ready(session))
        assert len(session.artifacts()) == 1
        agree(session, is_base_agreed=False)
        assert (session.artifacts(), session.recorder.state.base_snapshot) == ({}, None)
        agree(session, is_base_agreed=True)
        until(lambda: is_ready(session))
        agree(session, is_base_agreed=False)
        assert ended(session) is None
        assert session.artifacts() == {}


def test_agreed_to_at_the_last_moment(work: Path, tmp_path: Path) -> None:
    """An end waits for a snapshot that is only being made."""
    with recording(tmp_path / "spool", work) as session:
        agree(session, is_base_agreed=True)
        snapshot = ended(session)

    assert snapshot is not None
    assert set(snapshot.files) == set(START)


def test_paused_none_is_made_and_a_finished_one_stays(work: Path, tmp_path: Path) -> None:
    """During a pause nothing is read; a session that ends paused names what was there before."""
    with recording(tmp_path / "early", work, is_base_agreed=True) as session:
        session.recorder.pause().result()
        assert ended(session) is None
        assert session.artifacts() == {}
    with recording(tmp_path / "late", work, is_base_agreed=True) as session:
        until(lambda: is_ready(session))
        session.recorder.pause().result()
        assert ended(session) is not None


def test_a_secret_of_a_file_that_was_recorded_before_it_was_known(tmp_path: Path) -> None:
    """A snapshot that would contradict the trace is not sent; one whose files were not touched is."""
    work = repository(tmp_path / "work", {"a.py": "door = 'open-sesame-42'\n", "b.py": "door = 'open-sesame-42'\n"})
    for name, has_one in (("untouched.py", True), ("a.py", False)):
        git(work, "checkout", "-q", ".")
        (work / ".env").unlink(missing_ok=True)
        with recording(tmp_path / name, work, is_base_agreed=True) as session:
            path = work / name
            until(lambda session=session: is_ready(session))
            session.save(path, (path.read_text() if path.exists() else "") + "x = 1\n")
            session.recorder.settle().result()
            put(work / ".env", "DOOR=open-sesame-42\n")
            session.command()
            snapshot = ended(session)
            assert session.replayed().errors == []

        assert (snapshot is not None) == has_one
        assert snapshot is None or snapshot.redacted == {"a.py", "b.py"}
        assert snapshot is None or b"sesame" not in b"".join(snapshot.files.values())


def test_what_is_left_out_is_named(tmp_path: Path) -> None:
    """Files that hold secrets, excluded ones, links, submodules, too large ones, binary ones with a secret in them."""
    inner = repository(tmp_path / "inner", {"x.py": "x\n"})
    files: dict[str, str | bytes] = {
        ".env.example": "A=b\n",
        "keys/id_rsa": "k\n",
        "server.pem": "p\n",
        "run.log": "l\n",
        "a.py": "a\n",
        "node_modules/m.js": "m\n",
        ".patchtrail/traces/t.json": "t\n",
        "big.txt": "x" * (3 << 20),
        "big.bin": b"\0" * (9 << 20),
        "some.bin": b"\0" * (3 << 20),
        "db.bin": b"\0\1open-sesame-42\0",
        "Readme": "1\n",
        "README": "2\n",
    }
    work = repository(tmp_path / "work", files)
    put(work / ".env", "DOOR=open-sesame-42\n")
    (work / "link").symlink_to("a.py")
    git(work, "submodule", "-q", "add", inner.as_uri(), "vendor")
    git(work, "add", "link")
    git(work, "commit", "-qm", "more")
    with recording(tmp_path / "spool", work, is_base_agreed=True) as session:
        snapshot = ended(session)

    assert snapshot is not None
    assert set(snapshot.files) == {".gitmodules", "README", "a.py", "some.bin"}
    assert set(snapshot.left_out) == {*files, "link", "vendor"} - set(snapshot.files)


def test_only_what_is_recorded(tmp_path: Path) -> None:
    """In a session on a part of a repository, the rest of it is left out; its names are not told."""
    work = repository(tmp_path / "work", {"api/a.py": "a\n", "apis/b.py": "b\n", "secret-plans.md": "c\n"})
    with recording(tmp_path / "spool", work / "api", is_base_agreed=True) as session:
        snapshot = ended(session)

    assert snapshot is not None
    assert set(snapshot.files) == {"api/a.py"}
    assert snapshot.left_out == ("(what lies outside of the recorded folders)",)
    assert b"secret-plans" not in bytes_below(tmp_path / "spool")


def test_a_folder_without_commits(tmp_path: Path) -> None:
    """There is none, and the state says why."""
    (tmp_path / "work").mkdir()
    with recording(tmp_path / "spool", tmp_path / "work", is_base_agreed=True) as session:
        until(lambda: session.recorder.state.base_snapshot and session.recorder.state.base_snapshot.problem)
        assert "no commit" in session.recorder.state.base_snapshot.problem
        assert ended(session) is None


def test_too_many_files(tmp_path: Path) -> None:
    """A commit beyond the caps is not read at all; the state says how large it is."""
    work = repository(tmp_path / "work", {"a": "a\n"})
    sha = git(work, "rev-parse", "HEAD:a").strip()
    lines = "".join(f"100644 blob {sha}\tf{n:05}\n" for n in range(20_001))
    subprocess.run(["git", "update-index", "--index-info"], cwd=work, input=lines, text=True, check=True)
    git(work, "commit", "-qm", "many")
    with recording(tmp_path / "spool", work, is_base_agreed=True) as session:
        until(lambda: session.recorder.state.base_snapshot and session.recorder.state.base_snapshot.problem)
        assert "20002 files" in session.recorder.state.base_snapshot.problem
        assert ended(session) is None


def test_an_object_that_is_missing(tmp_path: Path) -> None:
    """Where git lacks a file of the commit nothing is fetched for it: there is none, and recording goes on."""
    work = repository(tmp_path / "work", {"a": "a\n", "b": "b\n"})
    sha = git(work, "rev-parse", "HEAD:b").strip()
    (work / ".git/objects" / sha[:2] / sha[2:]).unlink()
    with recording(tmp_path / "spool", work, is_base_agreed=True) as session:
        until(lambda: session.recorder.state.base_snapshot and session.recorder.state.base_snapshot.problem)
        session.save(work / "a", "aa\n")
        assert ended(session) is None
        assert len(session.told("file_edit")) == 1


def test_nothing_is_fetched(tmp_path: Path) -> None:
    """In a clone that lacks its files git would ask its remote for them; here it does not."""
    origin = repository(tmp_path / "origin", {"a": "a\n", "b": "b\n"})
    git(origin, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=blob:none", "--no-checkout", origin.as_uri(), "work")
    count = git(tmp_path / "work", "count-objects", "-v")
    with recording(tmp_path / "spool", tmp_path / "work", is_base_agreed=True) as session:
        until(lambda: session.recorder.state.base_snapshot and session.recorder.state.base_snapshot.problem)
        assert "cannot read" in session.recorder.state.base_snapshot.problem

    assert git(tmp_path / "work", "count-objects", "-v") == count


def test_a_spool_without_room_to_spare(tmp_path: Path) -> None:
    """A snapshot never takes the room that recording needs: there is none, and recording goes on."""
    work = repository(tmp_path / "work", {"a": "a\n", "noise.bin": b"\0" + random.Random(1).randbytes(150_000)})
    with recording(tmp_path / "spool", work, is_base_agreed=True, cap_bytes=180_000) as session:
        until(lambda: session.recorder.state.base_snapshot and session.recorder.state.base_snapshot.problem)
        assert "room" in session.recorder.state.base_snapshot.problem
        session.save(work / "a", "aa\n")
        assert ended(session) is None
        assert len(session.told("file_edit")) == 1


def test_forgetting_leaves_it(work: Path, tmp_path: Path) -> None:
    """The start commit lies before everything that is forgotten: the snapshot stays, and the end names it."""
    with recording(tmp_path / "spool", work, is_base_agreed=True) as session:
        until(lambda: is_ready(session))
        session.save(work / "feed.txt", "a\n" * 40_000)
        session.recorder.settle().result()
        session.recorder.forget(60).result()
        snapshot = ended(session)
        kept = session.artifacts()

    assert snapshot is not None
    assert len(kept) == 1
