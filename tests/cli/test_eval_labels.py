"""From a collector's judge to its badge: sessions out, people's labels in, a report back, and what is shown then."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from patchtrail.cli.app import app
from patchtrail.collector.qa_results import store_results
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.qa import DIMENSIONS, JudgeResult, QaResults
from patchtrail.evaluation.label_file import read_labels
from tests.collector.open_clients import DEV_TOKEN, OPENING, dev_collector
from tests.delivery.fakes import RunningCollector
from tests.evaluation.judges import erring

COUNT = 220
OVERALL = {"is_aligned": True, "labelled": 300, "agreement": {"share": 0.95, "interval": [0.9, 0.97]}}
REPORT = {"judged_by": "heuristic, rubric 7", "badge": "aligned with people", "overall": OVERALL}
MODEL = {"kind": "model", "models": ["m-2", "m-1"]}
NO_LABELS = "not aligned with people: no human labels of this judge (heuristic, rubric 7)"


def judgement(*, is_good: bool, **changes: object) -> JudgeResult:
    """Return what a judge said of a session."""
    score = 4.0 if is_good else 1.0
    told = {"kind": "heuristic", "rubric_version": "7", "scores": dict.fromkeys(DIMENSIONS, score), "overall": score}
    return JudgeResult.model_validate({**told, **changes})


def judged(collector: RunningCollector, judgements: list[JudgeResult]) -> list[str]:
    """Open a trace for each judgement, and store it there as the workers do."""
    with httpx.Client() as client:
        created = [client.post(f"{collector.url}/v1/traces", json=OPENING).json()["trace_id"] for _ in judgements]

    def stored(connection) -> None:
        for trace_id, judge in zip(created, judgements, strict=True):
            results = QaResults(validation=None, judge=judge)
            store_results(connection, trace_id, results, 0, unreplayed=None, is_judge_only=False)

    collector.service.database.write(stored).result()
    return created


def run(*words: object, code: int = 0) -> str:
    """Run the command line; return all that it said."""
    result = CliRunner(env={"COLUMNS": "500"}).invoke(app, [*map(str, words)])
    assert result.exit_code == code, result.output
    return result.output


def at(collector: RunningCollector) -> list[str]:
    """Return the options that name a collector."""
    return ["--collector", collector.url, "--token", DEV_TOKEN]


def filled_in(labels: Path, say: Callable[[list[bool]], list[bool]]) -> Path:
    """Fill the column of a person in, beside what the judge said."""
    with labels.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row, vote in zip(rows, say([row["judge"] == "good" for row in rows]), strict=True):
        row["human:anna"] = "good" if vote else "bad"
        row["human:anna:efficiency"] = row["judge:efficiency"]
    filled = labels.with_name("filled.csv")
    with filled.open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    return filled


def started_with(folder: Path, *reports: str) -> str:
    """Start a collector with reports; return why it does not start."""
    try:
        with dev_collector(folder / "data", qa_alignments=",".join(str(folder / one) for one in reports)):
            return ""
    except InvalidInput as refused:
        return refused.message


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, Path]:
    """Judge sessions at a collector and write them down; its folder, one trace, and the label file."""
    folder = tmp_path_factory.mktemp("study")
    with dev_collector(folder / "data", is_durable=False) as collector:
        traces = judged(collector, [judgement(is_good=n % 2 == 0) for n in range(COUNT)])
        judged(collector, [judgement(is_good=True, **MODEL), judgement(is_good=True, rubric_version="6")])
        told = run("eval", "labels", folder / "labels.csv", "--rater", "anna", *at(collector))
        shown = run("trace", "show", traces[0], *at(collector))
    assert f"{COUNT} sessions judged by heuristic, rubric 7, 0 with a label." in told
    assert "Left out: 1 sessions judged by model m-1 + m-2, rubric 7." in told
    assert "Left out: 1 sessions judged by heuristic, rubric 6." in told
    assert NO_LABELS in shown
    return folder, traces[0], folder / "labels.csv"


def shown_with(study: tuple[Path, str, Path], report: Path) -> tuple[str, dict]:
    """Start the collector with a report; return what `trace show` and the route say of a trace."""
    folder, trace_id, _ = study
    with dev_collector(folder / "data", qa_alignments=str(report)) as collector:
        told = collector.read(f"/v1/traces/{trace_id}/qa", DEV_TOKEN).json()["results"]["judge"]["alignment"]
        document = collector.read(f"/v1/traces/{trace_id}", DEV_TOKEN).json()
        assert document["qa"]["judge"]["alignment"] == told
        return run("trace", "show", trace_id, *at(collector)), told


def test_labels_of_people_make_a_judge_aligned(study: tuple[Path, str, Path], tmp_path: Path) -> None:
    """Out, filled in, aligned, handed to the collector: the score stands beside n and lower bound, not beside doubt."""
    draw = random.Random(4)
    filled, report = filled_in(study[2], lambda said: erring(0.02)(said, draw)), tmp_path / "report.json"
    run("eval", "align", filled, "--json", report)
    shown, told = shown_with(study, report)

    assert told["is_aligned"] is True
    assert (told["labelled"], told["aligned_dimensions"]) == (COUNT, ["efficiency"])
    assert told["agreement_low"] > 0.85
    assert f"this judge is aligned with people: agreement {100 * told['agreement']:.1f} % [" in shown
    assert f"{COUNT} labels" in shown
    assert "efficiency: 4.0 (weight 15 %)" in shown
    assert "causal linking: 4.0 (weight 25 %, not aligned)" in shown


def test_a_report_below_the_gate_aligns_nobody(study: tuple[Path, str, Path], tmp_path: Path) -> None:
    """Where people disagree with the judge its report says so, and the reason stands beside the score."""
    draw = random.Random(5)
    filled, report = filled_in(study[2], lambda said: erring(0.3)(said, draw)), tmp_path / "report.json"
    run("eval", "align", filled, "--json", report, code=1)
    shown, told = shown_with(study, report)

    assert told["is_aligned"] is False
    assert "this judge is not aligned with people: agreement 70.0% is below 90%" in shown
    assert "lower bound" in shown


def test_labels_of_another_judge_say_nothing(study: tuple[Path, str, Path], tmp_path: Path) -> None:
    """A report counts for the very judge that it is about: another rubric or model stays not aligned."""
    draw = random.Random(6)
    filled, report = filled_in(study[2], lambda said: erring(0.02)(said, draw)), tmp_path / "report.json"
    run("eval", "align", filled, "--json", report)
    other = {**json.loads(report.read_text()), "judged_by": "heuristic, rubric 6"}
    report.write_text(json.dumps(other))
    shown, _ = shown_with(study, report)

    assert NO_LABELS in shown


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"judged_by": None}, "judged_by"),
        ({"overall": {**OVERALL, "labelled": 3}}, "own figures"),
        ({"overall": {**OVERALL, "agreement": {"share": 1, "interval": [0.5, 1]}}}, "own figures"),
        ({"overall": {"is_aligned": True}}, "overall.labelled"),
    ],
    ids=["nobody", "few", "low", "cut"],
)
def test_a_report_that_does_not_hold_is_refused(tmp_path: Path, change: dict, words: str) -> None:
    """A collector does not start on a report that names no judge or calls aligned what its figures do not."""
    (tmp_path / "report.json").write_text(json.dumps(REPORT | change))

    assert words in started_with(tmp_path, "report.json")


def test_reports_are_there_and_each_about_another_judge(tmp_path: Path) -> None:
    """A missing report and a second one on the same judge are named; reports on two judges are both taken."""
    (tmp_path / "one.json").write_text(json.dumps(REPORT))
    (tmp_path / "same.json").write_text(json.dumps(REPORT))
    (tmp_path / "other.json").write_text(json.dumps(REPORT | {"judged_by": "model m-1, rubric 7"}))

    assert started_with(tmp_path, "one.json", "other.json") == ""
    assert "same.json is the second report on the judge 'heuristic, rubric 7'" in started_with(
        tmp_path, "one.json", "same.json"
    )
    assert (
        started_with(tmp_path, "missing.json") == f"{tmp_path}/missing.json cannot be read: No such file or directory."
    )
    (tmp_path / "words.json").write_text("aligned")
    assert "words.json is no JSON" in started_with(tmp_path, "words.json")


def test_asking_again_keeps_what_people_said(tmp_path: Path) -> None:
    """The judge's words are those of today, people's stay; another judge's words do not remain beside them."""
    labels = tmp_path / "labels.json"
    with dev_collector(tmp_path / "data", is_durable=False) as collector:
        good, bad = judged(collector, [judgement(is_good=True), judgement(is_good=False)])
        run("eval", "labels", labels, "--rater", "anna", *at(collector))
        items = json.loads(labels.read_text())["items"]
        for item in items:
            item["humans"]["anna"] = item["item_id"] == good
        items.append({"item_id": "elsewhere", "judge": True, "judged_by": "model x, rubric 1", "humans": {"bo": True}})
        labels.write_text(json.dumps({"items": items}))
        told = run("eval", "labels", labels, *at(collector))
        refused = run("eval", "labels", labels, "--judge", "nobody", *at(collector), code=2)

    by_id = {one.item_id: one for one in read_labels(labels)}
    assert "2 sessions judged by heuristic, rubric 7, 2 with a label." in told
    assert (by_id[good].judge, by_id[good].human, by_id[bad].judge, by_id[bad].human) == (True, True, False, False)
    assert (by_id["elsewhere"].judge, by_id["elsewhere"].judged_by, by_id["elsewhere"].human) == (None, None, True)
    assert "No session was judged by nobody. Judges here: heuristic, rubric 7." in refused


