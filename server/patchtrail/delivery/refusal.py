"""What a collector's refusal means for what waits here.

Whatever it means, nothing unsent is deleted for it, save for a trace that its participant withdrew.
"""

from __future__ import annotations

from typing import Literal

from patchtrail.contract.problem import Problem

__all__ = ["Meaning", "meaning_of", "sentence_of"]

Meaning = Literal["later", "unauthorised", "artifacts", "poison", "withdrawn", "refused"]
"""later: the host is in trouble · unauthorised: the token · artifacts: send them again · poison: this chunk, for good ·
withdrawn: wipe the trace · refused: this trace, for now."""


def meaning_of(status: int, problem: Problem) -> Meaning:
    """Return what an answer that is no success means; one that is no problem of a collector's decides nothing."""
    if problem.code == "no_problem":
        return "unauthorised" if status == 401 else "later"
    if problem.code == "artifacts_missing":
        return "artifacts"
    if status == 410 and problem.code == "withdrawn":
        return "withdrawn"
    if status in (400, 413, 415, 422) or problem.code == "fork":
        return "poison"
    if status == 401:
        return "unauthorised"
    return "refused" if status in (403, 404, 409, 410) else "later"


def sentence_of(trace_id: str, n: int | None, problem: Problem, *, is_receipted_here: bool) -> str:
    """Return what to tell a person of a trace that the collector does not take now.

    `is_receipted_here` says that the chunk which the collector wants next was receipted by it before.
    """
    if problem.code == "chunk.order" and is_receipted_here and n is not None:
        wanted = problem.detail.get("next_n")
        return (
            f"{trace_id}: the collector lost chunks {wanted} to {n - 1} that it had receipted; perhaps it was restored "
            "from a backup. The receipts are kept as proof, and so is everything that is not sent yet."
        )
    if problem.code == "not_found":
        return f"{trace_id}: the collector does not know this trace any more. Everything that is not sent is kept."
    return f"{trace_id}: the collector refuses it ({problem.code}). Everything is kept, and offered again."
