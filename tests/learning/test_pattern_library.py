"""The library keeps patterns, who approved them, and every decision."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from patchtrail.contract.errors import InvalidInput, NotFound, StateConflict
from patchtrail.contract.learning import PatternFile
from patchtrail.learning import MetricsAnalyzer, MetricsCollector, PatternLibrary, PatternManager
from tests.learning.clocks import Clock
from tests.learning.patterns import pattern_of

VECTORS = Path(__file__).parents[2] / "shared/vectors/PatternFile"


@pytest.fixture
def clock() -> Clock:
    """Return a clock."""
    return Clock()


@pytest.fixture
def library(tmp_path: Path, clock: Clock) -> PatternLibrary:
    """Return an empty library."""
    return PatternLibrary(tmp_path / "patterns.json", now=clock)


def found(*bugs: tuple[str, str], clock: Clock, times: int = 1) -> MetricsAnalyzer:
    """Analyze bugs by pattern and error, each so many times."""
    collector = MetricsCollector(now=clock)
    for pattern, error in bugs * times:
        collector.log_bug(pattern, error, f"{pattern}()", "a.py", 1, trace_id="trace-1")
    return MetricsAnalyzer(collector.export_dict(), now=clock)


def test_a_detected_pattern_waits_for_a_person(library: PatternLibrary, clock: Clock) -> None:
    """What was detected is a draft that nobody approved, with the failures that taught it as its fixtures."""
    metrics = found(("type_error", "TypeError: no"), clock=clock, times=3)
    (pattern,) = library.add_new_patterns(metrics.detect_new_patterns([]))

    assert (pattern.state, pattern.approved_at, pattern.occurrence_frequency) == ("draft", None, 3)
    assert (pattern.bad_example, pattern.description, pattern.rule_ids) == (
        "type_error()",
        "TypeError: no",
        ["TypeError"],
    )
    assert (pattern.provenance.traces, pattern.positive[0].message) == (["trace-1"], "TypeError: no")
    assert library.add_new_patterns(metrics.detect_new_patterns([])) == []
    assert library.approve("type_error").approved_at == "2024-01-04T12:00:00"
    assert library.get_pattern_by_name("type_error").state == "draft"


def test_a_setting_approves_what_is_detected(tmp_path: Path, clock: Clock) -> None:
    """With the setting a detected pattern is approved at once, and still only a draft."""
    library = PatternLibrary(tmp_path / "p.json", now=clock, approves_detected=True)
    (pattern,) = library.add_new_patterns(found(("p", "E"), clock=clock).detect_new_patterns([]))

    assert (pattern.state, pattern.approved_at) == ("draft", "2024-01-04T12:00:00")


def test_a_fix_that_is_known_later_is_taken(library: PatternLibrary, clock: Clock) -> None:
    """A draft that waits takes the example of a fix once there is one; what a person approved stays as it is."""
    collector = MetricsCollector(now=clock)
    for fixed_code in (None, "right()", "other()"):
        clock.goes(hours=1)
        collector.log_bug("p", "KeyError: x", f"wrong({fixed_code})", "a.py", 1, fixed_code=fixed_code)
        library.add_new_patterns(MetricsAnalyzer(collector.export_dict(), now=clock).detect_new_patterns([]))
    pattern = library.get_pattern_by_name("p")

    assert (pattern.bad_example, pattern.good_example) == ("wrong(right())", "right()")
    assert [one.code for one in (*pattern.positive, *pattern.negative)] == ["wrong(right())", "right()"]
    assert pattern.negative[0].message == ""


def test_an_example_shows_one_failure_and_its_own_fix(library: PatternLibrary, clock: Clock) -> None:
    """Of several failures the one whose fix is known is the example, so that both halves belong together."""
    collector = MetricsCollector(now=clock)
    for line, fixed_code in enumerate((None, "right(2)", "right(3)"), 1):
        collector.log_bug("p", "KeyError: x", f"wrong({line})", "a.py", line, fixed_code=fixed_code)
    (pattern,) = library.add_new_patterns(MetricsAnalyzer(collector.export_dict(), now=clock).detect_new_patterns([]))

    assert (pattern.bad_example, pattern.good_example) == ("wrong(2)", "right(2)")
    assert [one.code for one in pattern.positive] == ["wrong(1)", "wrong(2)", "wrong(3)"]


def test_the_same_metrics_count_once(library: PatternLibrary, clock: Clock) -> None:
    """Metrics that were counted before add only what came since; figures without times are added as they are."""
    library.put(pattern_of("p", occurrence_frequency=1))
    collector = MetricsCollector(now=clock)
    for expected in (2, 3):
        clock.goes(hours=1)
        collector.log_bug("p", "E", "x", "a.py", 1)
        frequent = MetricsAnalyzer(collector.export_dict(), now=clock).get_high_frequency_patterns(threshold=1)
        assert library.update_frequencies(frequent) == ["p"]
        assert library.update_frequencies(frequent) == []
        assert library.get_pattern_by_name("p").occurrence_frequency == expected

    assert library.update_frequencies([{"pattern": "p", "count": 4}, {"pattern": "unknown", "count": 1}]) == ["p"]
    assert library.get_pattern_by_name("p").occurrence_frequency == 7


def test_effectiveness_is_taken_where_it_is_known(library: PatternLibrary) -> None:
    """A score comes from enough data alone."""
    library.put(pattern_of("p"))
    library.put(pattern_of("q"))
    scores = {"p": {"score": 1.0, "trend": "improving"}, "q": {"score": 0.5, "trend": "insufficient_data"}}

    assert library.update_effectiveness({**scores, "r": scores["p"]}) == ["p"]
    assert [one.effectiveness_score for one in library.get_all_patterns()] == [1.0, 0.0]


def test_what_is_unused_is_archived(library: PatternLibrary, clock: Clock) -> None:
    """What neither occurred nor was approved nor decided on for so long is put away, by a decision that is kept."""
    for name, fields in {
        "old": {"last_occurrence": "2023-09-01T00:00:00"},
        "never": {},
        "seen": {"last_occurrence": "2023-12-24T00:00:00"},
        "approved": {"approved_at": "2023-12-24T00:00:00"},
        "put away": {"state": "archived"},
    }.items():
        library.put(pattern_of(name, **fields))

    assert library.archive_unused_patterns(days=90) == ["old", "never"]
    assert library.get_pattern_by_name("old").decisions[0].reason == "unused for 90 days"
    assert library.archive_unused_patterns(days=90) == []


def test_a_person_archives_with_a_reason(library: PatternLibrary) -> None:
    """A person's decision is kept; an archived pattern cannot be archived again, an unknown one not at all."""
    library.put(pattern_of("p", state="active"))

    assert library.archive("p", "of no use").decisions[0].model_dump(include={"before", "after", "reason"}) == {
        "before": "active",
        "after": "archived",
        "reason": "of no use",
    }
    with pytest.raises(StateConflict):
        library.archive("p")
    with pytest.raises(NotFound, match="no pattern 'q'"):
        library.approve("q")


