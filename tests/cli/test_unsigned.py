"""Traces that nobody signed, read by the command line: shown, exported, replayed, and never called verified."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from patchtrail.cli.app import app
from patchtrail.trace.base_snapshot import BASE_MEDIA_TYPE, read_base, write_base
from patchtrail.trace.file_tree import FileTree
from tests.collector.open_clients import DEV_TOKEN, OpenTrace, dev_collector, event
from tests.contract.open_samples import COMMAND, EDIT, ONE_SHOT, REASONING
from tests.delivery.fakes import RunningCollector
from tests.sandbox.walls import usable

BEFORE, AFTER = "total = a - b\n", "total = a + b\n"
DIFF = f"--- a/calc.py\n+++ b/calc.py\n@@ -1 +1 @@\n-{BEFORE}+{AFTER}"
SECRET = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
TESTS = """\
from pathlib import Path


def test_sum():
    told = {"a": 2, "b": 3}
    exec(Path("calc.py").read_text(), told)
    assert told["total"] == 5


def test_nothing():
    assert Path("calc.py").exists()
"""


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    """Run a development collector."""
    with dev_collector(tmp_path_factory.mktemp("open")) as running:
        yield running


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the repository that the session started from."""
    folder = tmp_path_factory.mktemp("repo")
    (folder / "calc.py").write_text(BEFORE)
    name = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    for arguments in (("init", "-q"), ("add", "."), (*name, "commit", "-qm", "start")):
        subprocess.run(["git", "-C", str(folder), *arguments], check=True)
    return folder


