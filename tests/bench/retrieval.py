"""Retrieval among 1,000 patterns: the whole way from a question to three of them."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

from patchtrail.contract.learning import Example, Pattern
from patchtrail.learning import Question, Retriever, signature_of
from tests.bench.table import Goal, Row, Section

__all__ = ["measure"]

PATTERNS = 1_000
QUESTIONS = 300
WORDS = 3_000
LETTERS = "abcdefghijklmnoprstu"


def measure(folder: Path) -> Iterator[Section]:
    """Yield the time of one question."""
    drawn = random.Random(3)
    words = ["".join(drawn.choices(LETTERS, k=drawn.randint(3, 9))) for _ in range(WORDS)]
    begun = time.perf_counter()
    retriever = Retriever(_pattern(drawn, words, number) for number in range(PATTERNS))
    built = time.perf_counter() - begun
    took, found = list[float](), 0
    for question in [_question(drawn, words) for _ in range(QUESTIONS)]:
        begun = time.perf_counter()
        found += len(retriever.retrieve(question))
        took.append((time.perf_counter() - begun) * 1_000)
    notes = [f"The library is read in {built:.2f} s; {found / QUESTIONS:.1f} patterns per question."]
    row = Row("a question of 200 words", "ms", took, goal=Goal("p50 <= 5", "p99 <= 5"))
    yield Section(f"12. Retrieval among {PATTERNS:,} patterns", [row], notes)


def _pattern(drawn: random.Random, words: list[str], number: int) -> Pattern:
    code = "\n".join(" ".join(drawn.choices(words, k=8)) for _ in range(10))
    return Pattern(
        pattern_id=f"p{number}",
        name="_".join(drawn.choices(words, k=3)),
        description=" ".join(drawn.choices(words, k=15)),
        bad_example=code,
        good_example=code,
        test_coverage="",
        occurrence_frequency=1,
        last_occurrence=None,
        severity="low",
        effectiveness_score=0.5,
        state="active",
        rule_ids=[f"R{number % 50}"],
        positive=[Example(code=code, message=f"{words[number]} '{words[-number]}' is wrong {number}")],
    )


def _question(drawn: random.Random, words: list[str]) -> Question:
    message = f"{drawn.choice(words)} '{drawn.choice(words)}' is wrong {drawn.random()}"
    signature = signature_of(tool="t", rule_id=f"R{drawn.randint(0, 60)}", message=message, is_own=lambda _: True)
    return Question(" ".join(drawn.choices(words, k=200)), signature)
