"""`patchtrail eval cluster`: failures from every source become modes, and edited names seed the next run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from patchtrail.cli.eval import app
from patchtrail.contract.attempt import AttemptRecord
from patchtrail.patching.attempts import AttemptStore
from tests.contract.patch_samples import RECORD
from tests.evaluation.failures import corpus
from tests.model import Asked, ModelServer, Reply


def run(*words: object) -> tuple[int, str]:
    """Run the verb; return its exit code and what it printed."""
    result = CliRunner().invoke(app, ["cluster", *map(str, words)])
    return result.exit_code, result.output


def attempt(attempt_id: str, status: str, failure_mode: str) -> AttemptRecord:
    """Return a try that came to nothing."""
    fields = {"attempt_id": attempt_id, "status": status, "failure_mode": failure_mode}
    return AttemptRecord.model_validate_json(json.dumps({**RECORD, **fields}))


def write_lines(path: Path, count: int, seed: int) -> Path:
    """Write a corpus as JSON lines, without its truth."""
    lines = [
        {"failure_id": one.failure_id, "text": one.text, "timestamp": one.at.isoformat()}
        | {"severity": one.severity, "stage": one.stage, "code": one.code}
        for one in (planted.failure for planted in corpus(count, seed))
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def test_json_lines_become_modes_and_names_stay(tmp_path: Path) -> None:
    """The worst five are shown with how they are known; a name that was edited in the file is the next run's."""
    lines, names, out = write_lines(tmp_path / "a.jsonl", 600, 1), tmp_path / "names.json", tmp_path / "out.json"
    code, said = run(lines, "--names", names, "--json", out)
    modes = json.loads(names.read_text())["modes"]
    modes[0]["name"] = "the price of nothing"
    names.write_text(json.dumps({"modes": modes}))

    again = run(write_lines(tmp_path / "b.jsonl", 600, 2), "--names", names)

    assert code == again[0] == 0
    assert "600 failures in 7 modes" in said
    assert "one exact signature" in said
    assert "by their words: stability" in said
    assert said.count("\n   not   ") >= 4
    assert "2 modes more hold" in said
    assert sum(mode["count"] for mode in json.loads(out.read_text())["modes"]) <= 600
    assert "the price of nothing" in again[1]
    assert json.loads(names.read_text())["modes"][0]["suggested"] == modes[0]["suggested"]


def test_attempts_and_metrics_become_modes(tmp_path: Path) -> None:
    """What failed below a root is read where no file is named; a metrics file gives failed tests and bugs."""
    store = AttemptStore(tmp_path, redact=str)
    for at in range(6):
        store.add(attempt(f"a{at}", "failed", "not_located"))
    store.add(attempt("stopped", "cancelled", "cancelled"))
    at = "2026-01-02T03:04:05"
    test = {"test_name": "t.py::test_a", "failure_reason": "assert 1 == 2", "timestamp": at, "count": 8}
    bug = {
        "pattern": "p",
        "error": "KeyError: 'a'",
        "code": "",
        "file_path": "a.py",
        "line": 1,
        "timestamp": at,
        "count": 5,
    }
    metrics = tmp_path / "metrics.json"
    metrics.write_text(json.dumps({"test_failures": [test], "bugs": [bug]}))

    assert "1. not_located (apply)\n   6 failures (100.0%)" in run("--root", tmp_path)[1]
    assert "13 failures in 2 modes" in run(metrics)[1]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.jsonl", '{"text": "a", "timestamp": "2026-01-02T03:04:05Z"}\n{', "a.jsonl:2: it is no JSON"),
        ("a.jsonl", '{"text": "a"}', "a.jsonl:1: timestamp: Field required"),
        ("a.jsonl", '{"text": "a", "timestamp": "2026-01-02T03:04:05"}', "timestamp: Input should have timezone"),
        ("a.jsonl", '{"text": "", "timestamp": "2026-01-02T03:04:05Z"}', "a.jsonl:1: text"),
        ("a.json", "[]", "it is no metrics file"),
    ],
)
def test_a_source_that_is_none_is_told(name: str, text: str, said: str, tmp_path: Path) -> None:
    """What is wrong and where is named, with exit code 2."""
    path = tmp_path / name
    path.write_text(text)
    code, output = run(path)

    assert code == 2
    assert said in output


def test_a_file_of_names_that_is_none_is_left_alone(tmp_path: Path) -> None:
    """A file that holds something else is refused before anything is written over it."""
    names = tmp_path / "names.json"
    names.write_text('{"mine": 1}')

    code, said = run(write_lines(tmp_path / "a.jsonl", 20, 1), "--names", names)

    assert code == 2
    assert "names.json: mine: Extra inputs" in said
    assert names.read_text() == '{"mine": 1}'


def test_no_failures_are_no_modes(tmp_path: Path) -> None:
    """A root without attempts is told as such."""
    assert "0 failures in 0 modes" in run("--root", tmp_path)[1]


def naming(answer: Callable[[Asked], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, list, list]:
    """Let a model name the modes of one corpus twice; return what was printed, the names, and what it was asked."""
    names = tmp_path / "names.json"
    lines = write_lines(tmp_path / "a.jsonl", 600, 1)
    with ModelServer(lambda ask: Reply(answer(ask))) as server:
        monkeypatch.setenv("PATCHTRAIL_MODEL_URL", server.url)
        monkeypatch.setenv("PATCHTRAIL_MODEL_KIND", "openai")
        monkeypatch.setenv("OPENAI_API_KEY", "test-key")
        said = [run(lines, "--names", names, "--ask-model") for _ in range(2)]
        asked = [ask.prompt for ask in server.asked]
    assert [code for code, _ in said] == [0, 0]
    return said[0][1], [mode["name"] for mode in json.loads(names.read_text())["modes"]], asked


def test_a_model_names_new_modes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """New modes get the model's names, which are not by hand; known ones are never asked about again."""
    told = json.dumps({"names": {"1": "Prices without a key", "2": "Numbers that JSON cannot hold"}})
    said, names, asked = naming(lambda _: told, tmp_path, monkeypatch)

    assert "1. Prices without a key" in said
    assert names[:2] == ["Prices without a key", "Numbers that JSON cannot hold"]
    assert len(names) == 7
    assert len(asked) == 1
    assert "KeyError" in asked[0]


@pytest.mark.parametrize("answer", ["sure!", '{"names": {"1": ""}}', '{"names": {"1": "two\\nlines"}}', "[]"])
def test_names_that_are_none_change_nothing(answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that cannot be read leaves the rule's names, and is told."""
    said, names, _ = naming(lambda _: answer, tmp_path, monkeypatch)

    assert "The model's names cannot be read" in said
    assert names[0] == "KeyError in src/cart/pricing.py:total (test)"


def test_a_model_that_is_down_costs_no_modes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the model cannot be asked, the modes are shown and kept all the same."""
    with ModelServer(lambda _: Reply(status=503, error="down")) as server:
        monkeypatch.setenv("PATCHTRAIL_MODEL_URL", server.url)
        monkeypatch.setenv("PATCHTRAIL_MODEL_KIND", "openai")
        monkeypatch.setenv("OPENAI_API_KEY", "test-key")
        code, said = run(write_lines(tmp_path / "a.jsonl", 600, 1), "--ask-model")

    assert code == 0
    assert "The modes keep the names that the rule gives" in said
    assert "1. KeyError in src/cart/pricing.py:total (test)" in said
