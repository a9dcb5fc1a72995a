"""Patterns for tests, with only what a test is about spelled out."""

from __future__ import annotations

from typing import Any

from patchtrail.contract.learning import Example, Pattern

__all__ = ["pattern_of"]


def pattern_of(pattern_id: str, **fields: Any) -> Pattern:
    """Return a pattern; what is not given is dull."""
    dull = {
        "name": pattern_id,
        "description": "",
        "bad_example": "",
        "good_example": "",
        "test_coverage": "",
        "occurrence_frequency": 0,
        "last_occurrence": None,
        "severity": "low",
        "effectiveness_score": 0.0,
        "positive": [Example(code="wrong")],
        "negative": [Example(code="right")],
    }
    return Pattern(pattern_id=pattern_id, **{**dull, **fields})
