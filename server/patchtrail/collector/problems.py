"""The one error shape of every route: our own errors, the framework's, and those that should not happen."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from patchtrail.contract.errors import (
    InvalidInput,
    NotAllowed,
    NotFound,
    PatchtrailError,
    StateConflict,
    VerificationFailed,
)
from patchtrail.contract.problem import PROBLEM_MEDIA_TYPE, Problem

__all__ = ["install", "problem_response", "status_of"]

logger = logging.getLogger(__name__)

STATUS_BY_CODE = {
    "log_inconsistent": 503,
    "unauthenticated": 401,
    "bad_json": 422,
    "idempotency_key": 400,
    "library_changed": 412,
    "precondition_required": 428,
    "rate_limited": 429,
    "quota_exceeded": 413,
    "too_slow": 408,
    "too_large": 413,
    "base.too_large": 413,
    "chunk_too_large": 413,
    "chunk.chunk_too_large": 413,
    "unsupported_media_type": 415,
}
STATUS_BY_KIND: tuple[tuple[type[PatchtrailError], int], ...] = (
    (InvalidInput, 422),
    (VerificationFailed, 422),
    (NotAllowed, 403),
    (NotFound, 404),
    (StateConflict, 409),
)


def status_of(error: PatchtrailError) -> int:
    """Return the HTTP status (RFC 9110) that says what kind of failure this is."""
    if error.code in STATUS_BY_CODE:
        return STATUS_BY_CODE[error.code]
    return next((status for kind, status in STATUS_BY_KIND if isinstance(error, kind)), 500)


def problem_response(status: int, problem: Problem) -> Response:
    """Return a problem as an HTTP answer."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if status == 429:
        headers["Retry-After"] = str(problem.detail.get("retry_after_s", 1))
    return Response(problem.model_dump_json(), status, headers, PROBLEM_MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answer every failure of every route with a problem."""
    app.add_exception_handler(PatchtrailError, _ours)
    app.add_exception_handler(HTTPException, _frameworks)
    app.add_exception_handler(Exception, _unexpected)


def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, PatchtrailError), "registered for this class"
    request.app.state.service.metrics.refusals.labels(error.code).inc()
    return problem_response(status_of(error), error.problem())


def _frameworks(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "registered for this class"
    code = {404: "no_such_route", 405: "method_not_allowed"}.get(error.status_code, "http_error")
    response = problem_response(error.status_code, Problem(code=code, message=str(error.detail), detail={}))
    response.headers.update(error.headers or {})
    if error.status_code == 405:
        response.headers["Allow"] = ", ".join(_allowed(request))
    return response


def _allowed(request: Request) -> list[str]:
    """Return every method that an address takes; the framework itself names those of one route only."""
    routes: list[APIRoute] = request.app.state.routes
    return sorted({name for one in routes if one.path_regex.match(request.url.path) for name in one.methods or ()})


def _unexpected(request: Request, error: Exception) -> Response:
    logger.error("%s %s: %s", request.method, request.url.path, type(error).__name__)
    message = "The collector failed; nothing was stored. Try again later."
    return problem_response(500, Problem(code="internal", message=message, detail={}))
