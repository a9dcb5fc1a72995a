"""Generation knows what a prompt is about, applies the patterns that belong to it, and says what it did."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

import pytest

from patchtrail.contract.errors import ModelUnavailable
from patchtrail.contract.learning import Pattern
from patchtrail.learning import GenerationResult, PatternAwareGenerator
from patchtrail.llm import Endpoint, model_of
from tests.learning.clocks import Clock
from tests.learning.patterns import pattern_of
from tests.model import ModelServer, Reply

UPLOAD = "Create FastAPI endpoint for audio file upload"
APPROVED = {"approved_at": "2024-01-01T00:00:00"}
LARGE = pattern_of(
    "large_file_processing",
    description="A large file is read at once\nwithout a look at its size",
    good_example="def save(upload):\n    return sum(len(chunk) for chunk in upload)",
    severity="high",
    **APPROVED,
)
NUMPY = pattern_of(
    "numpy_json_serialization", good_example="json.dumps(float(x))", rule_ids=["TypeError"], state="active"
)
BOUNDS = pattern_of("bounds_checking", good_example="items[0] if items else None", rule_ids=["IndexError"], **APPROVED)


def generate(prompt: str, *patterns: Pattern, **how: Any) -> GenerationResult:
    """Generate without a model."""
    return PatternAwareGenerator(patterns or (LARGE, NUMPY, BOUNDS), now=Clock()).generate(prompt, **how)


def applied(result: GenerationResult) -> list[str]:
    """Return the names of what was applied."""
    return [one.pattern.name for one in result.patterns_applied]


@pytest.mark.parametrize(
    ("prompt", "names"),
    [
        (UPLOAD, ["large_file_processing"]),
        ("Stream huge uploads to disk", ["large_file_processing"]),
        ("Process a NumPy array and return JSON", ["numpy_json_serialization"]),
        ("Return the first element of a list of items", ["bounds_checking"]),
        ("Never raise IndexError again", ["bounds_checking"]),
        ("Apply bounds_checking and numpy_json_serialization", ["numpy_json_serialization", "bounds_checking"]),
        ("Write a JSON endpoint", []),
        ("Sort names by length", []),
        ("x", []),
    ],
)
def test_a_prompt_finds_its_patterns(prompt: str, names: list[str]) -> None:
    """A prompt gets the patterns that it is about, by topic or by name, and others do not."""
    assert sorted(applied(generate(prompt))) == sorted(names)


def test_without_a_model_it_is_filled_and_said() -> None:
    """Without a model the code is the pattern's own good example below the prompt, and code and report say so."""
    result = generate(UPLOAD)

    assert result.code == (
        f"# {UPLOAD}\n# Filled without a model, from the examples of learned patterns: adapt it.\n\n\n"
        "# large_file_processing (high): A large file is read at once\n# without a look at its size\n"
        f"{LARGE.good_example}\n"
    )
    assert "No model was asked: filled from the patterns' own good examples." in result.report
    assert "approved by a person, not yet shown to help" in result.report
    assert (0.8 <= result.confidence <= 1, result.is_success, result.metadata["topics"][0]) == (
        True,
        True,
        "file upload",
    )


def test_patterns_can_be_left_out() -> None:
    """Without applying, patterns are only named, with the confidence that they would have had."""
    result = generate(UPLOAD, apply_patterns=False)

    assert (applied(result), result.confidence) == ([], generate(UPLOAD).confidence)
    assert "Not applied large_file_processing" in result.report
    assert "def save" not in result.code
    assert not result.is_success


def test_the_bar_decides() -> None:
    """What lies below the asked confidence is suggested with the reason, and a lower bar lets it in."""
    likely = generate("Write a JSON endpoint")
    sure = generate(UPLOAD, min_confidence=1.0)

    assert "numpy_json_serialization" in applied(generate("Write a JSON endpoint", min_confidence=0.3))
    assert (likely.confidence, "below 80 %" in likely.report) == (0.0, True)
    assert (applied(sure), "below 100 %" in sure.report) == ([], True)


@pytest.mark.parametrize(
    ("state", "told"),
    [("draft", "waits for a person's approval"), ("archived", "it is archived"), ("quarantined", "it is quarantined"),
     ("probation", "it is probation")],
)  # fmt: skip
def test_what_nobody_let_in_is_only_named(state: str, told: str) -> None:
    """A pattern that waits, was put away, or is on probation is never applied, however well it fits."""
    fields = {"state": state, "approved_at": None if state == "draft" else "2024-01-01T00:00:00"}
    result = generate(UPLOAD, LARGE.model_copy(update=fields))

    assert applied(result) == []
    assert told in result.report


