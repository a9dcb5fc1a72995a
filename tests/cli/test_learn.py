"""`patchtrail learn` collects, analyzes, reports and keeps patterns."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from patchtrail.cli.app import app
from patchtrail.contract.attempt import AttemptRecord
from patchtrail.patching.attempts import AttemptStore
from tests.contract.patch_samples import RECORD
from tests.learning.patterns import pattern_of
from tests.model import ModelServer, Reply

ROOT = Path(__file__).parents[2]
NUMPY = "TypeError: Object of type float64 is not JSON serializable"
JUNIT = f"""<testsuites><testsuite name="pytest" timestamp="2024-01-04T12:00:00+00:00">
<testcase classname="tests.test_api" name="test_mean" file="tests/test_api.py" line="3">
<failure message="{NUMPY}">    json.dumps(mean)
E   {NUMPY}</failure></testcase>
<testcase classname="tests.test_api" name="test_sum"><failure message="assert 1 == 2">E   assert</failure></testcase>
<testcase classname="tests.test_api" name="test_fine"/>
</testsuite></testsuites>"""
SARIF = {
    "version": "2.1.0",
    "runs": [{"tool": {"driver": {"name": "Ruff"}}, "results": [
        {"ruleId": "F401", "level": "error", "message": {"text": "unused"},
         "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 3}}}]},
        {"ruleId": "F401", "level": "error", "message": {"text": "elsewhere"},
         "locations": [{"physicalLocation": {"artifactLocation": {"uri": "/etc/a.py"}, "region": {"startLine": 3}}}]},
    ]}],
}  # fmt: skip
FIX = '--- a/shop/cart.py\n+++ b/shop/cart.py\n@@ -1,4 +1,3 @@\n """A cart."""\n \n-import os\n import sys\n'
REVIEW = {"issue_type": "style", "pattern": "naming", "severity": "critical", "file_path": "b.py", "line": None}
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder that holds one source of each kind."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "junit.xml").write_text(JUNIT)
    (tmp_path / "ruff.sarif").write_text(json.dumps(SARIF))
    (tmp_path / "reviews.json").write_text(json.dumps([REVIEW, {**REVIEW, "timestamp": "2024-01-02T00:00:00"}]))
    return tmp_path


def check(*arguments: str, exit_code: int = 0, said: tuple[str, ...] = ()) -> str:
    """Run a verb; compare its exit code and what it says."""
    result = CliRunner().invoke(app, ["learn", *arguments])

    assert result.exit_code == exit_code, result.output
    assert [text for text in said if text not in result.output] == [], result.output
    return result.output


def metrics(folder: Path) -> Any:
    """Return what is kept."""
    return json.loads((folder / ".patchtrail" / "metrics.json").read_text())


def test_collect(folder: Path) -> None:
    """Failed tests, findings below here and reviews are counted, with pattern and time of each."""
    check("collect", "--junit", "junit.xml", "--sarif", "ruff.sarif", "--reviews", "reviews.json", said=("4 entries",))
    kept = metrics(folder)

    assert [(one["test_name"], one["pattern_violated"], one["timestamp"]) for one in kept["test_failures"]] == [
        ("tests/test_api.py::test_mean", "numpy_json_serialization", "2024-01-04T12:00:00"),
        ("tests.test_api::test_sum", None, "2024-01-04T12:00:00"),
    ]
    ruff, review = kept["code_reviews"]
    assert (ruff["pattern"], ruff["severity"], ruff["file_path"], ruff["line"]) == ("F401", "high", "a.py", 3)
    assert (review["pattern"], review["line"], review["count"]) == ("naming", 0, 2)
    assert "2024-01-02T00:00:00" in review["earlier"]
    assert (folder / ".patchtrail" / ".gitignore").read_text() == "*\n"


def test_a_report_that_says_when_it_was_counts_once(folder: Path) -> None:
    """The same report collected twice is one run; a later one is another."""
    for _ in range(2):
        check("collect", "--junit", "junit.xml")
    assert [one["count"] for one in metrics(folder)["test_failures"]] == [1, 1]

    (folder / "junit.xml").write_text(JUNIT.replace("01-04", "01-05"))
    check("collect", "--junit", "junit.xml")

    assert [one["count"] for one in metrics(folder)["test_failures"]] == [2, 2]
    check("collect", said=("2 entries: 2 test failures.",))


def test_a_recorded_session_teaches(folder: Path) -> None:
    """Of a session's bundle each test that was red counts once, with the session and the fix that turned it green."""
    shutil.copy(ROOT / "examples/complex-trace-chunks/bundle.zip", folder / "session.zip")
    for _ in range(2):
        check("collect", "--trace", "session.zip")
    (failure, *_) = metrics(folder)["test_failures"]

    assert failure["count"] == 1
    assert failure["traces"][0].startswith("trace-")
    assert "int(float(text) * 100)" in failure["code_snippet"]
    assert "int(Decimal(text) * 100)" in failure["fixed_code"]


