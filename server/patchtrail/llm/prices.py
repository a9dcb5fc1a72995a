"""What models cost, as data; integers in micro-USD per million tokens.

A table ages: it is a default for accounts and caps, not an invoice. Whoever knows better sets both prices.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from patchtrail.contract.errors import InvalidInput

__all__ = ["PRICE_VARIABLES", "UNPRICED", "Price", "Prices", "prices_of"]

PRICE_VARIABLES = ("PATCHTRAIL_MODEL_PRICE_INPUT", "PATCHTRAIL_MODEL_PRICE_OUTPUT")
MILLION = 1_000_000
MAX_USD_PER_MILLION = 100_000
RELEASE = re.compile(r"(?:[-@:.](?:\d[\w.-]*|latest|preview[\w.-]*|v\d[\w.-]*|free|beta))?")
"""What may follow a name of the table and still be that model: a date, a number, a channel; never `-mini`."""


@dataclass(frozen=True)
class Price:
    """Micro-USD per million tokens; what has no price costs nothing, and says so."""

    input_microusd: int
    output_microusd: int
    is_priced: bool = True

    def cost_microusd(self, input_tokens: int, output_tokens: int) -> int:
        """Return what a request cost, rounded up, so that many small ones do not cost nothing."""
        return -(-(input_tokens * self.input_microusd + output_tokens * self.output_microusd) // MILLION)


UNPRICED = Price(0, 0, is_priced=False)

# USD per million tokens in thousandths: input, output. List prices of late 2025.
TABLE: Mapping[str, tuple[int, int]] = {
    "gpt-3.5-turbo": (500, 1_500),
    "gpt-4": (30_000, 60_000),
    "gpt-4-32k": (60_000, 120_000),
    "gpt-4-turbo": (10_000, 30_000),
    "gpt-4o": (2_500, 10_000),
    "gpt-4o-mini": (150, 600),
    "gpt-4.1": (2_000, 8_000),
    "gpt-4.1-mini": (400, 1_600),
    "gpt-4.1-nano": (100, 400),
    "gpt-5": (1_250, 10_000),
    "gpt-5-codex": (1_250, 10_000),
    "gpt-5-mini": (250, 2_000),
    "gpt-5-nano": (50, 400),
    "gpt-5-pro": (15_000, 120_000),
    "o1": (15_000, 60_000),
    "o1-mini": (1_100, 4_400),
    "o3": (2_000, 8_000),
    "o3-mini": (1_100, 4_400),
    "o4-mini": (1_100, 4_400),
    "claude-3-haiku": (250, 1_250),
    "claude-3-opus": (15_000, 75_000),
    "claude-3-5-haiku": (800, 4_000),
    "claude-3-5-sonnet": (3_000, 15_000),
    "claude-3-7-sonnet": (3_000, 15_000),
    "claude-haiku-4": (1_000, 5_000),
    "claude-sonnet-4": (3_000, 15_000),
    "claude-opus-4": (15_000, 75_000),
    "claude-opus-4-5": (5_000, 25_000),
    "gemini-2.0-flash": (100, 400),
    "gemini-2.5-flash": (300, 2_500),
    "gemini-2.5-flash-lite": (100, 400),
    "gemini-2.5-pro": (1_250, 10_000),
    "deepseek-chat": (280, 420),
    "deepseek-reasoner": (280, 420),
    "mistral-small": (100, 300),
    "mistral-large": (2_000, 6_000),
    "codestral": (300, 900),
}


@dataclass(frozen=True)
class Prices:
    """The table, or the user's own price, which holds for every model."""

    own: Price | None = None

    def of(self, model: str) -> Price:
        """Return a model's price by the longest name that it begins with; a vendor before `/` is ignored."""
        if self.own is not None:
            return self.own
        name = model.rpartition("/")[2].lower()
        known = [one for one in TABLE if name.startswith(one) and RELEASE.fullmatch(name, len(one))]
        if not known:
            return UNPRICED
        thousandths = TABLE[max(known, key=len)]
        return Price(thousandths[0] * 1000, thousandths[1] * 1000)


def prices_of(environment: Mapping[str, str]) -> Prices:
    """Read the user's own prices, in USD per million tokens; one without the other is refused."""
    given = [environment.get(one, "").strip() for one in PRICE_VARIABLES]
    if not any(given):
        return Prices()
    if not all(given):
        raise InvalidInput(f"Set both {PRICE_VARIABLES[0]} and {PRICE_VARIABLES[1]}, or neither.")
    return Prices(Price(_microusd(PRICE_VARIABLES[0], given[0]), _microusd(PRICE_VARIABLES[1], given[1])))


def _microusd(name: str, text: str) -> int:
    try:
        usd = Decimal(text)
    except InvalidOperation:
        usd = Decimal("NaN")
    if not usd.is_finite() or not 0 <= usd <= MAX_USD_PER_MILLION:
        raise InvalidInput(f"{name} is {text[:40]!r}: give USD per million tokens, such as 0.15.")
    return int(usd * MILLION)
