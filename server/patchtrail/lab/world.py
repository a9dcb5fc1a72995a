"""The truth about items, places and parcels, known to the carrier and to whoever draws requests, and to nobody else."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

__all__ = [
    "COUNTRIES",
    "DECOYS",
    "EMBARGOED",
    "ITEMS",
    "LIMITS_G",
    "NAMES",
    "PLACES",
    "PLACE_WEIGHTS",
    "SLANG",
    "Shipment",
]

KG = 1000
LIMITS_G = MappingProxyType({"envelope": 2 * KG, "satchel": 5 * KG, "tube": 10 * KG, "box": 30 * KG, "crate": 60 * KG})
SLANG = MappingProxyType({"carton": "box"})
NAMES = (*LIMITS_G, *SLANG)
ITEMS = MappingProxyType(
    {
        "plain": ("books", "clothes", "shoes", "toys", "tea", "posters", "tools", "keyboards", "lamps", "yarn"),
        "prohibited": ("weapon", "fireworks", "ammunition", "ivory"),
        "hazmat": ("battery", "paint", "bleach", "matches"),
        "liquid": ("wine", "perfume", "alcohol", "shampoo"),
        "fragile": ("porcelain", "vase", "mirror", "glassware"),
        "temperature": ("insulin", "vaccine", "cheese", "flowers"),
        "insurance": ("laptop", "jewelry", "watch", "camera"),
    }
)
DECOYS = ("paint brush", "watch strap", "cheese grater", "fireworks poster", "perfume leaflet", "mirror frame")
"""Plain things whose names hold the word of something else."""
PLACES = MappingProxyType(
    {
        "US": "US", "UK": "UK", "DE": "DE", "FR": "FR", "Canada": "CA", "Brazil": "BR", "South Korea": "KR",
        "Italy": "IT", "Norway": "NO", "Peru": "PE", "Japan": "JP", "Spain": "ES", "Austria": "AT", "Germany": "DE",
        "Iran": "IR", "North Korea": "KP", "Syria": "SY",
    }
)  # fmt: skip
PLACE_WEIGHTS = (9, 6, 6, 6, 5, 5, 4, 3, 2, 2, 2, 2, 1, 3, 2, 2, 2)
EMBARGOED = frozenset({"IR", "KP", "SY"})
COUNTRIES = frozenset({*PLACES.values(), "AU", "GE", "GR", "SA"})


@dataclass(frozen=True)
class Shipment:
    """What is really sent; only the text is told."""

    text: str
    trait: str
    weight_g: float
    parcel: str
    country: str
