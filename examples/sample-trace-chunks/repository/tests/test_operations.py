"""The calculator's keys."""

import pytest

from calculator.operations import add, divide, percent_change, subtract, with_tax


def test_add():
    assert add(2, 3) == 5


def test_subtract():
    assert subtract(2, 3) == -1


def test_divide():
    assert divide(9, 4) == 2.25


def test_divide_by_zero():
    with pytest.raises(ZeroDivisionError):
        divide(1, 0)


@pytest.mark.parametrize(("old", "new", "percent"), [(200, 250, 25), (80, 60, -25), (5, 5, 0)])
def test_percent_change(old, new, percent):
    assert percent_change(old, new) == percent


def test_with_tax():
    assert with_tax(200, 19) == 238
