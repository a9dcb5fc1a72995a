"""The example sessions as chunks of the open protocol."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from open_client import base_snapshot
from patchtrail.contract.open_protocol import NOTE_FIELDS, OpenChunk, OpenTraceRequest
from patchtrail.redaction import Redactor
from patchtrail.text import apply
from patchtrail.trace.base_snapshot import read_base
from three_sessions.recording import differing, played, write
from three_sessions.signing import tree_of
from three_sessions.story import EXAMPLES, NAMES, folder_of, read_story


@dataclass(frozen=True)
class Facts:
    """What is promised of a session."""

    events: int
    chunks: int
    seconds: float
    edited: int
    exit_codes: tuple[int, ...]
    is_committed: bool


FACTS = {
    "sample": Facts(10, 3, 65, 1, (1, 0), True),
    "complex": Facts(24, 4, 230, 3, (1, 1, 1, 0), True),
    "failed": Facts(16, 3, 150, 2, (1, 1, 1), False),
}


def chunks_of(name: str) -> list[dict]:
    """Read a session's chunks."""
    return [json.loads(path.read_bytes()) for path in sorted(folder_of(name).glob("chunk-*.json"))]


def events_of(name: str) -> list[dict]:
    """Read a session's events."""
    return [event for chunk in chunks_of(name) for event in chunk["events"]]


@pytest.mark.parametrize("name", NAMES)
def test_played_again_the_same_comes_out(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Real edits, commands, tests and commits give the chunks that are kept, save for how long they took."""
    story = read_story(folder_of(name))
    written = played(story, tmp_path)
    if request.config.getoption("--update"):
        write(story.folder, written)

    assert differing(story.folder, written) == []


def test_another_repository_gives_other_chunks(tmp_path: Path) -> None:
    """What the tests say is the repository's own doing, and a changed file is another start commit."""
    story = read_story(folder_of("sample"))
    folder = tmp_path / "changed"
    (folder / "repository").parent.mkdir()
    for path, content in tree_of(story.repository).files.items():
        (folder / "repository" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "repository" / path).write_bytes(
            content.replace(b"with_tax(200, 19) == 238", b"with_tax(200, 19) == 239")
        )
    (folder / "session.toml").write_bytes((story.folder / "session.toml").read_bytes())
    work = tmp_path / "work"
    work.mkdir()
    written = played(read_story(folder), work)

    assert differing(story.folder, written) == ["chunk-000.json", "chunk-001.json", "chunk-002.json", "create.json"]
    assert '"failed": 4' in written["chunk-000.json"]


@pytest.mark.parametrize("name", NAMES)
def test_a_session_is_as_long_as_it_says_and_ends_as_it_says(name: str) -> None:
    """Events, chunks, seconds, files edited, test runs and commit are those that were promised."""
    events = events_of(name)

    assert FACTS[name] == Facts(
        events=len(events),
        chunks=len(chunks_of(name)),
        seconds=events[-1]["ts_client_s"] - events[0]["ts_client_s"],
        edited=len({event["file_path"] for event in events if event["type"] == "file_edit"}),
        exit_codes=tuple(event["exit_code"] for event in events if event["type"] == "test_run"),
        is_committed=any(event["type"] == "commit" for event in events),
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_chunks_have_the_published_shape(name: str) -> None:
    """Bodies are what the open protocol takes, numbered without a hole; notes use the published fields alone."""
    OpenTraceRequest.model_validate_json((folder_of(name) / "create.json").read_bytes())
    chunks, events = chunks_of(name), events_of(name)
    for chunk in chunks:
        OpenChunk.model_validate(chunk)
    notes = [event for event in events if event["type"] == "rationale_note"]

    assert [chunk["chunk_seq"] for chunk in chunks] == list(range(len(chunks)))
    assert [event["seq"] for event in events] == list(range(len(events)))
    assert {field for note in notes for field in note} <= {"id", "seq", "ts_client_s", "type", *NOTE_FIELDS}


@pytest.mark.parametrize("name", NAMES)
def test_the_commit_holds_what_the_edits_led_to(name: str) -> None:
    """Every diff applies in its place, and the commit's diffs lead from the start to the same texts."""
    start = {path: content.decode() for path, content in tree_of(folder_of(name) / "repository").files.items()}
    texts = dict(start)
    for event in events_of(name):
        if event["type"] == "file_edit":
            texts[event["file_path"]] = apply(event["diff_unified"], texts[event["file_path"]])
    for event in events_of(name):
        if event["type"] == "commit":
            committed = dict(start)
            for piece in re.split(r"^(?=diff --git )", event["diff_unified"], flags=re.MULTILINE)[1:]:
                path = re.match(r"diff --git a/(\S+) ", piece)[1]
                committed[path] = apply(piece[piece.index("--- a/") :], committed[path])
            assert committed == texts

    assert texts != start


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_a_session_is_taken_for_a_secret(name: str) -> None:
    """Redaction leaves every text as it is, so that the sessions replay to the byte."""
    redactor = Redactor(b"k" * 32, ())
    texts = [content.decode() for content in tree_of(folder_of(name) / "repository").files.values()]
    texts += [text for event in events_of(name) for text in texts_in(event)]

    assert [text for text in texts if redactor.text(text) != text] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_base_snapshot_is_the_start_commit(name: str) -> None:
    """The archive that plain Python makes holds every file of the repository."""
    repository = folder_of(name) / "repository"

    assert read_base(base_snapshot(repository)).files == tree_of(repository).files


def test_no_score_is_written_anywhere() -> None:
    """A session is judged by the collector alone: no file of an example knows a score."""
    files = [path for name in NAMES for path in folder_of(name).rglob("*") if path.suffix in (".json", ".md", ".toml")]
    told = re.compile(r"score|overall|problem_understanding|verified_fix|\d(\.\d)? (of|out of) 5", re.IGNORECASE)

    assert len(files) > len(NAMES) * 5
    assert [path.relative_to(EXAMPLES).as_posix() for path in files if told.search(path.read_text())] == []


def texts_in(value: object) -> list[str]:
    """Return all texts in a JSON value."""
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts_in(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in texts_in(inner)]
    return [value] if isinstance(value, str) else []
