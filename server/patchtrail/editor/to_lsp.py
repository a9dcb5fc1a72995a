"""From our types to LSP's: the only way out."""

from __future__ import annotations

from pydantic import JsonValue
from pygls.exceptions import JsonRpcException

from patchtrail.contract.errors import InvalidInput, PatchtrailError
from patchtrail.contract.wire import WireModel

__all__ = ["INVALID_PARAMS", "REQUEST_FAILED", "response_error", "result"]

INVALID_PARAMS = -32602
REQUEST_FAILED = -32803


def result(model: WireModel) -> JsonValue:
    """Return a result as JSON."""
    return model.model_dump(mode="json")


def response_error(error: PatchtrailError) -> JsonRpcException:
    """Return a failed request's answer: the protocol's own error, with our problem as its data."""
    code = INVALID_PARAMS if isinstance(error, InvalidInput) else REQUEST_FAILED
    return JsonRpcException(message=error.message, code=code, data=error.problem().model_dump(mode="json"))