def test_accepted_patches_teach(folder: Path) -> None:
    """An accepted patch gives a draft of its rule with what was wrong and what is right; others give none."""
    store = AttemptStore(folder, redact=str)
    for attempt_id, more in {
        "a1": {"status": "accepted", "patch_generated": FIX},
        "a2": {"status": "rejected"},
    }.items():
        store.add(AttemptRecord.model_validate_json(json.dumps({**RECORD, "attempt_id": attempt_id, **more})))
    check("collect", "--attempts", ".", said=("1 bugs",))
    check("analyze")
    (pattern,) = json.loads(check("patterns", "list", "--json"))

    assert (pattern["name"], pattern["rule_ids"], pattern["state"]) == (RECORD["rule_id"], [RECORD["rule_id"]], "draft")
    assert ("import os" in pattern["bad_example"], "import os" in pattern["good_example"]) == (True, False)
    assert (pattern["positive"][0]["code"], pattern["negative"][0]["code"]) == (
        pattern["bad_example"],
        pattern["good_example"],
    )


def test_secrets_are_not_kept(folder: Path) -> None:
    """What looks like a secret in a report is replaced before it is kept."""
    (folder / "junit.xml").write_text(JUNIT.replace("json.dumps(mean)", f"token = '{TOKEN}'"))
    check("collect", "--junit", "junit.xml")

    assert TOKEN not in (folder / ".patchtrail" / "metrics.json").read_text()
    assert "token = " in metrics(folder)["test_failures"][0]["code_snippet"]


def bad_sources(folder: Path) -> list[tuple[str, str, str]]:
    """Return sources that cannot be read, by option, with what is said of each."""
    contents = {
        "a.xml": "<testsuite",
        "b.xml": '<!DOCTYPE x [<!ENTITY a "b">]><testsuite>&a;</testsuite>',
        "c.sarif": '{"version": "1.0.0", "runs": []}',
        "d.json": json.dumps([REVIEW, {**REVIEW, "issue_type": 1}]),
        "e.json": "{",
        "f.zip": "no bundle",
        "g.md": "## Patterns to Apply",
    }
    for name, content in contents.items():
        (folder / name).write_text(content)
    (folder / "link.xml").symlink_to(folder / "junit.xml")
    return [
        ("--junit", "a.xml", "a.xml: The JUnit report cannot be read"),
        ("--junit", "b.xml", "EntitiesForbidden"),
        ("--junit", "link.xml", "is a link"),
        ("--junit", "none.xml", "none.xml: No such file"),
        ("--junit", ".", "no plain file"),
        ("--sarif", "c.sarif", "SARIF 1.0.0 cannot be read"),
        ("--reviews", "d.json", "d.json holds no reviews: Input should be a valid string at 1.issue_type"),
        ("--reviews", "e.json", "Invalid JSON"),
        ("--trace", "f.zip", "patchtrail: f.zip: This is not a sound bundle"),
        ("--plan", "../g.md", "may not climb"),
    ]


