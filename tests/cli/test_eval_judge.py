"""`patchtrail eval judge`: patches are judged into a label file that `align` reads; nothing paid for is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from patchtrail.cli.eval import app
from patchtrail.evaluation.marks import Curation, Mark
from patchtrail.patching.attempts import AttemptStore
from tests.evaluation.patch_judging import attempt, said
from tests.model import Asked, ModelServer, Reply

Judge = Callable[[Asked], Reply]


def run(root: Path, judge: Judge) -> tuple[int, str, list[dict]]:
    """Judge the attempts below a root; return exit code, output and the label file's items."""
    labels = root / "labels.json"
    with ModelServer(judge) as server:
        result = CliRunner().invoke(app, ["judge", str(labels), "--root", str(root), "--model-url", server.url])
    return result.exit_code, result.output, json.loads(labels.read_text())["items"]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make two attempts with a patch and one without, the first marked by a person."""
    monkeypatch.setenv("OPENAI_API_KEY", "test-key")
    store = AttemptStore(tmp_path, redact=str)
    for record in (attempt(attempt_id="a1"), attempt(attempt_id="a2"), attempt(None, attempt_id="a3")):
        store.add(record)
    mark = Mark(attempt_id="a1", verdict="bad", reason="it drops an import", marked_at="2026-01-02T03:04:05Z")
    Curation(tmp_path).mark(mark)
    return tmp_path


def test_verdicts_stand_under_what_they_are_worth(root: Path) -> None:
    """The first line says that the judge is not aligned; marks become people's labels, and `align` reads the file."""
    code, output, items = run(root, said(True))
    aligned = CliRunner().invoke(app, ["align", str(root / "labels.json")])

    assert code == 0
    assert output.startswith("This judge is not aligned with people: 1 labels are fewer than 200")
    assert "a2: correct (100% of its answers)" in output
    assert {item["item_id"]: (item["judge"], item["humans"]) for item in items} == {
        "a1": (True, {"curation": False}),
        "a2": (True, {}),
    }
    assert aligned.exit_code == 1
    assert "1 labels of 2 judged items" in aligned.output


def test_people_stay_and_the_judge_is_replaced(root: Path) -> None:
    """A second judgement replaces the first; what people wrote into the file stays."""
    run(root, said(True))
    labels = root / "labels.json"
    items = json.loads(labels.read_text())["items"]
    items[1]["humans"] = {"anna": True}
    labels.write_text(json.dumps({"items": items}))

    again = run(root, said(False))[2]

    assert [item["judge"] for item in again] == [False, False]
    assert again[1]["humans"] == items[1]["humans"]


def test_a_model_that_dies_loses_nothing(root: Path) -> None:
    """What was judged until then is in the file; the failure is told with exit code 2."""
    asked = list[Asked]()

    def dying(ask: Asked) -> Reply:
        asked.append(ask)
        return Reply(status=500, error="out of order") if len(asked) > 3 else said(True)(ask)

    code, output, items = run(root, dying)

    assert code == 2
    assert "1 of 2 patches judged" in output
    assert len(items) == 1
