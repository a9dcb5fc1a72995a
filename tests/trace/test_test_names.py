"""One name for a test, however it is spelled and wherever it begins."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from patchtrail.trace.test_names import KnownTests, is_same_test, last_part

NAMES = st.text("ab.[1]", min_size=1, max_size=8)


@given(st.lists(NAMES, max_size=4), NAMES)
def test_known_tests_are_found_as_if_each_were_compared(names: list[str], other: str) -> None:
    """Looking a test up comes to the same as comparing it with each."""
    each = [one for one in names if last_part(one) == last_part(other) and is_same_test(one, other)]

    assert KnownTests(names).has(other) is (bool(each) or other in names)


def test_known_tests_are_many() -> None:
    """Very many tests are looked up among very many, by ids and by names."""
    known = KnownTests(f"tests.test_a.test_{one}" for one in range(50_000))

    assert sum(known.has(f"project/tests/test_a.py::test_{one}") for one in range(100_000)) == 50_000
    assert known
    assert not KnownTests(())
