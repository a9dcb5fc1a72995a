"""What the calculator's keys do."""


def add(a: float, b: float) -> float:
    """Return the sum."""
    return a + b


def subtract(a: float, b: float) -> float:
    """Return the difference."""
    return a - b


def divide(a: float, b: float) -> float:
    """Return the quotient; raises `ZeroDivisionError` for a divisor of 0."""
    return a / b


def percent_change(old: float, new: float) -> float:
    """Return by how many percent of the old price the new one is higher; negative when it is lower."""
    return (new + old) / old * 100


def with_tax(net: float, percent: float) -> float:
    """Return a price with tax."""
    return net + net * percent / 100
