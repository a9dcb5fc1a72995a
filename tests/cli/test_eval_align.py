"""`patchtrail eval align`: label files in, a verdict in words and what to label next out."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from patchtrail.cli.eval import app
from tests.evaluation.judges import always, erring, items_of, truths_of


def run(*words: object) -> tuple[int, str]:
    """Run the verb; return its exit code and all that it said."""
    result = CliRunner().invoke(app, ["align", *map(str, words)])
    return result.exit_code, result.output


def write(path: Path, items: list) -> Path:
    """Write items as JSON."""
    path.write_text(json.dumps([item.model_dump() for item in items]))
    return path


def test_the_verdict_comes_first(tmp_path: Path) -> None:
    """An aligned judge gives exit code 0 and its figures; one that says good always 1 and every reason."""
    draw = random.Random(1)
    truths = truths_of(300, 0.6, draw)
    good = run(write(tmp_path / "good.json", items_of(erring(0.02)(truths, draw), truths)))
    bad = run(write(tmp_path / "bad.json", items_of(always(True)(truths, draw), truths)))

    assert good[0] == 0
    assert good[1].startswith("aligned with people\n")
    assert "300 labels of 300 judged items" in good[1]
    assert bad[0] == 1
    assert bad[1].startswith("NOT ALIGNED with people\n")
    assert "kappa 0.00 is below 0.70" in bad[1]
    assert "TNR 0.00 is below 0.80" in bad[1]
    assert "However much is labelled" in bad[1]


def test_a_table_says_the_same_as_json(tmp_path: Path) -> None:
    """Words for good and bad, groups, points and empty cells are read; the figures are those of the same JSON."""
    rows = ["item_id,judge,confidence,human:anna,human:bo,group:language,judge:style,human:anna:style"]
    rows += ["a1,good,0.9,yes,1,python,4,5", "a2,bad,0.4,FAIL,unsure,go,2.5,2", "a3,1,,,,go,,"]
    table = tmp_path / "labels.csv"
    table.write_text("\n".join(rows) + "\n")
    same = tmp_path / "labels.json"
    told = [
        {"item_id": "a1", "judge": True, "confidence": 0.9, "humans": {"anna": True, "bo": True},
         "groups": {"language": "python"}, "judge_points": {"style": 4}, "human_points": {"anna": {"style": 5}}},
        {"item_id": "a2", "judge": "bad", "confidence": 0.4, "humans": {"anna": False, "bo": None},
         "groups": {"language": "go"}, "judge_points": {"style": 2.5}, "human_points": {"anna": {"style": 2}}},
        {"item_id": "a3", "judge": True, "groups": {"language": "go"}},
    ]  # fmt: skip
    same.write_text(json.dumps({"items": told}))
    figures = tmp_path / "figures.json"

    assert run(table, "--json", figures) == run(same)
    written = json.loads(figures.read_text())
    assert written["is_aligned"] is False
    assert written["overall"]["labelled"] == 2
    assert written["dimensions"]["style"]["labelled"] == 2
    assert [one["item_id"] for one in written["next"]] == ["a3"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", "{", "a.json:1: it is no JSON"),
        ("a.json", "{}", "the file: Input should be a valid list"),
        ("a.json", '[{"item_id": "a", "judge": "maybe"}]', "0.judge"),
        ("a.json", '[{"item_id": "a"}, {"item_id": "a"}]', "'a' stands there more than once"),
        ("a.csv", "id,judge\n", "item_id among them"),
        ("a.csv", "item_id,judge\na,good,more\n", "a.csv:2: the row is longer"),
        ("a.csv", "item_id,person\na,good\n", "a.csv:2: a column 'person' is not known"),
        ("a.csv", "item_id,judge:style\na,NaN\n", "finite number"),
    ],
)
def test_a_file_that_is_none_is_told(name: str, text: str, said: str, tmp_path: Path) -> None:
    """What is wrong and where it stands is named, with exit code 2."""
    path = tmp_path / name
    path.write_text(text)
    code, output = run(path)

    assert code == 2
    assert said in output
