"""HTTP to the collector: one request, one answer, no retry. Whatever goes wrong becomes an `Answer` too."""

from __future__ import annotations

import email.utils
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from patchtrail.contract.collection import KeySet, TraceCreated, TraceRequest, UploadToken
from patchtrail.contract.errors import CollectorUnavailable
from patchtrail.contract.evidence import CHUNK_MEDIA_TYPE
from patchtrail.contract.forgetting import ForgetRequest
from patchtrail.contract.problem import Problem
from patchtrail.contract.wire import WireModel
from patchtrail.delivery.wire import Wire

if TYPE_CHECKING:  # Importing httpx costs a cold start 15 ms; the first request pays it instead.
    import httpx

__all__ = ["Answer", "Refused", "Transport"]

MAX_ANSWER_BYTES = 1024 * 1024
MAX_RETRY_AFTER_S = 3600.0
SLOWEST_BYTES_PER_S = 16 * 1024
"""A whole exchange may take so long as its body takes at this rate, and as often as needed its time-out twice."""
Body = TypeVar("Body", bound=WireModel)


@dataclass(frozen=True)
class Answer:
    """What came back; `status` 0 means that nothing did."""

    status: int
    content: bytes = b""
    retry_after_s: float | None = None
    fault: str = ""

    @property
    def is_success(self) -> bool:
        """Whether the collector took it."""
        return self.status in (200, 201)

    def problem(self) -> Problem:
        """Return the collector's problem, or one that says that the answer was none."""
        try:
            return Problem.model_validate_json(self.content)
        except ValidationError:
            message = self.fault or f"The collector answered {self.status} without saying why."
            return Problem(code="no_problem", message=message, detail={})

    def body(self, model: type[Body]) -> Body:
        """Parse a successful answer; a captive portal's page is not one."""
        if not self.is_success:
            raise Refused(self)
        try:
            return model.model_validate_json(self.content)
        except ValidationError as error:
            raise CollectorUnavailable(f"The answer is not a {model.__name__}.", code="bad_answer") from error


class Refused(CollectorUnavailable):
    """An answer that is no success; who asked decides what it means."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        problem = answer.problem()
        super().__init__(problem.message, code=problem.code, detail={"status": answer.status})


class Transport:
    """Requests of one enrolled device to one collector."""

    def __init__(self, url: str, device_token: str, *, timeout_s: float) -> None:
        self._url = url.rstrip("/")
        self._device_token = device_token
        self._timeout_s = timeout_s
        self._client: httpx.Client | None = None
        self._wire = Wire()

    def keys(self) -> KeySet:
        """Fetch the collector's public keys."""
        return self._send("GET", "/v1/keys", self._device_token).body(KeySet)

    def checkpoint(self) -> Answer:
        """Fetch the newest checkpoint of the collector's log, a signed note."""
        return self._send("GET", "/v1/log/checkpoint", self._device_token)

    def inclusion(self, index: int, size: int) -> Answer:
        """Fetch the proof that a leaf is in the log."""
        return self._send("GET", f"/v1/log/proof/inclusion?index={index}&size={size}", self._device_token)

    def consistency(self, from_size: int, to_size: int) -> Answer:
        """Fetch the proof that the log only grew."""
        return self._send("GET", f"/v1/log/proof/consistency?from={from_size}&to={to_size}", self._device_token)

    def create_trace(self, request: TraceRequest) -> TraceCreated:
        """Open a trace; opening the same offline trace twice gives the same trace."""
        content = request.model_dump_json().encode()
        answer = self._send("POST", "/v1/traces", self._device_token, content, "application/json")
        return answer.body(TraceCreated)

    def renew_token(self, trace_id: str) -> str:
        """Fetch a fresh upload token for a trace of this device."""
        return self._send("POST", f"/v1/traces/{trace_id}/token", self._device_token).body(UploadToken).upload_token

    def put_artifact(self, trace_id: str, sha256: str, content: bytes, token: str) -> Answer:
        """Upload a blob."""
        path = f"/v1/traces/{trace_id}/artifacts/{sha256}"
        return self._send("PUT", path, token, content, "application/octet-stream")

    def put_chunk(self, trace_id: str, n: int, body: bytes, token: str) -> Answer:
        """Upload a chunk."""
        return self._send("PUT", f"/v1/traces/{trace_id}/chunks/{n}", token, body, CHUNK_MEDIA_TYPE)

    def forget(self, trace_id: str, request: ForgetRequest, token: str) -> Answer:
        """Ask for the deletion of chunks."""
        content = request.model_dump_json().encode()
        return self._send("POST", f"/v1/traces/{trace_id}/forget", token, content, "application/json")

    def complete(self, trace_id: str, token: str) -> Answer:
        """Say that the trace is whole."""
        return self._send("POST", f"/v1/traces/{trace_id}/complete", token)

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _send(self, method: str, path: str, token: str, content: bytes = b"", media_type: str = "") -> Answer:
        import httpx

        if self._client is None:
            self._client = httpx.Client(timeout=self._timeout_s, follow_redirects=False)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if media_type:
            headers["Content-Type"] = media_type
        deadline_s = 2 * self._timeout_s + len(content) / SLOWEST_BYTES_PER_S
        extensions = {"trace": self._wire.notice}
        try:
            with (
                self._wire.cut_after(deadline_s),
                self._client.stream(
                    method, self._url + path, content=content, headers=headers, extensions=extensions
                ) as response,
            ):
                received = b"".join(_capped(response))
                return Answer(response.status_code, received, _retry_after_s(response))
        except (
            httpx.HTTPError,
            httpx.InvalidURL,
            ValueError,
        ) as error:  # ValueError: an address or token in odd letters
            return Answer(0, fault=f"The collector cannot be reached: {type(error).__name__}.")


def _capped(response: httpx.Response) -> list[bytes]:
    pieces, room = list[bytes](), MAX_ANSWER_BYTES
    for piece in response.iter_bytes():
        pieces.append(piece[:room])
        room -= len(pieces[-1])
        if room <= 0:
            break
    return pieces


def _retry_after_s(response: httpx.Response) -> float | None:
    """Read Retry-After as seconds or an HTTP date (RFC 9110 10.2.3), at most an hour."""
    value = response.headers.get("Retry-After", "")
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), MAX_RETRY_AFTER_S)
    try:
        until = email.utils.parsedate_to_datetime(value)
        date = email.utils.parsedate_to_datetime(response.headers.get("Date", ""))
    except (TypeError, ValueError, OverflowError):
        return None
    if (until.tzinfo is None) != (date.tzinfo is None):
        return None
    return min(max((until - date).total_seconds(), 0.0), MAX_RETRY_AFTER_S)
