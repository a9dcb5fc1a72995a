"""The gate that needs no tools: what parsed before parses after it."""

from __future__ import annotations

from dataclasses import dataclass

from patchtrail.patching.patch import Refusal
from patchtrail.patching.syntax import fault_of

__all__ = ["Verdict", "gate"]


@dataclass(frozen=True)
class Verdict:
    """Whether a new text parses, and why it may not be offered."""

    is_whole: bool
    refusal: Refusal | None = None


def gate(file_path: str, before: str | None, after: str, *, is_exact: bool) -> Verdict:
    """Return what parsing says of a file's new text.

    A text that did not parse before and does not after was changed at a certain place, or is not offered.
    """
    fault = fault_of(file_path, after)
    if fault is None:
        return Verdict(is_whole=True)
    was_broken = before is not None and fault_of(file_path, before) is not None
    if was_broken and is_exact:
        return Verdict(is_whole=False)
    words = "still does not parse" if was_broken else "would not parse any more"
    message = f"{file_path} {words}: line {fault.line}: {fault.message}."
    return Verdict(is_whole=False, refusal=Refusal("syntax_error", message))
