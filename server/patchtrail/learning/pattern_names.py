"""Which pattern a failure is of, by what it says: a published name where it has one, else its exception's."""

from __future__ import annotations

import re

from patchtrail.learning.signature import exception_of

__all__ = ["pattern_of_failure"]

NUMPY = re.compile(r"Object of type (?:(?:u?int|float|complex)\d+|bool_?|ndarray) is not JSON serializable")
PUBLISHED = {"IndexError": "bounds_checking", "MemoryError": "large_file_processing"}
SAYS_NOTHING = frozenset({"AssertionError", "Exception", "Error", "SystemExit", "KeyboardInterrupt"})
"""What a test raises because it fails, whatever was wrong."""
WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def pattern_of_failure(message: str, traceback: str = "") -> str | None:
    """Return a pattern's name, or None where a failure says no more than that something was not as expected."""
    if NUMPY.search(message) or NUMPY.search(traceback):
        return "numpy_json_serialization"
    exception = exception_of(traceback) or exception_of(message)
    if not exception or exception in SAYS_NOTHING:
        return None
    return PUBLISHED.get(exception) or WORD_START.sub("_", exception).lower()
