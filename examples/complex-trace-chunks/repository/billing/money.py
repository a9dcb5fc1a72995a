"""Amounts of money: whole cents inside, decimal text outside."""


def to_cents(text: str) -> int:
    """Return an amount such as "12.50" in cents."""
    return int(float(text) * 100)


def to_text(cents: int) -> str:
    """Return cents as an amount such as "12.50"."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"