@pytest.mark.parametrize("path", sorted(VECTORS.glob("*.json")), ids=lambda path: path.name)
def test_vectors(path: Path, tmp_path: Path) -> None:
    """The contract's good libraries are read and written as they are; the bad ones are refused and left alone."""
    value = json.loads(path.read_text())["value"]
    file = tmp_path / "patterns.json"
    file.write_text(json.dumps(value))
    if path.name.endswith(".bad.json"):
        with pytest.raises(InvalidInput, match=r"at patterns\.0\."):
            PatternLibrary(file)
        return
    PatternManager(file).save_patterns()

    assert PatternFile.model_validate(json.loads(file.read_text())) == PatternFile.model_validate(value)


def test_what_others_wrote_is_kept(tmp_path: Path) -> None:
    """Fields of another writer survive, in the file and in each pattern; the file keeps its mode."""
    file = tmp_path / "patterns.json"
    one = {**pattern_of("p").model_dump(mode="json"), "team": "core"}
    file.write_text(json.dumps({"version": "1.0.0", "changelog": [1], "patterns": [one]}))
    file.chmod(0o600)
    library = PatternLibrary(file)
    library.approve("p")
    library.save_patterns()
    written = json.loads(file.read_text())

    assert (written["version"], written["changelog"], written["patterns"][0]["team"]) == ("1.0.0", [1], "core")
    assert file.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["patterns.json"]  # noqa: PTH208 -- the names alone


