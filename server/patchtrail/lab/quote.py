"""A quote as it is asked of the carrier: what was read of a request, and what patches changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["MISTAKES", "Answer", "Fix", "FixKind", "Quote", "fixed"]

Answer = tuple[str, ...]
"""The carrier's error labels; none is ok."""
FixKind = Literal["mark", "seal", "decline", "unit", "parcel", "country", "nothing"]
MISTAKES = frozenset({"misdeclared", "misrouted", "wrongly_declined"})
"""The labels that blame what was done, not what was left undone."""
UNSEALED = ("envelope", "tube", "satchel")


@dataclass(frozen=True)
class Quote:
    """Amount and grams per unit, the carrier's words for parcel and country, marks, or a reason to decline."""

    amount: float
    unit_g: float
    parcel: str
    country: str
    marks: frozenset[str] = frozenset()
    declined: str = ""
    treated: frozenset[str] = frozenset()
    """The labels that something was done about."""

    @property
    def weight_g(self) -> float:
        """The weight in grams."""
        return self.amount * self.unit_g

    def __str__(self) -> str:
        """Return it on one line."""
        marks = ",".join(sorted(self.marks)) or "-"
        where = f"parcel={self.parcel or '?'} destination={self.country or '?'} marks={marks}"
        return f"weight={self.weight_g / 1000:g} kg {where}{f' declined={self.declined}' if self.declined else ''}"


@dataclass(frozen=True)
class Fix:
    """One change of configuration."""

    kind: FixKind
    value: str = ""

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.kind}={self.value}" if self.value else self.kind


def fixed(quote: Quote, fix: Fix, label: str) -> Quote:
    """Return the quote with a fix applied for a label."""
    quote = replace(quote, treated=quote.treated | {label})
    match fix.kind:
        case "mark":
            return replace(quote, marks=quote.marks | {fix.value})
        case "seal":
            parcel = "box" if quote.parcel in UNSEALED else quote.parcel
            return replace(quote, marks=quote.marks | {"sealed"}, parcel=parcel)
        case "decline":
            return replace(quote, declined=fix.value)
        case "unit":
            return replace(quote, unit_g=float(fix.value))
        case "parcel":
            return replace(quote, parcel=fix.value)
        case "country":
            return replace(quote, country=fix.value)
        case "nothing":
            return quote
