"""What routes share: the service, the caller's token, a JSON body, a documented problem."""

from __future__ import annotations

import hmac
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Path, Request
from fastapi.security import HTTPBearer
from pydantic import ValidationError

from patchtrail.collector.access import bearer
from patchtrail.collector.limits import MAX_JSON_BYTES, read_capped
from patchtrail.collector.service import Service
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.problem import PROBLEM_MEDIA_TYPE
from patchtrail.contract.wire import WireModel
from patchtrail.integrity.dsse import first_fault

__all__ = [
    "OPTIONAL_TOKEN",
    "Parts",
    "Token",
    "TokenOrNone",
    "TraceIdPath",
    "check_json",
    "json_body",
    "openapi_body",
    "problems",
]

Body = TypeVar("Body", bound=WireModel)
TOKENS = "The server's token reads and invites, a device's opens and reads, an upload token uploads to one trace."
OPTIONAL_TOKEN: list[dict[str, list[str]]] = [{"HTTPBearer": []}, {}]
PROBLEM_SCHEMA = {"$ref": "#/components/schemas/Problem"}
DESCRIPTIONS = {
    400: "The header `Idempotency-Key` is missing or none.",
    401: "No token, or one that is not known here.",
    403: "The token does not give this right.",
    404: "No such thing, or not for this reader.",
    408: "The body did not arrive in time.",
    409: "Another chunk is next, an artifact is missing, or the number is taken by another chunk.",
    412: "The library was changed since it was read; `detail` names its newest revision.",
    413: "The body is too large.",
    415: "The body has another media type than this route takes.",
    422: "The body does not hold: `detail.where` says where.",
    428: "The request names no version that it builds on.",
    429: "Too many requests; `Retry-After` says when the next one is taken.",
    503: "The collector cannot answer for its log; nothing was stored.",
}
TraceIdPath = Annotated[str, Path(pattern=r"^trace-[0-9a-f]{32}$")]


async def _service(request: Request) -> Service:  # A plain def would cost a thread hop per request.
    service = request.app.state.service
    assert isinstance(service, Service), "the application was built by create_app"
    return service


Documented = Annotated[object, Depends(HTTPBearer(auto_error=False, description=TOKENS))]


async def _token(request: Request, _documented: Documented) -> str:
    token = bearer(request.headers.get("authorization"))
    service = await _service(request)
    # A development token is another name of the server's.
    is_dev = service.dev_token is not None and hmac.compare_digest(token.encode(), service.dev_token.encode())
    return service.server_token if is_dev else token


async def _token_or_none(request: Request, documented: Documented) -> str | None:
    return await _token(request, documented) if "authorization" in request.headers else None


Parts = Annotated[Service, Depends(_service)]
Token = Annotated[str, Depends(_token)]
TokenOrNone = Annotated[str | None, Depends(_token_or_none)]


async def json_body(request: Request, model: type[Body]) -> Body:
    """Read and validate a JSON body; raises `InvalidInput` naming the first field that is wrong."""
    check_json(request)
    content = await read_capped(request, MAX_JSON_BYTES)
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        raise InvalidInput(first_fault(error), code="bad_json") from error


def check_json(request: Request) -> None:
    """Refuse a body that does not say that it is JSON."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise InvalidInput("This route takes application/json.", code="unsupported_media_type")


def openapi_body(*models: type[WireModel]) -> dict[str, Any]:
    """Document a body that the route reads itself, capped."""
    named: list[dict[str, Any]] = [{"$ref": f"#/components/schemas/{model.__name__}"} for model in models]
    schema = named[0] if len(named) == 1 else {"anyOf": named}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def problems(*statuses: int, success: dict[str, Any] | None = None) -> dict[int | str, dict[str, Any]]:
    """Document the failures of a route, and a 200 where the framework cannot tell it."""
    answers: dict[int | str, dict[str, Any]] = {} if success is None else {200: success}
    for status in statuses:
        content = {PROBLEM_MEDIA_TYPE: {"schema": PROBLEM_SCHEMA}}
        answers[status] = {"description": DESCRIPTIONS[status], "content": content}
        if status == 429:
            answers[status]["headers"] = {"Retry-After": {"schema": {"type": "string"}, "description": "Seconds."}}
    return answers