def test_one_bad_source_and_nothing_is_counted(folder: Path) -> None:
    """A source that cannot be read is named, and what stood before it on the command line is not counted either."""
    for option, name, told in bad_sources(folder):
        check("collect", "--junit", "junit.xml", option, name, exit_code=2, said=(told,))

    check("collect", said=("0 entries.",))


def test_a_broken_metrics_file_is_left_alone(folder: Path) -> None:
    """A metrics file that cannot be understood is named, and neither replaced nor added to."""
    (folder / "m.json").write_text('{"bugs": 7}')
    check(
        "collect", "--metrics-file", "m.json", "--junit", "junit.xml", exit_code=2, said=("m.json: This is no", "bugs")
    )
    check("analyze", "--metrics-file", "none.json", exit_code=2, said=("learn collect",))

    assert (folder / "m.json").read_text() == '{"bugs": 7}'


def test_nothing_is_written_behind_a_link(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A repository whose `.patchtrail` is a link does not decide where else is written."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (folder / ".patchtrail").symlink_to(elsewhere)
    check("collect", "--junit", "junit.xml", exit_code=2, said=("is a link",))

    assert list(elsewhere.iterdir()) == []


def test_analyze(folder: Path) -> None:
    """Patterns are found and kept as drafts that wait; a second look at the same metrics changes nothing."""
    check("collect", "--junit", "junit.xml", "--sarif", "ruff.sarif")
    check("analyze", "--no-update", said=("numpy_json_serialization  (new)", "nothing written"))
    assert not (folder / "patterns.json").exists()

    check("analyze", said=("2 new, 0 counted anew", "2 wait for approval"))
    before = (folder / "patterns.json").read_bytes()
    check("analyze", said=("0 new, 0 counted anew",))

    assert (folder / "patterns.json").read_bytes() == before


def test_the_repositorys_setting_approves(folder: Path) -> None:
    """With `approve_patterns` what is detected does not wait."""
    (folder / ".patchtrail.toml").write_text("[agent]\napprove_patterns = true\n")
    check("collect", "--junit", "junit.xml")

    assert "approval" not in check("analyze")


def test_report(folder: Path) -> None:
    """The report tells a person what was grave, for a period, and a program the same as JSON; a link is no target."""
    check("collect", "--junit", "junit.xml", "--reviews", "reviews.json")
    check("report", said=("| naming | critical | 2 |", "- test failures: 2"))
    check("report", "--period", "week", said=("the last 7 days", "- test failures: 0", "| naming | critical | 1 |"))
    check("report", "--period", "month", "--output", "out.json")
    check("report", "--output", "out.md")
    (folder / "link.md").symlink_to(folder / "out.md")
    check("report", "--output", "link.md", exit_code=2, said=("is a link",))

    assert json.loads((folder / "out.json").read_text())["ranked_patterns"][0]["pattern"] == "naming"
    assert (folder / "out.md").read_text().startswith("# What went wrong: everything so far\n")


def test_patterns(folder: Path) -> None:
    """A pattern is listed, shown, approved and archived, and an unknown one is named."""
    check("collect", "--junit", "junit.xml")
    check("analyze")
    check("patterns", "list", said=("numpy_json_serialization  draft, waits for approval  medium, 1 times",))
    check("patterns", "approve", "numpy_json_serialization", said=("approved",))
    check("patterns", "show", "numpy_json_serialization", said=("TypeError", "json.dumps(mean)", "taught by      ci"))
    check("patterns", "archive", "numpy_json_serialization", "--reason", "known")
    check("patterns", "show", "numpy_json_serialization", said=("draft → archived, known (person)",))
    check("patterns", "approve", "none", exit_code=2, said=("no pattern 'none'",))
    check("patterns", "archive", exit_code=2)

    assert json.loads(check("patterns", "list", "--state", "archived", "--json"))[0]["state"] == "archived"
    check("patterns", "list", "--state", "active", said=("No patterns.",))
    check("patterns", "list", "--state", "actve", exit_code=2, said=("'actve' is none of draft, shadow",))
    assert "\\x0a" not in check("patterns", "show", "numpy_json_serialization", said=("\n\nbad example\n  ",))


def test_import_and_export(folder: Path) -> None:
    """A page that people wrote is taken in as approved drafts, and written back without a change."""
    page = (ROOT / "tests/learning/pages/published.md").read_bytes()
    (folder / "AI_PATTERNS.md").write_bytes(page)
    check("patterns", "import", said=("bounds_checking: draft.", "2 patterns are new or changed."))
    check("patterns", "import", said=("0 patterns",))
    check("patterns", "export")

    assert (folder / "AI_PATTERNS.md").read_bytes() == page
    assert "waits" not in check("patterns", "list")


def test_where_there_is_nothing_nothing_is_written(folder: Path) -> None:
    """Without a pattern the verbs say so and leave no file, and a library in which nothing changed stays as it is."""
    check("gate", said=("No patterns.",))
    check("patterns", "export", said=("No pattern stands there",))
    (folder / "m.json").write_text("{}")
    check("analyze", "--metrics-file", "m.json")
    assert [(folder / name).exists() for name in ("patterns.json", "AI_PATTERNS.md")] == [False, False]

    theirs = json.dumps({"patterns": [pattern_of("p").model_dump(mode="json", exclude_defaults=True)]}) + "\n\n"
    (folder / "patterns.json").write_text(theirs)
    check("gate", said=("p: stays draft",))
    check("analyze", "--metrics-file", "m.json")
    check("patterns", "export", said=("No pattern stands there",))
    assert (folder / "patterns.json").read_text() == theirs


def test_a_pattern_without_an_example_fills_nothing(folder: Path) -> None:
    """A pattern that says what is wrong but not what is right is named as such, and code is not said to be filled."""
    check("collect", "--junit", "junit.xml")
    check("analyze")
    check("patterns", "approve", "numpy_json_serialization")
    prompt = "numpy_json_serialization, please"
    said = ("numpy_json_serialization has no good example yet", "nothing to fill from", "has an example: it is empty")
    check("generate", prompt, "--offline", said=said)


def evil(folder: Path) -> Path:
    """Return a library whose pattern has a name that would move a terminal's cursor."""
    file = folder / "evil.json"
    name = "numpy_json \x1b[2J"
    file.write_text(json.dumps({"patterns": [pattern_of(name, state="archived").model_dump(mode="json")]}))
    return file


def test_generate(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code goes out or into a new file, the report says what was applied, and the generation is counted."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "PATCHTRAIL_MODEL_URL"):
        monkeypatch.delenv(name, raising=False)
    shutil.copy(ROOT / "tests/learning/pages/published.md", folder / "AI_PATTERNS.md")
    check("patterns", "import")
    prompt = "Process a NumPy array and return JSON"
    check("generate", prompt, said=("float(np.mean(data))", "Applied numpy_json_serialization", "No model was asked"))
    check("generate", prompt, "--output", "out.py", "--min-confidence", "0.99", said=("below 99 %",))
    check("generate", prompt, "--no-apply", said=("patterns were not to be applied",))
    check("generate", prompt, "--output", "out.py", exit_code=2, said=("out.py is there already",))
    check("generate", " ", exit_code=2, said=("prompt",))
    assert "\x1b" not in check("generate", prompt, "--patterns-file", str(evil(folder))).partition("About:")[2]

    assert "np.mean" not in (folder / "out.py").read_text()
    assert [one["patterns_applied"] for one in metrics(folder)["code_generation"]] == [
        ["numpy_json_serialization"],
        [],
        [],
        [],
    ]


def test_generate_asks_the_configured_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of the environment is asked under the day's cap, and `--offline` asks none."""
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    with ModelServer(lambda _: Reply("```python\nx = 1\n```"), api_key="test-key") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "test-key")
        check("generate", "Sort names", said=("x = 1", "Asked of "))
        check("generate", "Sort names", "--offline", said=("No model was asked",))

        assert len(server.asked) == 1
