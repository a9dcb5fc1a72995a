"""Patterns shared by two working copies through a real collector: pulled, pushed, and never written over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from typer.testing import CliRunner

from patchtrail.cli.app import app
from patchtrail.cli.learn_shared import push
from patchtrail.contract.learning import Pattern, PatternFile
from patchtrail.learning import PatternLibrary
from tests.collector.open_clients import DEV_TOKEN, dev_collector
from tests.delivery.fakes import RunningCollector
from tests.learning.patterns import pattern_of

SECRET = "planted-4711-hunter2"


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    """Run a development collector."""
    with dev_collector(tmp_path_factory.mktemp("shared"), is_durable=False) as running:
        yield running


class Copy:
    """One person's working copy, and the library that it shares."""

    def __init__(self, folder: Path, collector: RunningCollector, library: str) -> None:
        self.file = folder / "patterns.json"
        self.collector = collector
        self.library = library
        self.options = ["--library", library, "--patterns-file", str(self.file), "--collector", collector.url]
        folder.mkdir()

    def run(self, verb: str, *words: str, code: int = 0, token: str = DEV_TOKEN) -> str:
        """Pull or push; return all that was said."""
        arguments = ["learn", "patterns", verb, *words, *self.options, "--token", token]
        result = CliRunner(env={"COLUMNS": "500"}).invoke(app, arguments)
        assert result.exit_code == code, result.output
        return result.output

    def put(self, *patterns: Pattern) -> None:
        """Write patterns into the file here."""
        library = PatternLibrary(self.file)
        for one in patterns:
            library.put(one)
        library.save_patterns()

    def change(self, name: str, **fields: object) -> None:
        """Change one pattern here."""
        self.put(self.get(name).model_copy(update=fields))

    def get(self, name: str) -> Pattern:
        """Read one pattern here."""
        found = PatternLibrary(self.file).get_pattern_by_name(name)
        assert found is not None
        return found

    def names(self) -> list[str]:
        """Read the names here."""
        return sorted(one.name for one in PatternLibrary(self.file).get_all_patterns())


@pytest.fixture
def copies(tmp_path: Path, collector: RunningCollector, request: pytest.FixtureRequest) -> tuple[Copy, Copy]:
    """Make two working copies that share one pattern already, in a library of their own."""
    library = request.node.name.removeprefix("test_").replace("[", "-").rstrip("]")[:64]
    ada, bo = (Copy(tmp_path / name, collector, library) for name in ("ada", "bo"))
    ada.put(pattern_of("shared", occurrence_frequency=3, good_example="first"))
    assert "shared: pushed, draft." in ada.run("push")
    assert "shared: pulled, draft." in bo.run("pull")
    return ada, bo


def test_what_one_learns_the_other_gets(copies: tuple[Copy, Copy]) -> None:
    """New patterns, approvals and counts of both arrive at both; what else stands in a file stays; nothing is twice."""
    ada, bo = copies
    document = json.loads(bo.file.read_text())
    bo.file.write_text(json.dumps({**document, "owner": "bo"}))
    ada.put(pattern_of("of_ada"))
    ada.change("shared", occurrence_frequency=5, approved_at="2026-01-02T03:04:05")
    bo.put(pattern_of("of_bo"))
    bo.change("shared", occurrence_frequency=4)

    assert "revision 2, 2 patterns" in ada.run("push")
    assert "revision 3, 3 patterns" in bo.run("push")
    bo.run("pull")
    ada.run("pull")
    for copy in copies:
        assert copy.names() == ["of_ada", "of_bo", "shared"]
        assert (copy.get("shared").occurrence_frequency, copy.get("shared").approved_at) == (6, "2026-01-02T03:04:05")
        assert copy.run("pull") == copy.run("push") == "Nothing changed.\n"
    assert json.loads(bo.file.read_text())["owner"] == "bo"


def test_a_conflict_is_named_and_left(copies: tuple[Copy, Copy]) -> None:
    """Where both changed a text neither is written over, again and again, until somebody says whose it is to be."""
    ada, bo = copies
    ada.change("shared", good_example="of ada")
    bo.change("shared", good_example="of bo")
    bo.put(pattern_of("of_bo"))
    ada.run("push")
    words = "shared: left as it is, its text differs on both sides."

    assert words in bo.run("push", code=1)
    assert words in bo.run("pull", code=1)
    assert words in bo.run("push", code=1)
    assert bo.get("shared").good_example == "of bo"
    ada.run("pull")
    assert (ada.get("shared").good_example, ada.names()) == ("of ada", ["of_bo", "shared"])
    bo.run("push", "--take", "shared")
    ada.run("pull")
    assert ada.get("shared").good_example == "of bo"


