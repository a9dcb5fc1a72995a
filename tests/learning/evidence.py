"""Evidence for tests, as its file has it."""

from __future__ import annotations

from typing import Any

__all__ = ["FIXTURES", "pairs"]

FIXTURES: dict[str, Any] = {"fixtures": {"positive": 2, "negative": 1}, "regressions": []}


def pairs(with_alone: int, without_alone: int = 0, both: int = 0) -> dict[str, Any]:
    """Return paired runs by what went well."""
    kinds = [(True, False)] * with_alone + [(False, True)] * without_alone + [(True, True)] * both
    return {"pairs": [{"case": f"case {n}", "with": on, "without": off} for n, (on, off) in enumerate(kinds)]}
