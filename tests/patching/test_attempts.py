"""Attempts are kept as files and rows, privately, redacted, and survive whatever happens to the database."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patchtrail.contract.attempt import AttemptRecord
from patchtrail.contract.errors import InvalidInput, NotAllowed, NotFound, StateConflict
from patchtrail.patching.attempt_files import file_name_of
from patchtrail.patching.attempts import AttemptFilters, AttemptStore
from tests.contract.patch_samples import FAILED, FINDING, RECORD

TIMES = st.integers(0, 4_000_000_000_000)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
FINDINGS = st.builds(lambda message, line: {**FINDING, "message": message, "line": line}, TEXTS, st.integers(1, 9_999))


def iso(millis: int) -> str:
    """Return an instant as records write it."""
    return f"20{millis % 80 + 10}-01-02T03:04:05.{millis % 1000:03}Z"


RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "timestamp": TIMES.map(iso),
        "prompt": TEXTS,
        "llm_response": TEXTS,
        "patch_generated": st.none() | TEXTS,
        "validation_errors": st.lists(TEXTS, max_size=3),
        "findings": st.lists(FINDINGS, max_size=3),
        "rule_id": TEXTS,
        "file": TEXTS,
        "group_id": TEXTS,
        "cost_usd": st.floats(0, 1e6),
        "tokens_used": st.integers(0, 2**53 - 1),
        "retry_told": st.none() | TEXTS,
        "human_labeled": st.booleans(),
        "failure_mode": st.sampled_from([None, "no_op", "timeout"]),
        "retry_attempt": st.integers(1, 9),
    },
)


def record(attempt_id: str = "a1", **fields: Any) -> AttemptRecord:
    """Return an attempt."""
    return AttemptRecord.model_validate_json(json.dumps({**RECORD, "attempt_id": attempt_id, **fields}))


def store(root: Path) -> AttemptStore:
    """Open the attempts of a root; the word SECRET is a secret."""
    return AttemptStore(root, redact=lambda text: text.replace("SECRET", "<<redacted>>"))


def traces(root: Path) -> Path:
    """Return where attempts are kept."""
    return root / ".patchtrail" / "traces"


def files(root: Path) -> list[Path]:
    """Return the attempts' files."""
    return sorted(path for path in traces(root).glob("*.json") if not path.name.startswith("."))


def check(root: Path, *expected: AttemptRecord) -> None:
    """The database, whoever opens it, holds these attempts, and made anew from the files it holds the same."""
    before = store(root).list()
    made = store(root).rebuild()

    assert sorted(before, key=str) == sorted(expected, key=str)
    assert made.attempts == len(expected)
    assert store(root).list() == before


def test_a_file_and_a_row(tmp_path: Path) -> None:
    """Each attempt is one JSON file, named in the published way, and one row with the published fields."""
    kept = store(tmp_path).add(record())
    [path] = files(tmp_path)
    with sqlite3.connect(traces(tmp_path) / "traces.db") as connection:
        connection.row_factory = sqlite3.Row
        row = connection.execute("SELECT * FROM attempts").fetchone()
    connection.close()

    assert path.name == "F401_shop_cart.py_3_1_1759694458678.json"
    assert AttemptRecord.model_validate_json(path.read_text()) == kept == record()
    assert (row["rule_id"], row["cost_usd"], row["prompt"]) == ("F401", 0.001234, RECORD["prompt"])
    assert json.loads(row["finding"])["file_path"] == "shop/cart.py"
    check(tmp_path, kept)


def test_it_is_private_and_git_does_not_see_it(tmp_path: Path) -> None:
    """Folders are 0700, files 0600, whatever the umask; git ignores the whole, the ignore file too."""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    before = os.umask(0)
    try:
        store(tmp_path).add(record())
    finally:
        os.umask(before)
    told = subprocess.run(["git", "status", "--porcelain", "-uall"], cwd=tmp_path, capture_output=True, text=True)
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / ".patchtrail").rglob("*") if path.is_file()}

    assert told.stdout == ""
    assert (modes, {one.stat().st_mode & 0o777 for one in (traces(tmp_path).parent, traces(tmp_path))}) == (
        {0o600},
        {0o700},
    )


def test_texts_are_redacted_before_they_are_written(tmp_path: Path) -> None:
    """No byte of a secret stands in any file."""
    told = {**FINDING, "message": "SECRET"}
    texts = dict.fromkeys(("prompt", "llm_response", "patch_generated", "retry_told"), "a SECRET")
    kept = store(tmp_path).add(record(**texts, validation_errors=["SECRET"], finding=told, findings=[told]))

    assert kept.prompt == "a <<redacted>>"
    assert [path for path in traces(tmp_path).rglob("*") if path.is_file() and b"SECRET" in path.read_bytes()] == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(RECORDS, max_size=5), st.lists(st.integers(0, 4), max_size=3))
