"""What becomes of patches is counted for the patterns that their prompts showed, and the gate acts on it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from patchtrail.cli.app import app
from patchtrail.contract.attempt import AttemptRecord, AttemptStatus
from patchtrail.contract.learning import Pattern
from patchtrail.learning import PatternLibrary
from patchtrail.patching.attempts import AttemptStore
from tests.contract.patch_samples import RECORD
from tests.learning.patterns import pattern_of
from tests.model import ModelServer, Reply

SHOP = '"""A shop."""\n\nimport os\n'
ANSWER = "shop.py\n<<<<<<< SEARCH\n\nimport os\n=======\n>>>>>>> REPLACE\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a repository that has one active pattern, and in nobody's own folders."""
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    root = tmp_path / "shop"
    root.mkdir()
    monkeypatch.chdir(root)
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    put()
    return root


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    """Configure the test model."""
    with ModelServer(lambda _: Reply(ANSWER)) as server:
        monkeypatch.setenv("PATCHTRAIL_MODEL_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "test-key")
        yield server


def put(**fields: Any) -> None:
    """Keep a library of one pattern."""
    library = PatternLibrary()
    dull = pattern_of("p", state="active", rule_ids=["F401"], description="Take it out.").model_dump()
    library.put(Pattern.model_validate({**dull, **fields}))
    library.save_patterns()


def check(*arguments: str, exit_code: int = 0, said: tuple[str, ...] = ()) -> str:
    """Run a verb; compare its exit code and what it says."""
    result = CliRunner().invoke(app, [*arguments])

    assert result.exit_code == exit_code, result.output
    assert [text for text in said if text not in result.output] == [], result.output
    return result.output


def pattern() -> Pattern:
    """Return the pattern as it is kept."""
    (found,) = PatternLibrary().get_all_patterns()
    return found


def counts() -> tuple[int, int, int]:
    """Return how often the pattern was used, helped and did harm."""
    found = pattern()
    return found.retrieved, found.helpful, found.harmful


def tried(group: str, status: AttemptStatus = "offered", **fields: Any) -> str:
    """Keep a try whose prompt showed the pattern; return its id."""
    record = {**RECORD, "attempt_id": f"{group}-1", "group_id": group, "pattern_ids": ["p"], "status": status}
    return store().add(AttemptRecord.model_validate_json(json.dumps({**record, **fields}))).attempt_id


def store() -> AttemptStore:
    """Return the attempts of this repository."""
    return AttemptStore(Path.cwd(), redact=str)


def test_patches_tell_on_the_pattern_behind_them(folder: Path, model: ModelServer) -> None:
    """A patch that a prompt with a pattern led to counts as used, helpful once it is accepted, harmful once undone."""
    (folder / "shop.py").write_text(SHOP)
    check("fix", "shop.py", "--select", "F401")
    (made,) = store().list()
    assert "Take it out." in model.asked[0].prompt
    assert (made.pattern_ids, made.status) == (["p"], "offered")

    check("learn", "collect", "--attempts", ".", said=("1 uses of patterns are known; counted anew: p.",))
    assert counts() == (1, 0, 0)
    store().update_status(made.attempt_id, "accepted")
    check("learn", "collect", "--attempts", ".")
    assert counts() == (1, 1, 0)
    store().update_status(made.attempt_id, "undone")
    check("learn", "collect", "--attempts", ".")
    assert counts() == (1, 0, 1)
    assert pattern().last_used == datetime.fromisoformat(made.timestamp).replace(tzinfo=None).isoformat()
    check("learn", "patterns", "show", "p", said=("used           1 times: 0 helped, 1 harmed (100 %, at least ",))
    check("learn", "patterns", "list", said=("used 1 times: 0 helped, 1 harmed",))


def test_the_same_attempt_is_counted_once(folder: Path, tmp_path: Path) -> None:
    """Reading a folder again, a copy of it, or one from before an outcome, changes nothing in the library."""
    tried("g1", "accepted")
    undone = tried("g2", "accepted")
    shutil.copytree(folder / ".patchtrail", tmp_path / "earlier/.patchtrail")
    store().update_status(undone, "undone")
    check("learn", "collect", "--attempts", ".")
    before = (folder / "patterns.json").read_bytes()
    check("learn", "collect", "--attempts", ".", "--attempts", "../earlier")
    shutil.rmtree(folder / ".patchtrail/traces")
    check("learn", "collect", "--attempts", ".")

    assert counts() == (2, 1, 1)
    assert (folder / "patterns.json").read_bytes() == before


def test_a_library_from_before_is_counted_again(folder: Path) -> None:
    """Where git brings back a library that knows less, the next reading counts what it does not know; others' stay."""
    earlier = (folder / "patterns.json").read_bytes()
    tried("g1", "accepted")
    check("learn", "collect", "--attempts", ".")
    (folder / "patterns.json").write_bytes(earlier)
    put(uses={"0123abcd": {"retrieved": 5, "helpful": 3, "harmful": 1}}, retrieved=5, helpful=3, harmful=1)
    check("learn", "collect", "--attempts", ".")
    assert counts() == (6, 4, 1)

    tried("g2", "rejected")
    check("learn", "collect", "--attempts", ".")
    assert counts() == (7, 4, 2)


@pytest.mark.parametrize(
    ("tries", "expected"),
    [
        ([{"status": "accepted"}], (1, 1, 0)),
        ([{"status": "rejected"}], (1, 0, 1)),
        ([{"status": "offered"}], (1, 0, 0)),
        ([{"status": "failed", "validation_errors": ["finding_remains: still there"]}], (1, 0, 0)),
        ([{"status": "failed", "validation_errors": ["finding_remains: x", "new_findings: y"]}], (1, 0, 1)),
        ([{"status": "failed", "validation_errors": ["tests_failed: y"]}, {"status": "accepted"}], (1, 1, 0)),
        ([{"status": "failed", "validation_errors": ["syntax_error: y"]}, {"status": "offered"}], (1, 0, 0)),
        ([{"status": "accepted"}, {"status": "undone"}], (1, 0, 1)),
        ([{"status": "failed", "failure_mode": "timeout"}], (0, 0, 0)),
        ([{"status": "cancelled", "failure_mode": "cancelled"}], (0, 0, 0)),
        ([{"status": "accepted", "pattern_ids": []}], (0, 0, 0)),
        ([{"status": "accepted", "pattern_ids": ["of another library"]}], (0, 0, 0)),
    ],
)
def test_what_counts_as_what(tries: list[dict[str, Any]], expected: tuple[int, int, int]) -> None:
    """All tries for a finding are one use: a person's word decides, then damage; what was not answered is no use."""
    for number, one in enumerate(tries, 1):
        tried("g", **{"attempt_id": f"g-{number}", "retry_attempt": number, **one})
    check("learn", "collect", "--attempts", ".")

    assert counts() == expected


def test_a_harmful_pattern_is_demoted_by_itself(model: ModelServer) -> None:
    """Once it is sure to spoil more than one use in ten, the gate puts it on probation, where no prompt shows it."""
    for number in range(40):
        tried(f"g{number}", "undone" if number % 3 == 0 else "accepted")
    check("learn", "collect", "--attempts", ".")
    check("learn", "gate", said=("p: active → probation, the harmful share's lower bound lies above 10 %",))
    Path("shop.py").write_text(SHOP)
    check("fix", "shop.py", "--select", "F401")

    assert "Take it out." not in model.asked[0].prompt
    assert pattern().decisions[-1].figures["harmful"] == 14


def test_a_useful_pattern_stays() -> None:
    """One in ten is no reason yet, and what was used of late is not idle, however long ago it occurred."""
    put(last_occurrence="2020-01-04T12:00:00")
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    for number in range(40):
        tried(f"g{number}", "undone" if number % 10 == 0 else "accepted", timestamp=yesterday)
    check("learn", "gate", "--dry-run", said=("p: active → probation, unused for",))
    check("learn", "collect", "--attempts", ".")
    check("learn", "gate", said=("p: stays active",))
    check("learn", "patterns", "archive", "--unused-days", "60")

    assert pattern().state == "active"


def test_it_is_judged_by_what_it_did_since_it_was_let_in() -> None:
    """Uses from before a pattern became active, the last time, are not counted, whenever they are read."""
    let_in = {"decided_at": "2025-10-06T00:00:00", "before": "probation", "after": "active", "reason": "lift"}
    put(decisions=[let_in])
    tried("before", "undone")
    tried("since", "accepted", timestamp="2025-10-06T01:00:00+00:00")
    check("learn", "collect", "--attempts", ".")

    assert counts() == (1, 1, 0)


def test_what_cannot_be_read_stops_before_anything_is_counted(folder: Path) -> None:
    """A broken library or log of uses is named, and neither metrics nor uses are written."""
    tried("g", "accepted")
    (folder / "patterns.json").write_text("{")
    check("learn", "collect", "--attempts", ".", exit_code=2, said=("patterns.json is no pattern library",))
    (folder / "patterns.json").unlink()
    (folder / ".patchtrail/uses.json").write_text('{"copy_id": 3}')
    check("learn", "collect", "--attempts", ".", exit_code=2, said=("uses.json: This is no log of uses", "copy_id"))

    assert not (folder / ".patchtrail/metrics.json").exists()
    assert (folder / ".patchtrail/uses.json").read_text() == '{"copy_id": 3}'


def test_an_attempt_that_cannot_be_read_is_named(folder: Path) -> None:
    """A file that holds no attempt is named, and the others are counted."""
    tried("g", "accepted")
    (folder / ".patchtrail/traces/F401_a.py_1_1_1.json").write_text("{")
    check("learn", "collect", "--attempts", ".", said=("left out: F401_a.py_1_1_1.json: ", "counted anew: p"))

    assert counts() == (1, 1, 0)


def test_several_processes_count_at_once() -> None:
    """Two processes that read the same attempts at the same moment count each once between them."""
    for number in range(20):
        tried(f"g{number}", "accepted")
    command = [sys.executable, "-m", "patchtrail", "learn", "collect", "--attempts", "."]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(2)]
    said = [one.communicate()[0].decode() for one in running]

    assert [one.returncode for one in running] == [0, 0], said
    assert counts() == (20, 20, 0)
