"""By what a failure is known exactly: what failed it, or its exception at its place in the repository.

Most failures of a check or a test say in words alone what is wrong; those have no exact signature.
"""

from __future__ import annotations

import re

from patchtrail.evaluation.failure import Failure
from patchtrail.learning.signature import signature_of

__all__ = ["exact_signature"]

TELLING = frozenset(
    {
        *("empty_answer", "no_change_in_answer", "unreadable_answer", "cut_off", "too_large"),
        *("outside_workspace", "not_located", "ambiguous", "no_op", "stale_document", "syntax_error"),
        *("timeout", "model_unavailable", "spending_cap"),
    }
)
"""Codes that say what happened; `tests_failed` or `finding_remains` only say where to read on."""
FOREIGN = re.compile(r"(?:^|[/\\])(?:site-packages|dist-packages|lib[/\\]python[\d.]*|node_modules)[/\\]|^<")


def exact_signature(failure: Failure) -> tuple[str, ...] | None:
    """Return what the failure shares with every other of its kind, the stage first; None where words must tell."""
    if failure.code in TELLING:
        return failure.stage, failure.code
    found = signature_of(traceback=failure.text, is_own=_is_own)
    if found.exception and found.frame:
        return failure.stage, found.exception, found.frame
    return None


def _is_own(path: str) -> bool:
    return not FOREIGN.search(path)
