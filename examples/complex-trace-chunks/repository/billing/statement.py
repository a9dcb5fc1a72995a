"""Monthly statements: a customer's invoices, the shipping, and one sum."""

from collections.abc import Sequence

from billing.invoice import Line, invoice_total
from billing.money import to_text


def shipping(fee: str, parcels: int) -> int:
    """Return what a month's parcels cost, in cents."""
    return int(float(fee) * 100) * parcels


def statement(invoices: Sequence[Sequence[Line]], discount_percent: int, fee: str, parcels: int) -> list[str]:
    """Return a statement's rows: an amount per invoice, the shipping, the sum."""
    totals = [invoice_total(lines, discount_percent) for lines in invoices]
    carried = shipping(fee, parcels)
    rows = [f"Invoice {number}: {to_text(total)}" for number, total in enumerate(totals, start=1)]
    return [*rows, f"Shipping: {to_text(carried)}", f"Sum: {to_text(sum(totals) + carried)}"]
