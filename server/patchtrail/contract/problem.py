"""The one error shape on every wire: HTTP answers and LSP error data."""

from __future__ import annotations

from patchtrail.contract.wire import WireModel

__all__ = ["PROBLEM_MEDIA_TYPE", "Problem"]

PROBLEM_MEDIA_TYPE = "application/vnd.patchtrail.problem.v1+json"


class Problem(WireModel):
    """What was wrong (`code`, `message`) and where (`detail`), for a program and for a person."""

    code: str
    message: str
    detail: dict[str, str | int | list[str]]
