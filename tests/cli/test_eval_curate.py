"""`patchtrail eval curate` and `finetune`: only what a person called good is learned from, and nothing withdrawn."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from patchtrail.evaluation.export_manifest import read_export
from patchtrail.integrity.verify import TraceEvidence
from patchtrail.patching.attempts import AttemptStore
from patchtrail.trace import write_bundle
from tests.cli.curating import TERMS, export, keep, project, run
from tests.evaluation.attempt_records import TRACES, attempt
from tests.integrity.honest import Honest, honest
from tests.integrity.test_forgotten_chunks import deletion, made_keys, session, without
from tests.model.reply import Reply
from tests.model.server import ModelServer


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Keep six attempts, five of them with a verdict."""
    return project(tmp_path)


def lines(path: Path) -> list[dict[str, object]]:
    """Return a file of JSON lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_chat_lines_hold_what_is_good(root: Path) -> None:
    """Each good attempt is a line of system, user and assistant; the user's part is the first request's, whole."""
    found = lines(export(root, "--format", "chat") / "chat.jsonl")

    assert found[0] == {
        "messages": [
            {"role": "system", "content": "You repair code."},
            {"role": "user", "content": "Finding: F401 in one.py:1\n\n[note]\nimport one"},
            {"role": "assistant", "content": "answer 2"},
        ]
    }
    assert [one["messages"][2]["content"] for one in found] == ["answer 2", "answer 4", "answer 5"]


def test_pairs_are_of_one_finding(root: Path) -> None:
    """A pair holds a good and a bad answer to the same finding; what has no verdict is in none."""
    keep(root, (attempt(7, "two", 3, trace_id=TRACES[0]),))

    found = lines(export(root, "--format", "dpo") / "dpo.jsonl")

    assert [(one["preferred_output"][0]["content"], one["non_preferred_output"][0]["content"]) for one in found] == [
        ("answer 2", "answer 1"),
        ("answer 4", "answer 3"),
    ]
    assert "import two" in found[1]["input"]["messages"][1]["content"]


def test_the_manifest_tells_everything(root: Path) -> None:
    """It holds query, licence, consent, counts and what was left out; every file's hash is right, the card's too."""
    folder = export(root, "--format", "chat")
    manifest = read_export(folder)

    assert manifest.query == {"format": "chat"}
    assert manifest.licence == "CC-BY-4.0"
    assert manifest.consent.statement == "Everybody agreed in writing."
    assert not manifest.consent.recording_text_covers_model_texts
    assert manifest.counts == {"chat lines": 3}
    assert manifest.left_out == {"marked bad, from the chat lines": 2, "unmarked, from the chat lines": 1}
    assert {one.path: one.sha256 for one in manifest.files} == {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert "3 chat lines" in (folder / "README.md").read_text()
    assert "license: CC-BY-4.0" in (folder / "README.md").read_text()


def test_the_same_is_exported_the_same(root: Path) -> None:
    """Two exports of the same attempts have equal hashes."""
    first = read_export(export(root, "--format", "chat")).files

    assert read_export(export(root, "--format", "chat")).files == first


def test_what_was_withdrawn_is_in_no_file(root: Path) -> None:
    """An attempt, or a session with all its attempts, is gone from the next export: from every byte of every file."""
    assert b"answer 4" in (export(root, "--format", "chat") / "chat.jsonl").read_bytes()

    run(root, "curate", "withdraw", TRACES[0], "--reason", "asked to")
    run(root, "curate", "withdraw", "a002")
    folder = export(root, "--format", "chat")

    content = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert all(one not in content for one in (b"answer 2", b"answer 3", b"answer 4", b"a003", TRACES[0].encode()))
    assert b"answer 5" in content
    manifest = read_export(folder)
    assert manifest.left_out["withdrawn"] == 3
    assert [one.attempt_id for one in manifest.sources] == ["a005"]


def bundle(made: Honest, evidence: TraceEvidence) -> bytes:
    """Return a session's bundle; its document is nobody's concern here."""
    return write_bundle(evidence, made_keys(made), b"{}")


def test_what_a_participant_had_forgotten_is_withdrawn(root: Path) -> None:
    """A bundle whose signed deletions say that some of its session was forgotten takes all its attempts out."""
    made = session()
    trace_id, whole, forgotten = made.evidence.trace_id, root / "whole.zip", root / "forgotten.zip"
    keep(root, (attempt(7, "five", 1, trace_id=trace_id),))
    run(root, "curate", "mark", "a007", "good", "--reason", "as seen")
    whole.write_bytes(bundle(made, honest(seed=4).evidence))
    forgotten.write_bytes(bundle(made, without(made, 1, deletions=[deletion(made, 1)])))
    unproved = root / "unproved.zip"
    unproved.write_bytes(bundle(made, without(made, 1)))

    assert "so it is not withdrawn" in run(root, "curate", "withdraw", "--forgotten", str(whole))[1]
    assert b"answer 7" in (export(root, "--format", "chat") / "chat.jsonl").read_bytes()
    for path, told in ((unproved, "does not verify"), (root / "none.zip", "is no bundle")):
        code, said = run(root, "curate", "withdraw", "--forgotten", str(forgotten), "--forgotten", str(path))
        assert (code, told in said) == (2, True), said
    assert b"answer 7" in (export(root, "--format", "chat") / "chat.jsonl").read_bytes()
    assert run(root, "curate", "withdraw", "--forgotten", str(forgotten)) == (0, f"{trace_id} is withdrawn.\n")
    assert b"answer 7" not in (export(root, "--format", "chat") / "chat.jsonl").read_bytes()
    assert run(root, "curate", "withdraw")[0] == 2


def test_a_withdrawal_that_cannot_be_read_stops_the_export(root: Path) -> None:
    """A damaged line might be the one that forbids it, so nothing is written."""
    run(root, "curate", "withdraw", "a002")
    with (root / ".patchtrail/curation/withdrawn.jsonl").open("a") as target:
        target.write('{"withdrawn_id": "a0')

    code, told = run(root, "curate", "export", "--output", str(root.parent / "export"), *TERMS)

    assert code == 2
    assert "withdrawn.jsonl, line 2" in told
    assert not (root.parent / "export").exists()


def test_foreign_files_are_not_replaced(root: Path) -> None:
    """A folder that holds anything else than an untouched export is left as it is."""
    folder = export(root, "--format", "chat")
    (folder / "mine.txt").write_text("precious")

    code, told = run(root, "curate", "export", "--output", str(folder), *TERMS)

    assert code == 2
    assert "holds something else" in told
    assert (folder / "mine.txt").read_text() == "precious"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--licence", "", "--consent", "yes"), "states its licence"),
        (("--licence", "MIT", "--consent", " "), "states its licence"),
        ((*TERMS, "--format", "csv"), "none of all, chat"),
        ((*TERMS, "--rule", "D100"), "nothing to export"),
    ],
)
def test_what_cannot_be_exported_is_told(root: Path, words: tuple[str, ...], said: str) -> None:
    """Without terms, in no known format, or without an attempt nothing is written, and the reason is told."""
    code, told = run(root, "curate", "export", "--output", str(root.parent / "export"), *words)

    assert code == 2
    assert said in told
    assert not (root.parent / "export").exists()


def test_the_last_word_counts(root: Path) -> None:
    """A verdict can be changed; the list shows what counts, and the attempt is known as labelled."""
    run(root, "curate", "mark", "a002", "bad", "--reason", "on second thought")

    assert "a002  bad       on second thought" in run(root, "curate", "list")[1]
    assert "a002" not in run(root, "curate", "list", "--verdict", "fine-tune")[1]
    assert AttemptStore(root, redact=str).get("a002").human_labeled
    assert run(root, "curate", "mark", "nobody", "good", "--reason", "why")[0] == 2


@pytest.fixture
def many(root: Path) -> Path:
    """Keep and mark enough to be learned from; return the export."""
    keep(root, tuple(attempt(number, f"more{number}") for number in range(20, 30)))
    for number in range(20, 30):
        run(root, "curate", "mark", f"a{number:03}", "fine-tune", "--reason", "right")
    return export(root, "--format", "chat")


def tuned(root: Path, folder: Path, server: ModelServer, *words: str, typed: str = "") -> tuple[int, str]:
    """Run `finetune` against a server."""
    env = {"OPENAI_API_KEY": server.api_key, "OPENAI_BASE_URL": server.url, "PATCHTRAIL_MODEL_URL": ""}
    return run(root, "finetune", "--dataset", str(folder), *words, env=env, typed=typed)


def test_a_job_is_started_after_asking(root: Path, many: Path) -> None:
    """A dry run and a no send nothing; a yes uploads the very bytes of the export and starts the job on them."""
    with ModelServer(lambda _: Reply("")) as server:
        dry = tuned(root, many, server, "--dry-run")
        refused = tuned(root, many, server, typed="n\n")
        assert server.fine_tuning.files == {}
        agreed = tuned(root, many / "chat.jsonl", server, typed="y\n")

    assert dry[0] == 0
    assert "13 lines" in dry[1]
    assert refused[0] == 1
    assert agreed[0] == 0, agreed[1]
    assert "Started ftjob-1 on file-1: validating_files" in agreed[1]
    assert server.fine_tuning.files == {"file-1": (many / "chat.jsonl").read_bytes()}
    assert [(one["model"], one["training_file"]) for one in server.fine_tuning.jobs] == [("gpt-4o-mini", "file-1")]


def test_a_refused_job_leaves_no_file(root: Path, many: Path) -> None:
    """Where the server refuses the model or the key, its reason is told without the key, and no upload stays."""
    with ModelServer(lambda _: Reply("")) as server:
        code, told = tuned(root, many, server, "--yes", "--model", "no-such-model")
        assert (code, server.fine_tuning.uploads, server.fine_tuning.files) == (2, 1, {})
        server.api_key = "another-key"
        env = {"OPENAI_API_KEY": "wrong-key", "OPENAI_BASE_URL": server.url, "PATCHTRAIL_MODEL_URL": ""}
        keyed = run(root, "finetune", "--dataset", str(many), "--yes", env=env)

    assert "not available for fine-tuning" in told
    assert keyed[0] == 2
    assert "refused the key" in keyed[1]
    assert "wrong-key" not in keyed[1]


def test_what_was_withdrawn_since_is_not_sent(root: Path, many: Path) -> None:
    """A withdrawal after the export, a changed file, or too few lines forbid it, whatever was agreed to."""
    small = export(root, "--format", "chat", "--rule", "I001")
    few = run(root, "finetune", "--dataset", str(small), "--dry-run")
    folder = export(root, "--format", "chat")
    run(root, "curate", "withdraw", "a020")
    with ModelServer(lambda _: Reply("")) as server:
        gone = tuned(root, folder, server, "--yes")
        again = export(root, "--format", "chat")
        (again / "chat.jsonl").write_text((again / "chat.jsonl").read_text() + "{}\n")
        changed = tuned(root, again, server, "--yes")

    assert (few[0], gone[0], changed[0]) == (2, 2, 2)
    assert "holds 1 lines" in few[1]
    assert "1 attempts" in gone[1]
    assert "withdrawn since" in gone[1]
    assert "changed after the export" in changed[1]
    assert server.fine_tuning.uploads == 0