def test_made_anew_it_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, told: list[Any], updated: list[int]
) -> None:
    """Whatever was added and changed, the database made anew from the files equals the one that was."""
    root = tmp_path_factory.mktemp("root")
    mine = store(root)
    kept = {f"a{number}": mine.add(record(f"a{number}", **fields)) for number, fields in enumerate(told)}
    for number in updated:
        if f"a{number}" in kept:
            kept[f"a{number}"] = mine.update_status(f"a{number}", "accepted")

    check(root, *kept.values())


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.text(max_size=400), st.integers(0, 2**53))
def test_names_are_safe(rule: str, path: str, millis: int) -> None:
    """Whatever a tool calls its rule and a path is made of, the file's name is one, short, and of plain signs."""
    told = record().model_copy(update={"rule_id": rule, "file": path})
    name = file_name_of(told, millis)

    assert "/" not in name
    assert not name.startswith((".", "-"))
    assert len(name.encode()) <= 240
    assert name.isascii()
    assert name.isprintable()


def test_two_in_one_millisecond(tmp_path: Path) -> None:
    """Two tries at one place in one millisecond have a file each; the same attempt twice is refused."""
    mine = store(tmp_path)
    kept = [mine.add(record("a1")), mine.add(record("a2"))]
    with pytest.raises(StateConflict, match="a1 is kept already"):
        mine.add(record("a1"))

    assert len(files(tmp_path)) == 2
    check(tmp_path, *kept)


@pytest.mark.parametrize("damage", ["missing", "empty", "text", "cut", "other_tables", "another_shape"])
def test_a_damaged_database_is_made_anew(tmp_path: Path, damage: str) -> None:
    """Whatever became of the database, reading and adding go on, and nothing is lost."""
    kept = [store(tmp_path).add(record(f"a{number}", prompt="x" * 9_000)) for number in range(5)]
    database = traces(tmp_path) / "traces.db"
    if damage in ("other_tables", "another_shape"):
        with sqlite3.connect(database) as connection:
            connection.execute("DROP TABLE attempts" if damage == "other_tables" else "PRAGMA user_version = 1")
        connection.close()
    elif damage == "missing":
        database.unlink()
    else:
        content = {"empty": b"", "text": b"no database at all\n" * 900, "cut": database.read_bytes()[:9_000]}
        database.write_bytes(content[damage])
    kept.append(store(tmp_path).add(record("after")))

    check(tmp_path, *kept)


def test_it_is_noticed_while_open(tmp_path: Path) -> None:
    """A database that is damaged under an open store is made anew at the next question."""
    mine = store(tmp_path)
    kept = mine.add(record(prompt="x" * 9_000))
    (traces(tmp_path) / "traces.db").write_bytes(b"\0" * 40_000)

    assert mine.list() == (kept,)


def test_a_kill_between_file_and_row(tmp_path: Path) -> None:
    """A file whose row was never written is found by whoever comes next; so is a status."""
    kept = store(tmp_path).add(record())
    [path] = files(tmp_path)
    (traces(tmp_path) / ".unfinished").touch()
    path.write_text(json.dumps(kept.model_copy(update={"status": "accepted"}).model_dump(mode="json")))

    assert store(tmp_path).get("a1").status == "accepted"
    assert not (traces(tmp_path) / ".unfinished").exists()


def test_a_bad_file_is_named_and_left(tmp_path: Path) -> None:
    """A file that holds no attempt is named with the reason, skipped, and never deleted."""
    kept = store(tmp_path).add(record())
    [good] = files(tmp_path)
    bad = {
        "bad.json": "{",
        "empty.json": "",
        "other.json": '{"trace_id": 3}',
        "twice_z.json": good.read_text(),
        "time.json": json.dumps(
            kept.model_copy(update={"attempt_id": "t", "timestamp": "noon"}).model_dump(mode="json")
        ),
    }
    for name, content in bad.items():
        (traces(tmp_path) / name).write_text(content)
    (traces(tmp_path) / "link.json").symlink_to(good)
    made = store(tmp_path).rebuild()

    assert made.attempts == 1
    assert [name for name, _ in made.unreadable] == sorted([*bad, "link.json"])
    assert all(reason.startswith(name) for name, reason in made.unreadable)
    assert store(tmp_path).list() == (kept,)
    assert store(tmp_path).unreadable() == made.unreadable
    assert {path.name for path in files(tmp_path)} == {good.name, "link.json", *bad}


@pytest.mark.parametrize("what", ["home", "traces", "database"])
def test_links_are_refused(tmp_path: Path, what: str) -> None:
    """Where a symbolic link stands in place of a folder or of the database nothing is written, there or elsewhere."""
    elsewhere, root = tmp_path / "elsewhere", tmp_path / "root"
    elsewhere.mkdir()
    root.mkdir()
    place = {"home": root / ".patchtrail", "traces": traces(root), "database": traces(root) / "traces.db"}[what]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(elsewhere / "traces.db" if what == "database" else elsewhere)
    for act in (lambda: store(root).add(record()), lambda: store(root).list(), lambda: store(root).rebuild()):
        with pytest.raises(NotAllowed, match="symbolic link"):
            act()

    assert list(elsewhere.iterdir()) == []


