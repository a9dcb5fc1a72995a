"""The carrier: it knows what is really sent, and answers a quote with error labels and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from patchtrail.lab.quote import Answer, Quote
from patchtrail.lab.world import COUNTRIES, EMBARGOED, LIMITS_G, Shipment

__all__ = ["Carrier"]

MARKS = {"hazmat": "hazmat", "liquid": "sealed", "fragile": "fragile", "temperature": "chilled", "insurance": "insured"}
MOST_G = max(LIMITS_G.values())
"""What nothing may exceed, whatever it is packed in."""
DRY = ("envelope", "tube", "satchel")


class Carrier:
    """Keeps what was handed to it, by the request's text, so that a request can be quoted again."""

    def __init__(self) -> None:
        self._shipments = dict[str, Shipment]()

    def take(self, shipment: Shipment) -> str:
        """Take a shipment; all that anyone else gets to see of it is the text that is returned."""
        self._shipments[shipment.text] = shipment
        return shipment.text

    def answer(self, text: str, quote: Quote) -> Answer:
        """Return what is wrong with a quote for the shipment of this text; nothing is ok."""
        shipment = self._shipments[text]
        if quote.declined:
            is_right = quote.declined in (shipment.trait, "embargo" if shipment.country in EMBARGOED else "")
            return () if is_right else ("wrongly_declined",)
        return tuple(_errors(shipment, quote))


def _errors(shipment: Shipment, quote: Quote) -> Iterator[str]:
    if shipment.trait == "prohibited":
        yield "prohibited"
    yield from _about_place(shipment, quote)
    if quote.parcel not in LIMITS_G:
        yield "parcel_unknown"
    if quote.weight_g > LIMITS_G.get(quote.parcel, MOST_G):
        yield "overweight"
    needed = MARKS.get(shipment.trait)
    if needed is not None and (needed not in quote.marks or (shipment.trait == "liquid" and quote.parcel in DRY)):
        yield shipment.trait
    if quote.marks - {needed}:
        yield "misdeclared"


def _about_place(shipment: Shipment, quote: Quote) -> Iterator[str]:
    if quote.country not in COUNTRIES:
        yield "destination_unknown"
    elif quote.country != shipment.country:
        yield "misrouted"
    elif quote.country in EMBARGOED:
        yield "embargo"