def test_the_collectors_text_can_be_taken(copies: tuple[Copy, Copy]) -> None:
    """`pull --take` takes the other text, and from then on nothing is left to ask."""
    ada, bo = copies
    ada.change("shared", good_example="of ada")
    bo.change("shared", good_example="of bo")
    ada.run("push")
    bo.run("pull", "--take", "shared")

    assert bo.get("shared").good_example == "of ada"
    assert bo.run("push") == "Nothing changed.\n"


def test_what_is_archived_here_stays_so(copies: tuple[Copy, Copy]) -> None:
    """A pattern that somebody put away does not come back by a pull; `push --take` puts it away for all."""
    ada, bo = copies
    library = PatternLibrary(bo.file)
    library.archive("shared", "of no use")
    library.save_patterns()
    ada.change("shared", good_example="better")
    ada.run("push")

    assert "shared: left as it is, it is archived, and stays so." in bo.run("pull", code=1)
    assert bo.get("shared").state == "archived"
    bo.run("push", "--take", "shared")
    ada.run("pull")
    assert (ada.get("shared").state, ada.get("shared").decisions[-1].reason) == ("archived", "of no use")


def test_pushes_at_once_lose_nothing(copies: tuple[Copy, Copy]) -> None:
    """Two that push at the same time both arrive: who is late reads again, and takes its changes in."""
    for copy, name in zip(copies, ("of_ada", "of_bo"), strict=True):
        copy.put(pattern_of(name))
        copy.change("shared", occurrence_frequency=4)
    ada, bo = copies
    with ThreadPoolExecutor(2) as writers:
        list(writers.map(lambda one: push(one.library, None, one.file, one.collector.url, DEV_TOKEN), (ada, bo)))

    ada.run("pull")
    assert ada.names() == ["of_ada", "of_bo", "shared"]
    assert ada.get("shared").occurrence_frequency == 5


def test_a_secret_does_not_leave(copies: tuple[Copy, Copy], monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern that holds a secret of this machine is not pushed, and it is said where it stands."""
    ada, _ = copies
    monkeypatch.setenv("SHOP_API_KEY", SECRET)
    ada.put(pattern_of("of_ada", bad_example=f"connect({SECRET!r})"))
    told = ada.run("push", code=2)

    assert "'of_ada' holds what looks like a secret at bad_example" in told
    assert SECRET not in told


def test_refusals_say_what_to_do(copies: tuple[Copy, Copy], tmp_path: Path) -> None:
    """A wrong token, a device's, a name that is a path, a library that is not there, a broken memory: each is named."""
    ada, bo = copies
    before = ada.file.read_bytes()
    ada.put(pattern_of("of_ada"))
    device = ada.collector.enrol().device_token

    assert "needs the server's token" in ada.run("push", code=2, token=device)
    assert bo.run("pull", token=device) == "Nothing changed.\n"
    assert "not known here" in ada.run("push", code=2, token="wrong")
    for name in ("../keys", "a/b", "A", ""):
        elsewhere = Copy(tmp_path / f"other-{len(name)}-{name.isupper()}", ada.collector, name)
        assert "names no library" in elsewhere.run("pull", code=2)
    assert "There is no library nothing" in Copy(tmp_path / "none", ada.collector, "nothing").run("pull", code=2)
    (memory,) = (bo.file.parent / ".patchtrail").glob("shared-*.json")
    memory.write_text("{}")
    assert "delete it" in bo.run("pull", code=2)
    assert bo.file.read_bytes() == before


def test_a_hostile_collector_slips_nothing_in(tmp_path: Path, collector: RunningCollector) -> None:
    """A state that no decision tells is not believed, whoever serves it."""
    undecided = pattern_of("slipped", state="active")
    copy = Copy(tmp_path / "copy", collector, "hostile")
    copy.put(pattern_of("fine"))
    copy.run("push")
    content = PatternFile(patterns=[undecided]).model_dump_json().encode()
    collector.service.database.write(
        lambda connection: connection.exec_driver_sql(
            "UPDATE pattern_revisions SET content = ? WHERE library = 'hostile'", (content,)
        )
    ).result()

    assert "is active, and by its decisions it is draft" in copy.run("pull", code=2)
    assert copy.names() == ["fine"]
