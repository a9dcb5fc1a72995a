"""HTTP to a collector for the verbs, and for the sidecar, whose package has no command line."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import cached_property
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
KINDS: dict[int, type[PatchtrailError]] = {
    401: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    409: StateConflict,
    412: StateConflict,
}
NO_TOKEN = (
    "The collector wants a token: give one with --token or PATCHTRAIL_TOKEN. The server's own is in the file "
    "`server_token` of the collector's data folder."
)


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

    def get_tagged(self, path: str) -> tuple[bytes, str]:
        """Fetch as it is, with the tag of its version (`ETag`)."""
        answer = self._answer("GET", path)
        return answer.content, answer.headers.get("etag", "")

    def put(self, path: str, body: WireModel, model: type[Body], conditions: Mapping[str, str]) -> Body:
        """Send a JSON body under the conditions that these headers state, and parse the answer."""
        headers = {"Content-Type": "application/json", **conditions}
        return self._parsed(self._sent("PUT", path, content=body.model_dump_json(), headers=headers), model)

    def post(self, path: str, body: WireModel, model: type[Body]) -> Body:
        """Send a JSON body and parse the answer."""
        headers = {"Content-Type": "application/json"}
        return self._parsed(self._sent("POST", path, content=body.model_dump_json(), headers=headers), model)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """What reading the machine's certificates takes is paid once."""
        return httpx.create_ssl_context()

    def _sent(self, method: str, path: str, **options: object) -> bytes:
        return self._answer(method, path, **options).content

    def _answer(self, method: str, path: str, **options: object) -> httpx.Response:
        try:
            with httpx.Client(base_url=self._address, headers=self._headers, timeout=60, verify=self._tls) as client:
                response = client.request(method, path, **options)  # type: ignore[arg-type]  # httpx's own options
        except httpx.HTTPError as error:
            raise CollectorUnavailable(f"The collector at {self._address} cannot be reached: {error}") from error
        if response.is_success:
            return response
        problem = _problem(response)
        kind = KINDS.get(response.status_code, PatchtrailError)
        message = NO_TOKEN if problem.code == "unauthenticated" and not self._headers else problem.message
        raise kind(message, code=problem.code, detail=problem.detail)

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
