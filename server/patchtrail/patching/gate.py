"""The gate that needs no tools: a patch changes something, and what parsed before parses after it."""

from __future__ import annotations

from patchtrail.patching.patch import Refusal
from patchtrail.patching.syntax import fault_of

__all__ = ["gate"]


def gate(file_path: str, before: str | None, after: str, *, is_exact: bool) -> Refusal | None:
    """Return why a file's new text may not be offered, or None.

    A text that did not parse before and does not after was changed at a certain place, or is not offered.
    """
    fault = fault_of(file_path, after)
    if fault is None:
        return None
    was_broken = before is not None and fault_of(file_path, before) is not None
    if was_broken and is_exact:
        return None
    words = "still does not parse" if was_broken else "would not parse any more"
    return Refusal("syntax_error", f"{file_path} {words}: line {fault.line}: {fault.message}.")
