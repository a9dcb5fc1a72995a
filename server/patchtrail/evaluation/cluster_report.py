"""The report of failure modes: the worst ones with exemplars and a counter-example, and how far to believe them."""

from __future__ import annotations

from collections.abc import Iterator

from patchtrail.evaluation.failure import Failure
from patchtrail.evaluation.failure_mode import Clustering, Mode

__all__ = ["cluster_json", "cluster_report"]

SHOWN_CHARS = 200
UNSTABLE = 0.6


def cluster_report(clustering: Clustering, top: int) -> str:
    """Return the worst `top` modes as text."""
    return "\n".join(_lines(clustering, top))


def cluster_json(clustering: Clustering) -> dict[str, object]:
    """Return all modes for a program, the worst first, with the ids of their members."""
    return {
        "failures": clustering.count,
        "noise_share": clustering.noise_share,
        "modes": [_mode_json(mode) for mode in clustering.modes],
        "noise": [one.failure_id for one in clustering.noise],
    }


def _lines(clustering: Clustering, top: int) -> Iterator[str]:
    count, modes = clustering.count, clustering.modes
    yield f"{count} failures in {len(modes)} modes; {clustering.noise_share:.1%} belong to none"
    for place, mode in enumerate(modes[:top], 1):
        yield f"{place}. {mode.name}"
        rank = mode.rank
        ranked = f"severity {rank.severity:.1f} of 4, recency {rank.recency:.2f}"
        yield f"   {mode.count} failures ({rank.share:.1%}), {ranked}, {_known_by(mode)}"
        for one in mode.exemplars:
            yield f"   like  {_shown(one)}"
        if mode.counter_example is not None:
            yield f"   not   {_shown(mode.counter_example)}"
    if len(modes) > top:
        more = sum(mode.count for mode in modes[top:])
        yield f"{len(modes) - top} modes more hold {more} failures."


def _known_by(mode: Mode) -> str:
    if mode.signature is not None:
        return "one exact signature"
    silhouette = "" if mode.silhouette is None else f", silhouette {mode.silhouette:.2f}"
    doubt = " (DOUBTFUL)" if mode.stability < UNSTABLE else ""
    return f"by their words: stability {mode.stability:.2f}{doubt}{silhouette}"


def _shown(one: Failure) -> str:
    """Return a failure's end on one line: that is where it says what it is."""
    text = " ".join(one.text.split())
    return f"{one.failure_id}: {text if len(text) <= SHOWN_CHARS else '…' + text[-SHOWN_CHARS:]}"


def _mode_json(mode: Mode) -> dict[str, object]:
    return {
        "mode_id": mode.mode_id,
        "name": mode.name,
        "signature": mode.signature,
        "count": mode.count,
        "share": mode.rank.share,
        "severity": mode.rank.severity,
        "recency": mode.rank.recency,
        "score": mode.rank.score,
        "stability": mode.stability,
        "silhouette": mode.silhouette,
        "exemplars": [one.failure_id for one in mode.exemplars],
        "counter_example": mode.counter_example and mode.counter_example.failure_id,
        "members": [one.failure_id for one in mode.members],
    }
