"""The golden set: requests that nothing was learned from, half of them made to mislead."""

from __future__ import annotations

from dataclasses import dataclass

from patchtrail.lab.bench import Attempt, Bench
from patchtrail.lab.carrier import Carrier
from patchtrail.lab.parser import Parser
from patchtrail.lab.plan import LabPlan
from patchtrail.lab.requests import shipments
from patchtrail.lab.trials import Library
from patchtrail.lab.world import ITEMS, Shipment

__all__ = ["ADVERSARIAL", "GoldenResult", "golden_result"]

ADVERSARIAL = (
    # Words that mean something else here.
    Shipment("Ship 2 kg paint brush box to US", "plain", 2000, "box", "US"),
    Shipment("Quote for 1kg toy weapon box -> DE", "plain", 1000, "box", "DE"),
    Shipment("Ship 1 kg watch strap envelope to UK", "plain", 1000, "envelope", "UK"),
    Shipment("Quote for 0.5kg wine labels envelope -> FR", "plain", 500, "envelope", "FR"),
    Shipment("Ship 2 kg alcohol free wipes box to US", "plain", 2000, "box", "US"),
    Shipment("Ship 3 kg books on Iran box to Canada", "plain", 3000, "box", "CA"),
    Shipment("Quote for 4kg tube socks box -> US", "plain", 4000, "box", "US"),
    # Places that are nearly under embargo, and one that is.
    Shipment("Ship 2 kg tea box to South Korea", "plain", 2000, "box", "KR"),
    Shipment("Quote for 2kg tea box -> North Korea", "plain", 2000, "box", "KP"),
    # Units, written as people do.
    Shipment("Ship 950g posters tube to US", "plain", 950, "tube", "US"),
    Shipment("Quote for 120 lb lamps crate -> US", "plain", 54431, "crate", "US"),
    # Several troubles at once.
    Shipment("Ship 300 g perfume tube to Japan", "liquid", 300, "tube", "JP"),
    Shipment("Quote for 100lb vase crate -> Italy", "fragile", 45359, "crate", "IT"),
    Shipment("SHIP 2 KG FIREWORKS CRATE TO NORWAY", "prohibited", 2000, "crate", "NO"),
    Shipment("Ship 45 kg books box to US", "plain", 45000, "box", "US"),
    Shipment("Quote for 1kg vaccine satchel -> Peru", "temperature", 1000, "satchel", "PE"),
    Shipment("Ship 1 kg jewelry envelope to Spain", "insurance", 1000, "envelope", "ES"),
    Shipment("Ship 2 kg bleach carton to US", "hazmat", 2000, "box", "US"),
    Shipment("Quote for 9kg mirror frame tube -> UK", "plain", 9000, "tube", "UK"),
    Shipment("Ship 40 kg alcohol crate to Brazil", "liquid", 40000, "crate", "BR"),
)
"""Written by hand."""


@dataclass(frozen=True)
class GoldenResult:
    """One request of the set, quoted without and with what was learned; `plain` are the labels it calls for."""

    text: str
    is_adversarial: bool
    plain: tuple[str, ...]
    baseline: Attempt
    patched: Attempt


def golden_result(plan: LabPlan, library: Library, seen: frozenset[str]) -> tuple[GoldenResult, ...]:
    """Quote the golden set: a carrier of its own, nothing misheard, nothing learned, and nothing that was seen."""
    carrier, parser = Carrier(), Parser(plan.seed, 0.0)
    bench = Bench(carrier, parser)
    written = ADVERSARIAL[: plan.golden // 2]
    chosen = [
        *((one, True) for one in written),
        *((one, False) for one in _drawn(plan, plan.golden - len(written), seen)),
    ]
    results = list[GoldenResult]()
    for shipment, is_adversarial in chosen:
        text = carrier.take(shipment)
        plain = carrier.answer(text, parser.plain(text))
        patched = bench.retrieved(text, library.retriever, library.patches)
        results.append(GoldenResult(text, is_adversarial, plain, bench.bare(text), patched))
    return tuple(results)


def _drawn(plan: LabPlan, count: int, seen: frozenset[str]) -> list[Shipment]:
    """Return drawn shipments, as many per kind as can be, so that no label is left to luck."""
    kinds = dict[str, list[Shipment]]()
    drawn = shipments(f"{plan.seed} golden")
    while len(kinds) < len(ITEMS) or min(map(len, kinds.values())) * len(ITEMS) < count:
        one = next(drawn)
        if one.text not in seen:
            kinds.setdefault(one.trait, []).append(one)
    rows = zip(*(kinds[trait] for trait in sorted(kinds)), strict=False)
    return [one for row in rows for one in row][:count]
