"""Invoices: lines, and what they add up to."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.money import to_cents


@dataclass(frozen=True)
class Line:
    """One line of an invoice; the price is decimal text, as it was typed."""

    description: str
    quantity: int
    price: str


def line_total(line: Line) -> int:
    """Return what a line costs, in cents."""
    return line.quantity * to_cents(line.price)


def invoice_total(lines: Sequence[Line], discount_percent: int = 0) -> int:
    """Return what an invoice comes to, in cents; of half a cent the customer gets the better half."""
    gross = sum(line_total(line) for line in lines)
    return gross - gross * discount_percent // 100
