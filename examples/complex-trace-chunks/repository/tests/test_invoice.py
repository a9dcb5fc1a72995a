"""Invoices."""

from billing.invoice import Line, invoice_total, line_total

HINGE = Line("Hinge", 3, "19.99")
BRACKET = Line("Bracket", 4, "2.50")


def test_a_line_is_quantity_times_price():
    assert line_total(BRACKET) == 1000


def test_an_invoice_adds_up():
    assert invoice_total([BRACKET, BRACKET]) == 2000


def test_half_a_cent_is_the_customers():
    assert invoice_total([Line("Washer", 1, "0.25")], discount_percent=10) == 23


def test_a_discount_is_taken_off():
    assert invoice_total([HINGE, BRACKET], discount_percent=10) == 6298
