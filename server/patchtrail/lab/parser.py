"""The model that reads requests: it knows some of the words, makes the same mistakes always, and mishears a few."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from itertools import pairwise

from patchtrail.lab.quote import Fix, Quote, fixed

__all__ = ["Parser", "terms"]

NUMBER = re.compile(r"\d+(?:\.\d+)?")
WORD = re.compile(r"[a-z]+")
PARCELS = ("box", "envelope")
PLACES = {
    "us": "US", "uk": "UK", "de": "DE", "fr": "FR", "canada": "CA", "brazil": "BR", "south korea": "KR",
    "iran": "IR", "north korea": "KP", "syria": "SY",
}  # fmt: skip
KNOWN = {
    "weapon": ("prohibited", Fix("decline", "prohibited")),
    "battery": ("hazmat", Fix("mark", "hazmat")),
    "wine": ("liquid", Fix("seal")),
    "porcelain": ("fragile", Fix("mark", "fragile")),
    "insulin": ("temperature", Fix("mark", "chilled")),
    "laptop": ("insurance", Fix("mark", "insured")),
}
KILOGRAM = 1000.0


def terms(text: str) -> tuple[str, ...]:
    """Return a request's words and pairs of neighbouring words, in lower case, in order."""
    words = WORD.findall(text.lower())
    return (*words, *(f"{one} {other}" for one, other in pairwise(words)))


@dataclass(frozen=True)
class Parser:
    """Reads a text always in the same way; `noise` is the share of texts that it mishears, which ones by `seed`."""

    seed: int
    noise: float

    def read(self, text: str) -> Quote:
        """Return the quote by what the parser knows."""
        quote = self.plain(text)
        for word in terms(text):
            if word in KNOWN:
                label, fix = KNOWN[word]
                quote = fixed(quote, fix, label)
        return self._misheard(text, quote)

    def plain(self, text: str) -> Quote:
        """Return the quote as somebody would read it who knows no goods and hears everything."""
        said = terms(text)
        number = NUMBER.search(text)
        parcel = next((one for one in said if one in PARCELS), "")
        # Pairs of words come last, so that `south korea` is not taken for something shorter.
        country = next((PLACES[one] for one in reversed(said) if one in PLACES), "")
        return Quote(float(number[0]) if number else 0.0, KILOGRAM, parcel, country)

    def _misheard(self, text: str, quote: Quote) -> Quote:
        digest = hashlib.sha256(f"{self.seed}\n{text}".encode()).digest()
        if int.from_bytes(digest[:8], "big") >= self.noise * 2**64:
            return quote
        match digest[8] % 3:
            case 0:
                return replace(quote, parcel="")
            case 1:
                return replace(quote, country="")
            case _:
                return replace(quote, amount=quote.amount * 10)
