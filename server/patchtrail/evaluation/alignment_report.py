"""The report of an alignment: the verdict in words first, then the figures it rests on, and what to label next."""

from __future__ import annotations

from collections.abc import Iterator

from patchtrail.evaluation.alignment import Alignment, DimensionFigures, Figures, People, Told
from patchtrail.evaluation.proposal import Proposal
from patchtrail.evaluation.weighted import Share

__all__ = ["alignment_json", "alignment_report"]


def alignment_report(alignment: Alignment, proposal: Proposal) -> str:
    """Return the report as text; shares are in per cent with their 95 % intervals."""
    return "\n".join(_lines(alignment, proposal))


def alignment_json(alignment: Alignment, proposal: Proposal) -> dict[str, object]:
    """Return the report for a program: shares from 0 to 1 with `of`, how many equal items they are known of."""
    people = alignment.people
    return {
        "is_aligned": alignment.is_aligned,
        "badge": alignment.badge,
        "judged_by": alignment.judged_by,
        "overall": _told_json(alignment.overall),
        "groups": {name: _told_json(told) for name, told in alignment.groups.items()},
        "dimensions": {
            name: {
                "is_aligned": told.is_aligned,
                "reasons": list(told.reasons),
                "labelled": told.figures.labelled,
                "quadratic_kappa": told.figures.quadratic_kappa,
                "within_one": _share_json(told.figures.within_one),
                "alpha": told.figures.alpha,
            }
            for name, told in alignment.dimensions.items()
        },
        "people": {
            "alpha": people.alpha,
            "alpha_with_judge": people.alpha_with_judge,
            "pairs": _share_json(people.pairs),
            "judge_pairs": _share_json(people.judge_pairs),
            "ceiling": people.ceiling,
            "is_suspicious": people.is_suspicious,
        },
        "abstained": alignment.abstained,
        "next": [{"item_id": item_id, "stratum": stratum} for item_id, stratum in proposal.next_items],
        "labels_needed": proposal.needed,
    }


def _lines(alignment: Alignment, proposal: Proposal) -> Iterator[str]:
    yield "aligned with people" if alignment.is_aligned else "NOT ALIGNED with people"
    yield from (f"  - {reason}" for reason in alignment.overall.reasons)
    yield from _figures(alignment.overall.figures)
    if alignment.abstained:
        yield f"  the judge said nothing of {alignment.abstained} items; they count nowhere"
    yield from _people(alignment.people)
    for name, group in alignment.groups.items():
        yield f"{name}: {_verdict(group)}"
        yield from _figures(group.figures)
    for name, dimension in alignment.dimensions.items():
        yield f"points for {name}: {_verdict(dimension)}"
        yield _dimension(dimension.figures)
    yield from _proposal(proposal)


def _verdict(told: Told[Figures] | Told[DimensionFigures]) -> str:
    return "aligned" if told.is_aligned else f"not aligned: {'; '.join(told.reasons)}"


def _figures(told: Figures) -> Iterator[str]:
    low, high = told.kappa_interval or (-1.0, 1.0)
    kappa = "unknown" if told.kappa is None else f"{told.kappa:.2f} [{low:.2f}, {high:.2f}]"
    yield f"  {told.labelled} labels of {told.judged} judged items, worth {told.raw.of:.0f}"
    yield f"  agreement {told.raw}, kappa {kappa}"
    yield f"  TPR {told.tpr}, TNR {told.tnr}"
    corrected = told.corrected
    rate = (
        f"{_percent(corrected.rate)} [{_percent(corrected.low)}, {_percent(corrected.high)}]"
        if corrected
        else "unknown"
    )
    yield f"  called good {told.called_good}; good, corrected for the judge's errors: {rate}"


def _people(people: People) -> Iterator[str]:
    if not people.pairs.of:
        yield "  no item has two people's labels: how far people agree is unknown"
        return
    yield f"  people with each other {people.pairs}, alpha {_figure(people.alpha)}"
    yield f"  the judge with single people {people.judge_pairs}, alpha of all {_figure(people.alpha_with_judge)}"
    if people.is_suspicious:
        yield f"  SUSPICIOUS: knowing the truth gives {_percent(people.ceiling or 0)} at most; did it see labels?"


def _dimension(told: DimensionFigures) -> str:
    kappa, alpha = _figure(told.quadratic_kappa), _figure(told.alpha)
    return f"  {told.labelled} labels, quadratic kappa {kappa}, within one point {told.within_one}, alpha {alpha}"


def _proposal(proposal: Proposal) -> Iterator[str]:
    if proposal.needed is None:
        yield "However much is labelled, the lower bound does not pass while agreement stays as it is."
    elif proposal.needed:
        yield f"About {proposal.needed} labels more, and labels and lower bound pass if agreement stays as it is."
    if proposal.next_items:
        yield "Label next:"
        yield from (f"  {item_id}  ({stratum})" for item_id, stratum in proposal.next_items)


def _told_json(told: Told[Figures]) -> dict[str, object]:
    figures, corrected = told.figures, told.figures.corrected
    return {
        "is_aligned": told.is_aligned,
        "reasons": list(told.reasons),
        "judged": figures.judged,
        "labelled": figures.labelled,
        "unseen": figures.unseen,
        "agreement": _share_json(figures.raw),
        "kappa": figures.kappa,
        "kappa_interval": figures.kappa_interval,
        "tpr": _share_json(figures.tpr),
        "tnr": _share_json(figures.tnr),
        "called_good": _share_json(figures.called_good),
        "corrected": corrected and {"rate": corrected.rate, "interval": [corrected.low, corrected.high]},
    }


def _share_json(one: Share) -> dict[str, object]:
    return {"share": one.share, "of": one.of, "interval": list(one.interval)}


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _figure(one: float | None) -> str:
    return "unknown" if one is None else f"{one:.2f}"
