"""Amounts of money."""

import pytest

from billing.money import to_cents, to_text


@pytest.mark.parametrize(("text", "cents"), [("0", 0), ("5", 500), ("12.50", 1250), ("99.99", 9999)])
def test_to_cents(text, cents):
    assert to_cents(text) == cents


@pytest.mark.parametrize(("cents", "text"), [(0, "0.00"), (7, "0.07"), (1250, "12.50"), (-305, "-3.05")])
def test_to_text(cents, text):
    assert to_text(cents) == text