def test_a_file_in_its_place(tmp_path: Path) -> None:
    """A file where the folder should be is left alone."""
    (tmp_path / ".patchtrail").write_text("mine")
    with pytest.raises(NotAllowed, match="move it away"):
        store(tmp_path).add(record())

    assert (tmp_path / ".patchtrail").read_text() == "mine"


def test_filters(tmp_path: Path) -> None:
    """Each filter narrows, searching looks in rule, file, message and errors, and the newest come first."""
    mine = store(tmp_path)
    mine.add(record("a1", timestamp="2025-01-01T00:00:00Z"))
    mine.add(record("a2", timestamp="2025-01-02T00:00:00Z", **FAILED, rule_id="D100", file="a_b%.ts", file_type="ts"))
    mine.add(record("a3", strategy="batch", finding_complexity="complex", validation_errors=["100 % wrong"]))
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["a3", "a2", "a1"]),
        ({"rule": "F401"}, ["a3", "a1"]),
        ({"status": "failed"}, ["a2"]),
        ({"strategy": "batch"}, ["a3"]),
        ({"complexity": "complex"}, ["a3"]),
        ({"file_type": "ts"}, ["a2"]),
        ({"search": "holds no change"}, ["a2"]),
        ({"search": "b%"}, ["a2"]),
        ({"search": "%"}, ["a3", "a2"]),
        ({"search": "imported but"}, ["a3", "a2", "a1"]),
        ({"rule": "F401", "strategy": "single"}, ["a1"]),
        ({"rule": "' OR 1"}, []),
    ]

    for told, ids in cases:
        assert [one.attempt_id for one in mine.list(AttemptFilters(**told))] == ids, told
    assert [one.attempt_id for one in mine.list(limit=1)] == ["a3"]


def test_one_by_its_id(tmp_path: Path) -> None:
    """An attempt is found by its id or an unmistakable beginning; anything else is refused by name."""
    mine = store(tmp_path)
    for attempt_id in ("abc", "abcd", "abd", "x%"):
        mine.add(record(attempt_id))

    assert [mine.get(one).attempt_id for one in ("abc", "abd", "x")] == ["abc", "abd", "x%"]
    with pytest.raises(InvalidInput, match="give more of the id"):
        mine.get("ab")
    for unknown in ("", "%", "zz"):
        with pytest.raises(NotFound):
            mine.get(unknown)
        with pytest.raises(NotFound):
            mine.update_status(unknown, "accepted")


def test_labels_and_statuses(tmp_path: Path) -> None:
    """What became of an attempt, and that a person labelled it, stand in the file and in the row."""
    mine = store(tmp_path)
    mine.add(record())
    mine.update_status("a1", "undone")
    changed = mine.label("a1")

    assert (changed.status, changed.human_labeled) == ("undone", True)
    check(tmp_path, changed)


def test_nothing_was_ever_kept(tmp_path: Path) -> None:
    """Reading where nothing is makes nothing."""
    mine = store(tmp_path)

    assert (mine.list(), mine.unreadable(), mine.rebuild().attempts) == ((), (), 0)
    with pytest.raises(NotFound):
        mine.update_status("a1", "accepted")
    assert list(tmp_path.iterdir()) == []


def test_a_time_that_is_none_is_refused(tmp_path: Path) -> None:
    """An attempt without a time is refused before anything is written; so is one that costs infinitely much."""
    for bad in ({"timestamp": "noon"}, {"cost_usd": 1e999}):
        with pytest.raises(InvalidInput):
            store(tmp_path).add(record().model_copy(update=bad))

    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses(tmp_path: Path) -> None:
    """What cannot be written is said in one sentence that names the folder."""
    (tmp_path / ".patchtrail").mkdir()
    (tmp_path / ".patchtrail" / ".gitignore").write_text("*")
    traces(tmp_path).mkdir()
    (traces(tmp_path) / ".lock").mkdir()
    with pytest.raises(StateConflict, match="cannot be kept in") as caught:
        store(tmp_path).add(record())

    assert caught.value.code == "attempts_unavailable"


def add_some(root: str, first: int) -> None:
    """Add attempts from another process, and say what became of them."""
    mine = store(Path(root))
    for number in range(first, first + 8):
        mine.add(record(f"a{number}"))
        mine.update_status(f"a{number}", "accepted")


def test_several_processes(tmp_path: Path) -> None:
    """Processes that add at once lose nothing and wait for each other."""
    context = get_context("spawn")
    processes = [context.Process(target=add_some, args=(str(tmp_path), 100 * number)) for number in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert {one.status for one in store(tmp_path).list()} == {"accepted"}
    check(tmp_path, *store(tmp_path).list())
    assert len(files(tmp_path)) == 24