def test_every_library_that_is_written_can_be_read(tmp_path: Path, clock: Clock) -> None:
    """A new pattern whose id another has gets one of its own; twins put in by hand are refused."""
    file = tmp_path / "patterns.json"
    library = PatternLibrary(file, now=clock)
    library.put(pattern_of("a_b").model_copy(update={"name": "other"}))
    (tmp_path / "page.md").write_text("### 1. A b\n#### Good pattern\n```\nx\n```\n")
    library.load_from_ai_patterns_md(tmp_path / "page.md")
    library.add_new_patterns([{"pattern": "a b", "count": 1}])
    library.save_patterns()
    assert [one.pattern_id for one in PatternLibrary(file).get_all_patterns()] == ["a_b", "a_b-2", "a b"]

    library.put(pattern_of("a_b").model_copy(update={"name": "twin"}))
    with pytest.raises(InvalidInput, match="'a_b' twice"):
        library.save_patterns()


def test_nobody_overwrites_what_another_wrote(tmp_path: Path) -> None:
    """Of two that read the same library, the second to save is refused, and the first one's work stays."""
    file = tmp_path / "patterns.json"
    first, second = PatternLibrary(file), PatternLibrary(file)
    first.put(pattern_of("first"))
    second.put(pattern_of("second"))
    first.save_patterns()
    for _ in range(2):
        with pytest.raises(StateConflict, match="changed meanwhile"):
            second.save_patterns()
    first.put(pattern_of("third"))
    first.save_patterns()

    assert [one.name for one in PatternLibrary(file).get_all_patterns()] == ["first", "third"]


def broken(folder: Path) -> dict[str, Path]:
    """Return files that are no library, by what is said of them."""
    whole = pattern_of("p").model_dump(mode="json")
    contents: dict[str, Any] = {
        "Invalid JSON": "{",
        "no pattern library": "[]",
        "at patterns": '{"patterns": {}}',
        "holds the pattern 'p' twice": json.dumps({"patterns": [whole, whole]}),
    }
    files = {told: folder / f"{number}.json" for number, told in enumerate(contents)}
    for told, path in files.items():
        path.write_text(contents[told])
    link, pipe = folder / "link.json", folder / "pipe.json"
    link.symlink_to(folder / "0.json")
    os.mkfifo(pipe)
    huge = folder / "huge.json"
    huge.touch()
    os.truncate(huge, (64 << 20) + 1)
    return {**files, "is a link": link, "no plain file": pipe, "larger than 64 MiB": huge}


def test_what_is_no_library_is_refused(tmp_path: Path) -> None:
    """Broken JSON, a wrong shape, a name that comes twice, a link, a pipe and a huge file are refused in words."""
    for told, path in broken(tmp_path).items():
        with pytest.raises(InvalidInput, match=told):
            PatternLibrary(path)


def test_it_needs_neither_collector_nor_command_line() -> None:
    """The learning package is imported without FastAPI, SQLAlchemy, Typer and Rich."""
    names = "MetricsCollector, MetricsAnalyzer, PatternLibrary, PatternManager, PatternAwareGenerator"
    program = f"from patchtrail.learning import {names}; import sys; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert {"fastapi", "sqlalchemy", "typer", "rich"} & {one.split(".")[0] for one in done.stdout.split()} == set()