@pytest.mark.parametrize(
    "fields",
    [
        {"severity": "critical"},
        {"occurrence_frequency": 9},
        {"last_occurrence": "2024-01-04T00:00:00"},
        {"effectiveness_score": 0.5},
    ],
)
def test_what_matters_more_comes_first(fields: dict[str, Any]) -> None:
    """Of two that fit alike, the graver, more frequent, later or more effective one comes first."""
    other = LARGE.model_copy(update={"name": "processing_large_files", **fields})

    assert applied(generate(UPLOAD, LARGE, other)) == ["processing_large_files", "large_file_processing"]


def test_at_most_three_are_applied() -> None:
    """However many fit, three are applied, and the others are named with the reason."""
    names = ["large_file", "large_files", "file_large", "large_file_processing"]
    result = generate(UPLOAD, *(LARGE.model_copy(update={"name": name}) for name in names))

    assert len(applied(result)) == 3
    assert "3 others matter more" in result.report


def test_what_happened_here_counts() -> None:
    """A pattern that was frequent or grave here is surer and matters more, where it is about the prompt at all."""
    metrics = {"critical_patterns": ["numpy_json_serialization"], "pattern_counts": {"numpy_json_serialization": 50}}
    before, after = (
        generate("Write a JSON endpoint", min_confidence=0.1, metrics_context=one) for one in ({}, metrics)
    )

    assert after.confidence > before.confidence
    assert after.patterns_applied[0].priority > before.patterns_applied[0].priority
    assert "it was grave here before" in after.report
    assert applied(generate("Sort names", metrics_context=metrics, min_confidence=0)) == []


def test_another_language_gets_no_python() -> None:
    """A pattern of one language is no pattern of another, and a fill comments in the prompt's own."""
    scoped = LARGE.model_copy(update={"scope": "python"})

    assert generate(f"{UPLOAD} in TypeScript", scoped).code.startswith("// ")
    assert applied(generate(f"{UPLOAD} in TypeScript", scoped)) == []
    assert applied(generate(UPLOAD, scoped)) == ["large_file_processing"]


@pytest.mark.parametrize("end", ["\n", "\r", "\x0b", "\x85", "\u2028"])
def test_no_prompt_or_description_becomes_code(end: str) -> None:
    """Whatever ends a line for any reader, what stands behind it in a prompt or a description stays a comment."""
    evil = f"upload a file{end}import os; os.system('x')"
    code = generate(evil, LARGE.model_copy(update={"description": evil})).code

    assert [type(node) for node in ast.parse(code).body] == [ast.FunctionDef]
    assert code.isascii() or "\u2028" not in code


def test_what_cannot_be_parsed_is_said() -> None:
    """Code that is no Python is no success, and the report names the line."""
    result = generate(UPLOAD, LARGE.model_copy(update={"good_example": "def ("}))

    assert "It does not parse as Python: line" in result.report
    assert not result.is_success


@pytest.mark.parametrize(("prompt", "bar"), [("", 0.8), (" \n", 0.8), ("x" * 30_000, 0.8), ("x", 1.1), ("x", -0.1)])
def test_what_is_no_request(prompt: str, bar: float) -> None:
    """An empty or endless prompt, and a bar that is no confidence, are refused by name."""
    with pytest.raises(ValueError, match=r"prompt|min_confidence"):
        generate(prompt, min_confidence=bar)


def asked(reply: Reply, prompt: str, *patterns: Pattern) -> tuple[GenerationResult, str]:
    """Generate with a model that answers so; return the result, and what the model was told."""
    with ModelServer(lambda _: reply, api_key="test-key") as server:
        endpoint = Endpoint(kind="openai", base_url=server.url, model="test-model", api_key="test-key")
        generator = PatternAwareGenerator(
            patterns, model=model_of(endpoint), redact=lambda text: text.replace("hunter2", "…"), now=Clock()
        )
        result = generator.generate(prompt)
        return result, server.asked[0].prompt


def test_a_model_gets_the_patterns() -> None:
    """A model is told prompt and lessons between fences, without secrets, and its code block is the code."""
    secret = LARGE.model_copy(update={"bad_example": "password = 'hunter2'"})
    result, told = asked(Reply("Here:\n```python\nx = 1\n```\nDone.", 10, 5), f"{UPLOAD} hunter2", secret, NUMPY)

    assert (result.code, result.metadata["model"], applied(result)) == ("x = 1\n", "test-model", [secret.name])
    assert secret.good_example in told
    assert "hunter2" not in told
    assert NUMPY.good_example not in told
    assert "Asked of test-model: 15 tokens" in result.report


def test_an_answer_without_a_block_is_code_as_it_is() -> None:
    """What a model answers without a fence is taken whole, and one that was cut off is called so."""
    result, _ = asked(replace(Reply("x = 1", 10, 5), finish_reason="length"), UPLOAD, LARGE)

    assert result.code == "x = 1\n"
    assert "The answer is not whole" in result.report


def test_a_model_that_fails_is_no_fill() -> None:
    """Where the model cannot be asked the failure is told; nothing pretends to be its answer."""
    with pytest.raises(ModelUnavailable):
        asked(Reply("", status=500, error="down"), UPLOAD, LARGE)
