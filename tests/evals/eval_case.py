"""The unit evals that are kept here."""

from __future__ import annotations

from pathlib import Path

from patchtrail.evaluation.unit_case import UnitCase, read_unit_cases

__all__ = ["CASES", "UnitCase", "read_cases"]

CASES = Path(__file__).parent / "cases"


def read_cases() -> list[UnitCase]:
    """Return every case, by kind and name."""
    return read_unit_cases(CASES)
