"""The error tree: every failure that Patchtrail names.

::

    PatchtrailError                 base: owns code, message and detail
    ├── InvalidInput                a document, message or file does not have the required shape
    ├── VerificationFailed          signed evidence does not hold
    ├── PatchDoesNotApply           a diff does not fit the text it is applied to
    ├── NotAllowed                  the gate, a token or a role says no
    ├── StateConflict               a valid request meets a state that cannot take it
    ├── NotFound                    no such thing, or not for this reader
    ├── CollectorUnavailable        the collector cannot be reached or answers nonsense
    ├── SpoolUnavailable            the spool cannot be read, locked or written
    └── ModelUnavailable            a language model cannot be asked, or nobody waits for its answer any more
"""

from __future__ import annotations

from patchtrail.contract.problem import Problem

__all__ = [
    "CollectorUnavailable",
    "Detail",
    "InvalidInput",
    "ModelUnavailable",
    "NotAllowed",
    "NotFound",
    "PatchDoesNotApply",
    "PatchtrailError",
    "SpoolUnavailable",
    "StateConflict",
    "VerificationFailed",
]


Detail = dict[str, str | int | list[str]]


class PatchtrailError(Exception):
    """A failure with a stable `code`, a sentence for a person, and details for a program."""

    code = "internal"

    def __init__(self, message: str, *, code: str | None = None, detail: Detail | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.detail = detail or {}

    def problem(self) -> Problem:
        """Return the one wire shape of an error."""
        return Problem(code=self.code, message=self.message, detail=self.detail)


class InvalidInput(PatchtrailError):
    """A document, message or file does not have the required shape."""

    code = "invalid_input"


class VerificationFailed(PatchtrailError):
    """Signed evidence does not hold."""

    code = "verification_failed"


class PatchDoesNotApply(PatchtrailError):
    """A diff does not fit the text it is applied to."""

    code = "patch_does_not_apply"


class NotAllowed(PatchtrailError):
    """The gate, a token or a role says no."""

    code = "not_allowed"


class StateConflict(PatchtrailError):
    """A valid request meets a state that cannot take it."""

    code = "conflict"


class NotFound(PatchtrailError):
    """There is no such thing, or not for this reader."""

    code = "not_found"


class CollectorUnavailable(PatchtrailError):
    """The collector cannot be reached or answers nonsense."""

    code = "collector_unavailable"


class SpoolUnavailable(PatchtrailError):
    """The spool cannot be read, locked or written."""

    code = "spool_unavailable"


class ModelUnavailable(PatchtrailError):
    """A language model cannot be asked (`model_unavailable`, `model_timeout`, `spending_cap`), or was `cancelled`."""

    code = "model_unavailable"
