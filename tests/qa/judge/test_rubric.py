"""The rubric's page and its data say the same."""

from __future__ import annotations

import re
from pathlib import Path

from patchtrail.contract.qa import DIMENSIONS
from patchtrail.qa.judge.rubric import CHECKS, MAX_SCORE, QUESTIONS, RUBRIC_VERSION, checks_of, weighted

PAGE = (Path(__file__).parents[3] / "docs" / "rubric.md").read_text()
CHAPTER = re.compile(r"^## (.+), (\d+) % — (.+)$", re.MULTILINE)
ROW = re.compile(r"^\| `(\w+)` \| (.+) \|$", re.MULTILINE)


def test_the_page_tells_the_checks_word_for_word() -> None:
    """Every check stands on the page under its dimension, in order and in the same words."""
    told = [row for chapter in PAGE.split("\n## ")[1:] for row in ROW.findall(chapter)]

    assert told == [(check.name, check.met_when) for check in CHECKS]
    assert {len(checks_of(dimension)) for dimension in DIMENSIONS} == {MAX_SCORE}


def test_the_page_tells_version_weights_and_questions() -> None:
    """Version, weights and the question of each dimension are those of the page."""
    chapters = CHAPTER.findall(PAGE)

    assert PAGE.startswith(f"# The rubric, version {RUBRIC_VERSION}\n")
    assert [int(weight) for _, weight, _ in chapters] == list(DIMENSIONS.values())
    assert [question for _, _, question in chapters] == list(QUESTIONS.values())


def test_the_overall_score_is_the_weighted_mean() -> None:
    """All fives are five, and a dimension moves the mean by its weight."""
    fives = {str(dimension): 5.0 for dimension in DIMENSIONS}

    assert weighted(fives) == 5.0
    assert weighted({**fives, "causal_linking": 1.0}) == 4.0
