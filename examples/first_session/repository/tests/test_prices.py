from prices import line_total, order_total


def test_a_line_without_discount_costs_unit_times_quantity():
    assert line_total(250, 4) == 1000


def test_a_discount_is_a_percentage():
    assert line_total(1000, 1, 10) == 900


def test_an_order_sums_its_lines():
    assert order_total([(1000, 1, 10), (250, 4, 0)]) == 1900
