"""HTTP to a collector, for the verbs that read and invite."""

from __future__ import annotations

from typing import TypeVar

import httpx
from pydantic import ValidationError

from patchtrail.contract.errors import (
    CollectorUnavailable,
    InvalidInput,
    NotAllowed,
    NotFound,
    PatchtrailError,
    StateConflict,
)
from patchtrail.contract.problem import Problem
from patchtrail.contract.wire import WireModel

__all__ = ["CollectorClient"]

Body = TypeVar("Body", bound=WireModel)
KINDS: dict[int, type[PatchtrailError]] = {401: NotAllowed, 403: NotAllowed, 404: NotFound, 409: StateConflict}


class CollectorClient:
    """Requests with one bearer token."""

    def __init__(self, url: str, token: str | None) -> None:
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            self._address = httpx.URL(url.rstrip("/"))
        except (httpx.InvalidURL, ValueError) as error:
            raise InvalidInput(f"This is not an address: {error}", code="bad_address") from error

    def get(self, path: str, model: type[Body], **query: str | int) -> Body:
        """Fetch and parse."""
        return self._parsed(self._sent("GET", path, params=query), model)

    def get_bytes(self, path: str) -> bytes:
        """Fetch as it is."""
        return self._sent("GET", path)

    def post(self, path: str, body: WireModel, model: type[Body]) -> Body:
        """Send a JSON body and parse the answer."""
        headers = {"Content-Type": "application/json"}
        return self._parsed(self._sent("POST", path, content=body.model_dump_json(), headers=headers), model)

    def _sent(self, method: str, path: str, **options: object) -> bytes:
        try:
            with httpx.Client(base_url=self._address, headers=self._headers, timeout=60) as client:
                response = client.request(method, path, **options)  # type: ignore[arg-type]  # httpx's own options
        except httpx.HTTPError as error:
            raise CollectorUnavailable(f"The collector at {self._address} cannot be reached: {error}") from error
        if response.is_success:
            return response.content
        problem = _problem(response)
        kind = KINDS.get(response.status_code, PatchtrailError)
        raise kind(problem.message, code=problem.code, detail=problem.detail)

    def _parsed(self, content: bytes, model: type[Body]) -> Body:
        try:
            return model.model_validate_json(content)
        except ValidationError as error:
            raise CollectorUnavailable(f"The answer is not a {model.__name__}.", code="bad_answer") from error


def _problem(response: httpx.Response) -> Problem:
    try:
        return Problem.model_validate_json(response.content)
    except ValidationError:
        message = f"The collector answered {response.status_code} without saying why."
        return Problem(code="no_problem", message=message, detail={})
