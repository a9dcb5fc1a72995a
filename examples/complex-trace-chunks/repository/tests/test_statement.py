"""Monthly statements."""

from billing.invoice import Line
from billing.statement import shipping, statement

MARCH = [[Line("Hinge", 3, "19.99"), Line("Bracket", 4, "2.50")], [Line("Bracket", 10, "2.50")]]


def test_shipping_is_per_parcel():
    assert shipping("4.50", 3) == 1350


def test_a_statement_without_discount():
    assert statement(MARCH[1:], 0, "4.50", 1) == ["Invoice 1: 25.00", "Shipping: 4.50", "Sum: 29.50"]


def test_a_statement_with_discount():
    rows = statement(MARCH, 10, "4.50", 2)
    assert rows == ["Invoice 1: 62.98", "Invoice 2: 22.50", "Shipping: 9.00", "Sum: 94.48"]


def test_a_statement_with_the_new_shipping_fee():
    rows = statement(MARCH, 10, "4.35", 2)
    assert rows == ["Invoice 1: 62.98", "Invoice 2: 22.50", "Shipping: 8.70", "Sum: 94.18"]
