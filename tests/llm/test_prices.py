"""What models cost, and about how many tokens a text is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchtrail.contract.errors import InvalidInput
from patchtrail.llm import Message, Price, Prices, prices_of
from patchtrail.llm.prices import TABLE, UNPRICED
from patchtrail.llm.tokens import estimated_prompt_tokens, estimated_tokens


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-4o-mini", Price(150_000, 600_000)),
        ("gpt-4o-mini-2024-07-18", Price(150_000, 600_000)),
        ("gpt-4o-2024-08-06", Price(2_500_000, 10_000_000)),
        ("openai/gpt-4.1-nano", Price(100_000, 400_000)),
        ("Claude-Sonnet-4-5-20250929", Price(3_000_000, 15_000_000)),
        ("claude-opus-4-5", Price(5_000_000, 25_000_000)),
        ("claude-opus-4-1", Price(15_000_000, 75_000_000)),
        ("claude-3-5-haiku-latest", Price(800_000, 4_000_000)),
        ("gpt-4o-audio-preview", UNPRICED),
        ("gpt-4onion", UNPRICED),
        ("qwen2.5-coder:7b", UNPRICED),
        ("", UNPRICED),
    ],
)
def test_a_model_has_the_price_of_its_name(model: str, expected: Price) -> None:
    """Dates, numbers and channels are the same model; another word is another, and has no price that we know."""
    assert Prices().of(model) == expected


def test_every_price_is_found_by_its_own_name() -> None:
    """No row of the table is hidden by another."""
    assert [one for one in TABLE if Prices().of(one).output_microusd != TABLE[one][1] * 1000] == []


def test_the_user_s_own_price_wins() -> None:
    """Prices in the environment hold for every model, and what is free is priced at nothing."""
    own = {"PATCHTRAIL_MODEL_PRICE_INPUT": "0.15", "PATCHTRAIL_MODEL_PRICE_OUTPUT": " 2 "}
    free = {"PATCHTRAIL_MODEL_PRICE_INPUT": "0", "PATCHTRAIL_MODEL_PRICE_OUTPUT": "0"}

    assert prices_of(own).of("anything") == Price(150_000, 2_000_000)
    assert prices_of(free).of("gpt-4o") == Price(0, 0)
    assert prices_of({}) == Prices()
    assert not UNPRICED.is_priced


@pytest.mark.parametrize("text", ["cheap", "-1", "NaN", "inf", "1e99", "0,15"])
def test_odd_prices_are_refused(text: str) -> None:
    """A price that is none is refused by its variable's name, as is one without the other."""
    with pytest.raises(InvalidInput, match="PATCHTRAIL_MODEL_PRICE_OUTPUT is"):
        prices_of({"PATCHTRAIL_MODEL_PRICE_INPUT": "1", "PATCHTRAIL_MODEL_PRICE_OUTPUT": text})
    with pytest.raises(InvalidInput, match="both"):
        prices_of({"PATCHTRAIL_MODEL_PRICE_INPUT": "1"})


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_costs_are_never_rounded_to_nothing(into: int, out: int) -> None:
    """A cost is the exact one rounded up to a micro-USD, so nothing that was paid for counts as free."""
    exact = (into * 150_000 + out * 600_000) / 1_000_000

    assert exact <= Price(150_000, 600_000).cost_microusd(into, out) < exact + 1


@given(st.text(), st.text())
def test_estimates_grow_with_the_text(one: str, other: str) -> None:
    """A longer text is never fewer tokens, and only an empty one is none."""
    assert estimated_tokens(one) <= estimated_tokens(one + other) <= estimated_tokens(one) + estimated_tokens(other)
    assert (estimated_tokens(one) == 0) == (one == "")
    assert estimated_prompt_tokens([Message("user", one)]) > estimated_tokens(one)
