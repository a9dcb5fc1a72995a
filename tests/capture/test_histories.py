"""Whatever is saved, created, deleted and renamed, by the editor or on disk: the trace replays to the very bytes."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.capture.recording import Recording, git, put, recording, repository

START = {
    "a.txt": "one\ntwo\nthree\n",
    "b.txt": "x\r\ny\r\n",
    "lib/c.txt": "\ufeffmarked\n",
    "lib/deep/d.txt": "no end",
    "latin.txt": "caf\xe9\n".encode("cp1252"),
    "feed.txt": "a\x0cb\u2028c\n",
}
NAMES = (
    "a.txt",
    "b.txt",
    "lib/c.txt",
    "lib/deep/d.txt",
    "latin.txt",
    "feed.txt",
    "new.txt",
    "lib/new.txt",
    "m/e.txt",
)
FOLDERS = ("lib", "lib/deep", "m", "other")
PIECES = ("a", "b", "c\xe9", "\n", "\n", "\r\n", "\r", "\x0c", "\u2028", "\U0001f600", "\ufeff", " ", "")
TEXTS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
ENCODINGS = st.sampled_from(["utf-8", "utf-8", "marked", "utf-16", "cp1252"])
NAMED, FOLDER = st.sampled_from(NAMES), st.sampled_from(FOLDERS)

STEPS = st.one_of(
    st.tuples(st.just("save"), NAMED, st.one_of(TEXTS, TEXTS.map(lambda text: text + "\ud800")), ENCODINGS),
    st.tuples(st.just("write"), NAMED, TEXTS.map(str.encode)),
    st.tuples(st.just("write"), NAMED, st.sampled_from([b"\0\1\2", b"caf\xe9\n", "\ufeffwide".encode("utf-16-le")])),
    st.tuples(st.just("remove"), st.one_of(NAMED, FOLDER)),
    st.tuples(st.just("move"), NAMED, NAMED),
    st.tuples(st.just("move"), FOLDER, FOLDER),
    st.tuples(st.just("editor_create"), NAMED),
    st.tuples(st.just("editor_delete"), st.one_of(NAMED, FOLDER)),
    st.tuples(st.just("editor_rename"), NAMED, NAMED),
    st.tuples(st.just("editor_rename"), FOLDER, FOLDER),
    st.tuples(
        st.just("pause"),
    ),
)


class History:
    """Does one step after the other, and tells of each as a client does."""

    def __init__(self, session: Recording) -> None:
        self.session, self.root = session, session.folders[0]

    def save(self, name: str, text: str, encoding: str) -> None:
        """Save a document; a lone surrogate is written as the replacement character."""
        path = self.root / name
        if path.is_dir() or path.parent.is_file():
            return
        sound = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        marked = {"marked": ("\ufeff", "utf-8"), "utf-16": ("\ufeff", "utf-16-le")}.get(encoding, ("", encoding))
        content = (marked[0] + sound).encode(marked[1], "replace")
        if path.exists():
            self.session.recorder.opened(path, path.read_bytes().decode("utf-8", "replace").removeprefix("\ufeff"))
        # What the encoding cannot say the editor shows as it wrote it.
        self.session.save(path, content.decode(marked[1])[len(marked[0]) :], content)

    def write(self, name: str, content: bytes) -> None:
        """Write a file behind the editor's back."""
        path = self.root / name
        if path.is_dir() or any(one.is_file() for one in path.parents):
            return
        is_new = not path.exists()
        put(path, content)
        self.session.changed(*([] if is_new else [path]), created=(path,) if is_new else ())

    def remove(self, name: str) -> None:
        """Delete a file or a folder behind the editor's back."""
        if self._removed(name):
            self.session.changed(self.root / name)

    def move(self, old: str, new: str) -> None:
        """Rename behind the editor's back."""
        if self._moved(old, new):
            self.session.changed(self.root / old, created=(self.root / new,))

    def editor_create(self, name: str) -> None:
        """Make an empty file in the editor."""
        path = self.root / name
        if not path.exists() and not any(one.is_file() for one in path.parents):
            put(path, b"")
            self.session.recorder.created([path])

    def editor_delete(self, name: str) -> None:
        """Delete in the editor."""
        if self._removed(name):
            self.session.recorder.deleted([self.root / name])

    def editor_rename(self, old: str, new: str) -> None:
        """Rename in the editor."""
        if self._moved(old, new):
            self.session.recorder.renamed([(self.root / old, self.root / new)])

    def pause(self) -> None:
        """Pause and go on; nothing happens meanwhile."""
        self.session.recorder.pause().result()
        self.session.recorder.resume().result()

    def _removed(self, name: str) -> bool:
        path = self.root / name
        if path.is_dir():
            shutil.rmtree(path)
        elif path.is_file():
            path.unlink()
        else:
            return False
        return True

    def _moved(self, old: str, new: str) -> bool:
        source, target = self.root / old, self.root / new
        if not source.exists() or target.exists() or any(one.is_file() for one in target.parents):
            return False
        if target.is_relative_to(source):
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
        return True


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the repository once."""
    return repository(tmp_path_factory.mktemp("template") / "work", dict(START))


@settings(
    max_examples=40, phases=[Phase.explicit, Phase.generate], deadline=None, suppress_health_check=list(HealthCheck)
)
@given(steps=st.lists(STEPS, min_size=1, max_size=12))
def test_any_history_replays_to_the_bytes_on_disk(template: Path, steps: list[tuple[str, ...]]) -> None:
    """After any history the replay has every file that is there, with its bytes, and no other."""
    with tempfile.TemporaryDirectory() as place:
        work = Path(place).resolve() / "work"
        shutil.copytree(template, work)
        git(work, "status")
        with recording(Path(place) / "spool", work) as session:
            history = History(session)
            for name, *arguments in steps:
                getattr(history, name)(*arguments)
                session.recorder.settle().result()
            session.command()
            session.recorder.end().result()

            assert session.recorder.failures == 0
            unknown = {path for _, path in session.replayed().tree.unknown}
            expected = {name: content for name, content in session.on_disk().items() if name not in unknown}
            assert session.files() == expected
