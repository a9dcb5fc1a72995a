"""How many cases of which kind a synthetic data set holds, as `I001=30,F401=30,D=20,multi=20`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from patchtrail.contract.errors import InvalidInput
from patchtrail.evaluation import string_mutations
from patchtrail.evaluation.plan import SYNTHETIC, Share

__all__ = ["DEFAULT_MIX", "counts_of", "kinds", "read_mix"]

DEFAULT_MIX = "I001=30,F401=30,D=20,multi=20"
MISSING_DOCSTRING = re.compile(r"D10[0-7]")
MULTI_LINE = (
    string_mutations.open_string,
    string_mutations.long_string_line,
    string_mutations.trailing_blank_in_string,
    string_mutations.split_string,
)


def kinds() -> dict[str, tuple[Share, ...]]:
    """Return what each kind is made of: `D` is D100 to D107, `multi` strings of several lines, else a rule of Ruff."""
    ruff = [share for share in SYNTHETIC if share.tool == "ruff"]
    named = {share.rule_id: tuple(one for one in ruff if one.rule_id == share.rule_id) for share in ruff}
    return named | {
        "D": tuple(share for share in ruff if MISSING_DOCSTRING.fullmatch(share.rule_id)),
        "multi": tuple(share for share in ruff if share.mutator in MULTI_LINE),
    }


def read_mix(text: str) -> dict[str, int]:
    """Return the parts of each kind; raises `InvalidInput` naming what is wrong and the kinds that there are."""
    mix = dict[str, int]()
    for word in text.split(","):
        kind, _, parts = (one.strip() for one in word.partition("="))
        if kind not in kinds():
            raise InvalidInput(f"The mix names {kind!r}: it must be one of {', '.join(sorted(kinds()))}.")
        if not parts.isdecimal() or kind in mix:
            raise InvalidInput(f"The mix must name each kind once, with whole parts, as {DEFAULT_MIX}.")
        mix[kind] = int(parts)
    if not sum(mix.values()):
        raise InvalidInput("The mix has no part above 0.")
    return mix


def counts_of(mix: Mapping[str, int], cases: int) -> dict[str, int]:
    """Return how many cases of each kind make exactly `cases`; what is left over goes to the largest remainders."""
    whole = sum(mix.values())
    counts = {kind: cases * parts // whole for kind, parts in mix.items()}
    by_remainder = sorted(mix, key=lambda kind: (-(cases * mix[kind] % whole), kind))
    for kind in by_remainder[: cases - sum(counts.values())]:
        counts[kind] += 1
    return counts