@pytest.fixture(scope="module")
def trace_id(collector: RunningCollector, repo: Path) -> str:
    """Send a session in chunks, and return its id."""
    head = subprocess.run(["git", "-C", str(repo), "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    trace = OpenTrace(collector, start_commit=head.stdout.strip())
    note = {"type": "rationale_note", "observation": "The sum is negative.", "hypothesis": "The sign is wrong."}
    acts = [
        {"type": "test_run", "command_line": "pytest -q", "exit_code": 1},
        note,
        {"type": "file_edit", "file_path": "calc.py", "diff_unified": DIFF, "buffer_hash_after": "not a hash"},
        {"type": "test_run", "command_line": "pytest -q", "exit_code": 0, "duration_s": 1.5},
    ]
    told = [{"id": f"e{n}", "seq": n, "ts_client_s": 1_700_000_000 + n, **act} for n, act in enumerate(acts)]
    assert trace.send(0, *told).status_code == 200
    assert trace.complete().status_code == 200
    return str(trace.trace_id)


def check(collector: RunningCollector, exit_code: int, *said: str, arguments: tuple[object, ...]) -> str:
    """Run a command at the collector; compare its exit code and what it says."""
    command = [*map(str, arguments), "--collector", collector.url, "--token", DEV_TOKEN]
    result = CliRunner(env={"COLUMNS": "500"}).invoke(app, command)

    assert result.exit_code == exit_code, result.output
    assert [text for text in said if text not in result.output] == [], result.output
    return result.output


def test_show(collector: RunningCollector, trace_id: str) -> None:
    """A trace that nobody signed is shown like any other, with its notes one by one and its fault episode, at L0."""
    said = ("Fix calculator bug", "observation: The sum is negative.", "hypothesis: The sign is wrong.")
    more = ("calc.py +1 -1", "+total = a + b", "exit 0", "green in event 5", "Assurance level L0", "not signed")
    check(collector, 0, *said, *more, arguments=("trace", "show", trace_id))
    check(collector, 0, *said, arguments=("trace", "show", f"{collector.url}/v1/traces/{trace_id}"))


def test_verify_says_that_nothing_is_signed(collector: RunningCollector, trace_id: str) -> None:
    """Verifying it says L0 plainly, with an exit code that is neither success nor a fault."""
    check(
        collector,
        3,
        "nothing that could be verified",
        "Assurance level L0",
        arguments=("trace", "verify", trace_id),
    )


def test_a_document_proves_nothing(collector: RunningCollector, trace_id: str, tmp_path: Path) -> None:
    """A trace document in a file is read like the trace, whatever level it claims for itself."""
    path = tmp_path / "trace.json"
    check(collector, 0, str(path), arguments=("trace", "export", trace_id, "--format", "document", "-o", path))
    document = json.loads(path.read_text())
    document["integrity"]["assurance"] = {"level": "L4", "reasons": []}
    path.write_text(json.dumps(document))

    check(collector, 0, "Assurance level L0", "calc.py +1 -1", arguments=("trace", "show", path))
    check(collector, 3, "Assurance level L0", arguments=("trace", "verify", path))
    path.write_text('{"trace_version": "1.0"}')
    check(collector, 2, "no trace document", arguments=("trace", "show", path))


def test_there_is_no_bundle(collector: RunningCollector, trace_id: str) -> None:
    """The bundle's place is taken by the document, and that is said."""
    check(collector, 2, "--format document", arguments=("trace", "export", trace_id))


def test_exports(collector: RunningCollector, trace_id: str, repo: Path, tmp_path: Path) -> None:
    """The other formats hold what was told: runs, notes, edits and the texts that the diffs lead to."""

    def exported(form: str) -> Path:
        path = tmp_path / form
        check(collector, 0, arguments=("trace", "export", trace_id, "--format", form, "-o", path, "--repo", repo))
        return path

    spans = json.loads(exported("otel").read_text())["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert [span["name"] for span in spans] == ["patchtrail.session", "test run", "test run"]
    files = json.loads(exported("agent-trace").read_text())["files"]
    assert [(one["path"], one["conversations"][0]["contributor"]) for one in files] == [
        ("calc.py", {"type": "unknown"})
    ]
    with (exported("progsnap2") / "MainTable.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    kinds = ["Session.Start", "Run.Program", "X-Note.Hypothesis", "X-Note.Observation", "File.Edit", "Run.Program"]
    assert [row["EventType"] for row in rows] == kinds
    shown = ["git", "-C", str(tmp_path / "progsnap2" / "CodeStates"), "show", f"{rows[-1]['CodeStateID']}:calc.py"]
    assert subprocess.run(shown, capture_output=True, text=True, check=True).stdout == AFTER
    check(collector, 2, "known per test", arguments=("trace", "export", trace_id, "--format", "ctrf"))


def test_replay(collector: RunningCollector, trace_id: str, repo: Path, tmp_path: Path) -> None:
    """Its diffs are applied to the start commit that it names; the level stays L0."""
    target = tmp_path / "after"
    arguments = ("trace", "replay", trace_id, "--repo", repo, "-o", target)
    check(collector, 0, "1 file", "Assurance level L0", arguments=arguments)

    assert (target / "calc.py").read_text() == AFTER


@pytest.fixture(scope="module")
def based(collector: RunningCollector) -> str:
    """Send a session that brings the files of its start commit along, and return its id."""
    trace = OpenTrace(collector)
    files = {"calc.py": BEFORE, "tests/test_sum.py": TESTS, "keys.py": f'api_key = "{SECRET}"\n'}
    snapshot = write_base(FileTree({path: text.encode() for path, text in files.items()}))
    headers = {**trace.bearer, "Content-Type": BASE_MEDIA_TYPE}
    assert httpx.put(f"{trace.url}/base", content=snapshot, headers=headers, timeout=60).status_code == 201
    trace.send(0, event(0, file_path="calc.py", diff_unified=DIFF))
    assert trace.complete().status_code == 200
    return str(trace.trace_id)


def test_its_own_snapshot_is_ground_enough(collector: RunningCollector, based: str, tmp_path: Path) -> None:
    """Without a repository a trace is replayed on the files that it brought along, as its collector keeps them."""
    target = tmp_path / "after"
    check(collector, 0, "3 files", "Assurance level L0", arguments=("trace", "replay", based, "-o", target))

    assert (target / "calc.py").read_text() == AFTER
    assert SECRET not in (target / "keys.py").read_text()


def test_an_instance_of_its_own_snapshot(
    collector: RunningCollector, based: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gives a benchmark's instance, too, which its own files prove."""
    usable()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    target = tmp_path / "instance.json"
    check(collector, 0, arguments=("trace", "export", based, "--format", "swe-bench", "-o", target))

    instance = json.loads(target.read_text())
    assert instance["FAIL_TO_PASS"] == '["tests/test_sum.py::test_sum"]'


def test_who_may_read_a_snapshot(collector: RunningCollector, based: str, trace_id: str) -> None:
    """It is given to whoever may read the trace; of a trace without one it is said that there is none."""
    url = f"{collector.url}/v1/traces"
    answers = {
        token: httpx.get(f"{url}/{based}/base", headers={"Authorization": f"Bearer {token}"}, timeout=60)
        for token in ("x", DEV_TOKEN)
    }
    without = collector.read(f"/v1/traces/{trace_id}/base", DEV_TOKEN)

    assert [answer.status_code for answer in answers.values()] == [401, 200]
    assert set(read_base(answers[DEV_TOKEN].content).files) == {"calc.py", "keys.py", "tests/test_sum.py"}
    assert without.status_code == 404
    assert "no base snapshot" in without.json()["message"]


def test_a_diff_that_leads_nowhere(collector: RunningCollector, repo: Path, tmp_path: Path) -> None:
    """What cannot be replayed is said, by the event's number."""
    trace = OpenTrace(collector, start_commit="")
    trace.send(0, event(0))
    arguments = ("trace", "replay", trace.trace_id, "--repo", repo, "-o", tmp_path / "after")
    check(collector, 1, "event 1, src/main.py", arguments=arguments)


def test_one_shot(collector: RunningCollector, tmp_path: Path) -> None:
    """A trace that came in one shot is shown and exported, too."""
    whole = {**ONE_SHOT, "trace_id": None, "events": [EDIT, COMMAND, REASONING]}
    trace_id = "trace-" + httpx.post(f"{collector.url}/api/traces", json=whole, timeout=60).json()["trace_id"].replace(
        "-", ""
    )

    check(collector, 0, "$ pytest -q", "hypothesis", "src/main.py", arguments=("trace", "show", trace_id))
    for form in ("otel", "agent-trace", "progsnap2", "document"):
        arguments = ("trace", "export", trace_id, "--format", form, "-o", tmp_path / form)
        check(collector, 0, arguments=arguments)


TRICKS = "[/bold] [bug-12] sum :smile: \x1b[31mred\x1b]8;;http://evil.example\x07 \u202eright \x9b"
TOLD = "[/bold] [bug-12] sum :smile: \\x1b[31mred\\x1b]8;;http://evil.example\\x07 \\u202eright \\x9b"


def test_texts_play_no_tricks(tmp_path: Path) -> None:
    """Nobody's text is taken for markup, and no control or direction character reaches the terminal."""
    with dev_collector(tmp_path) as collector:
        trace = OpenTrace(collector, participant_id=TRICKS, task_id=TRICKS, task_title=TRICKS)
        acts = (
            {"type": "cmd_run", "command": TRICKS},
            {"type": "test_run", "command_line": TRICKS, "exit_code": 1},
            {"type": "rationale_note", "plan": TRICKS},
            {"type": "file_edit", "file_path": TRICKS, "diff_unified": f"--- a\n+++ b\n@@ -0,0 +1 @@\n+{TRICKS}\n"},
        )
        for n, act in enumerate(acts):
            assert trace.send(n, {"id": TRICKS, "seq": n, "ts_client_s": 0, **act}).status_code == 200
        outputs = [
            check(collector, 0, TOLD, arguments=("trace", "list")),
            check(collector, 0, TOLD, "episode", arguments=("trace", "show", trace.trace_id)),
            check(collector, 2, arguments=("trace", "show", f"trace-{TRICKS}")),
        ]

    for output in outputs:
        assert [char for char in output if not char.isprintable() and char != "\n"] == []
