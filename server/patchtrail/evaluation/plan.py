"""Which findings are planted, and how many of each: the shares of one evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from patchtrail.evaluation import (
    code_mutations,
    docstring_mutations,
    import_mutations,
    string_mutations,
    syntax_mutations,
    type_mutations,
)
from patchtrail.evaluation.mutation import Mutation
from patchtrail.evaluation.source import Source

__all__ = ["BATCH_SHARE", "OF_RUFF", "PLAN", "SYNTHETIC", "Share", "quotas"]

Mutator = Callable[[Source, Random], Iterator[Mutation]]
BATCH_SHARE = 0.2
"""The share of findings that are asked about several at a time."""


@dataclass(frozen=True)
class Share:
    """How often one mutator is used, for one rule where it makes several."""

    rule_id: str
    mutator: Mutator
    weight: int
    tool: str = "ruff"


PLAN = (
    Share("F401", import_mutations.unused_import, 60),
    Share("E401", import_mutations.joined_imports, 35),
    Share("I001", import_mutations.unsorted_imports, 55),
    Share("F841", code_mutations.unused_variable, 50),
    Share("E711", code_mutations.compared_with_none, 35),
    Share("E712", code_mutations.compared_with_true, 30),
    Share("D100", docstring_mutations.missing_docstring, 25),
    Share("D101", docstring_mutations.missing_docstring, 40),
    Share("D102", docstring_mutations.missing_docstring, 50),
    Share("D103", docstring_mutations.missing_docstring, 50),
    Share("D104", docstring_mutations.missing_docstring, 12),
    Share("D107", docstring_mutations.missing_docstring, 25),
    Share("D200", docstring_mutations.malformed_docstring, 20),
    Share("D202", docstring_mutations.malformed_docstring, 20),
    Share("D205", docstring_mutations.malformed_docstring, 30),
    Share("D209", docstring_mutations.malformed_docstring, 25),
    Share("D210", docstring_mutations.malformed_docstring, 20),
    Share("D300", docstring_mutations.malformed_docstring, 20),
    Share("D400", docstring_mutations.malformed_docstring, 25),
    Share("D403", docstring_mutations.malformed_docstring, 20),
    Share("invalid-syntax", string_mutations.open_string, 40),
    Share("E501", string_mutations.long_string_line, 45),
    Share("W291", string_mutations.trailing_blank_in_string, 35),
    Share("ISC003", string_mutations.split_string, 20),
    Share("invalid-syntax", syntax_mutations.missing_colon, 40),
    Share("invalid-syntax", syntax_mutations.open_bracket, 35),
    Share("invalid-syntax", syntax_mutations.open_quote, 25),
    Share("invalid-syntax", syntax_mutations.bad_indentation, 25),
    Share("return-value", type_mutations.wrong_return, 30, tool="mypy"),
    Share("assignment", type_mutations.wrong_default, 30, tool="mypy"),
    Share("return-value", type_mutations.wrong_annotation, 30, tool="mypy"),
)
OF_RUFF = tuple(share for share in PLAN if share.tool == "ruff")
"""What Ruff decides alone, in milliseconds, for what asks again and again."""
SYNTHETIC = (
    *PLAN,
    Share("D105", docstring_mutations.missing_docstring, 10),
    Share("D106", docstring_mutations.missing_docstring, 5),
)
"""Also the rarest of the rules that ask for docstrings, which synthetic data sets name one by one."""


def quotas(findings: int, plan: Sequence[Share] = PLAN) -> list[int]:
    """Return for each share how many findings make `findings` in all, at least one of each."""
    whole = sum(share.weight for share in plan)
    return [max(1, round(findings * share.weight / whole)) for share in plan]
