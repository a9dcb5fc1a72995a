"""Prices of a small shop."""


def line_total(unit_cents, quantity, discount_percent=0):
    """Return the price of one order line, in cents."""
    gross = unit_cents * quantity
    return gross - gross * discount_percent


def order_total(lines):
    """Return the price of an order: lines of (unit_cents, quantity, discount_percent)."""
    return sum(line_total(*line) for line in lines)