def test_people_can_label_before_they_see_the_judge(tmp_path: Path) -> None:
    """A table of people's labels alone gets the judge's words beside them, and says the same when it is read again."""
    labels = tmp_path / "labels.csv"
    with dev_collector(tmp_path / "data", is_durable=False) as collector:
        (trace_id,) = judged(collector, [judgement(is_good=True)])
        labels.write_text(f'item_id,human:anna,human:anna:efficiency,group:who\n{trace_id},good,4.5,"a ""b"", c"\n')
        told = run("eval", "labels", labels, *at(collector))
        (item,) = read_labels(labels)
        run("eval", "labels", labels, *at(collector))
        refused = run("eval", "labels", tmp_path / "labels.txt", *at(collector), code=2)

    assert "1 sessions judged by heuristic, rubric 7, 1 with a label." in told
    assert read_labels(labels) == [item]
    assert (item.judge, item.human, item.judge_points["efficiency"]) == (True, True, 4.0)
    assert item.human_points == {"anna": {"efficiency": 4.5}}
    assert item.groups == {"who": 'a "b", c', "verdict": "none"}
    assert "labels are written as .csv or .json" in refused


def test_one_report_is_about_one_judge(tmp_path: Path) -> None:
    """Labels of two judges in one file are refused by name."""
    labels = tmp_path / "labels.csv"
    labels.write_text("item_id,judge,judged_by,human:anna\na,good,one,good\nb,good,other,bad\n")

    assert "The labels are of one and of other" in run("eval", "align", labels, code=2)
