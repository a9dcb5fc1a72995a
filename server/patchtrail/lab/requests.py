"""Requests, drawn by seed, in both phrasings."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from patchtrail.lab.world import DECOYS, ITEMS, LIMITS_G, NAMES, PLACE_WEIGHTS, PLACES, SLANG, Shipment

__all__ = ["phrased", "shipments"]

PHRASES = (
    "Ship {amount}{space}{unit} {item} {parcel} to {place}",
    "Quote for {amount}{unit} {item} {parcel} -> {place}",
)
UNITS = {"kg": 1000.0, "g": 1.0, "lb": 453.592}
DECOY_SHARE = 0.04
TOO_HEAVY_SHARE = 0.04
GRAMS_SHARE = 0.12
POUNDS_SHARE = 0.3
"""Of crates: freight is often quoted in pounds."""


def shipments(seed: str) -> Iterator[Shipment]:
    """Yield shipments without end; the same name of a seed gives the same ones."""
    drawn = Random(seed)
    while True:
        yield _shipment(drawn)


def phrased(drawn: Random, amount: float, unit: str, item: str, parcel: str, place: str) -> str:
    """Return a request in one of the two phrasings."""
    return drawn.choice(PHRASES).format(
        amount=f"{amount:g}", space=drawn.choice((" ", "")), unit=unit, item=item, parcel=parcel, place=place
    )


def _shipment(drawn: Random) -> Shipment:
    trait = drawn.choices(tuple(ITEMS), weights=(48, 8, 9, 9, 9, 9, 8))[0]
    item = drawn.choice(ITEMS[trait])
    if drawn.random() < DECOY_SHARE:
        trait, item = "plain", drawn.choice(DECOYS)
    parcel = drawn.choices(NAMES, weights=(12, 6, 16, 52, 8, 6))[0]
    place = drawn.choices(tuple(PLACES), weights=PLACE_WEIGHTS)[0]
    amount, unit = _amount(drawn, parcel)
    text = phrased(drawn, amount, unit, item, parcel, place)
    return Shipment(text, trait, amount * UNITS[unit], SLANG.get(parcel, parcel), PLACES[place])


def _amount(drawn: Random, parcel: str) -> tuple[float, str]:
    """Return amount and unit; grams and pounds are drawn so that their numbers, taken for kilograms, are too much."""
    limit_kg = LIMITS_G[SLANG.get(parcel, parcel)] / 1000
    if parcel == "crate" and drawn.random() < POUNDS_SHARE:
        return float(drawn.randint(80, 130)), "lb"
    if drawn.random() < GRAMS_SHARE:
        return float(drawn.randrange(100, 1000, 50)), "g"
    if drawn.random() < TOO_HEAVY_SHARE:
        return round(limit_kg * drawn.uniform(1.1, 1.8), 1), "kg"
    return round(max(0.1, limit_kg * drawn.uniform(0.05, 0.95)), 1), "kg"
