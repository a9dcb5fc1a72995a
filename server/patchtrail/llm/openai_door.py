"""The door to every server that speaks OpenAI's chat completions.

What a server refuses by name (usage in a stream, structured output, one of the two names of the limit, streaming) is
left out and the request made again: a refused request costs nothing. That is the only case; nothing else is retried.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from patchtrail.contract.errors import ModelUnavailable
from patchtrail.llm.endpoint import Endpoint
from patchtrail.llm.exchange import over_wire
from patchtrail.llm.faults import Faults, is_too_long, said_by
from patchtrail.llm.gathering import Gathering
from patchtrail.llm.json_parts import first, inner, parsed
from patchtrail.llm.port import Cancellation, ModelAnswer, ModelRequest
from patchtrail.llm.prices import Prices
from patchtrail.llm.wire import Tls, Wire

if TYPE_CHECKING:  # Importing openai costs a cold start 300 ms; the first request pays it instead.
    import httpx
    import openai

__all__ = ["OpenAIDoor"]

LIMITS = ("max_completion_tokens", "max_tokens")
OPTIONAL = ("stream_options", "response_format", *LIMITS, "stream")
"""What may be left out when a server names it; the longer name stands before the one that it contains."""
GUESSED = frozenset({"stream_options", "response_format"})
"""What is left out when a server refuses a request without saying why."""
REFUSALS = (400, 404, 405, 422, 501)
NO_KEY = "none"


class OpenAIDoor:
    """A model behind `POST …/chat/completions`."""

    def __init__(self, endpoint: Endpoint, prices: Prices | None = None) -> None:
        self._endpoint = endpoint
        self._prices = prices or Prices()
        self._faults = Faults(endpoint)
        self._tls = Tls(is_plain=endpoint.is_plain)
        self._refused = frozenset[str]()

    @property
    def name(self) -> str:
        """What attempts call it."""
        return self._endpoint.model

    def ask(self, request: ModelRequest, cancellation: Cancellation) -> ModelAnswer:
        """Ask once, without a retry."""
        return over_wire(request, cancellation, self.name, self._prices.of(self.name), self._exchange)

    def _exchange(self, request: ModelRequest, wire: Wire, gathering: Gathering) -> ModelAnswer:
        import openai

        with wire.client(self._tls, timeout_s=request.timeout_s) as http:
            client = self._client(http)
            refused = self._refused
            while True:
                try:
                    self._read(client, self._body(request, refused), gathering, wire)
                except openai.APIStatusError as error:
                    wire.is_sent = False
                    said = said_by(error.body)
                    dropped = self._droppable(error.status_code, said, request, refused)
                    if not dropped:
                        raise self._faults.status(error.status_code, said, error.response.headers) from None
                    refused |= dropped
                    continue
                self._refused = refused
                return gathering.answer()

    def _client(self, http: httpx.Client) -> openai.OpenAI:
        import openai

        return openai.OpenAI(
            api_key=self._endpoint.api_key or NO_KEY,
            base_url=self._endpoint.base_url,
            # Typed as the library's own vendored httpx; it takes either.
            http_client=cast(Any, http),
            max_retries=0,
        )

    def _body(self, request: ModelRequest, refused: frozenset[str]) -> dict[str, Any]:
        body = dict[str, Any](
            model=self._endpoint.model,
            messages=[{"role": one.role, "content": one.content} for one in request.messages],
        )
        limits = LIMITS if self._endpoint.host == "api.openai.com" else LIMITS[::-1]
        body |= dict.fromkeys([one for one in limits if one not in refused][:1], request.max_output_tokens)
        if "stream" not in refused:
            body["stream"] = True
            if "stream_options" not in refused:
                body["stream_options"] = {"include_usage": True}
        if request.json_schema is not None and "response_format" not in refused:
            schema = {"name": "answer", "strict": True, "schema": json.loads(request.json_schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return body

    def _droppable(self, status: int, said: str, request: ModelRequest, refused: frozenset[str]) -> frozenset[str]:
        """Return what to leave out of the next request; nothing when that would not help."""
        if status not in REFUSALS or is_too_long(said):
            return frozenset()
        # One of the limit's two names is always sent: without a limit an answer could cost anything.
        kept = set(LIMITS) if refused & set(LIMITS) else set()
        sent = self._body(request, refused).keys() & (set(OPTIONAL) - kept)
        named = next((one for one in OPTIONAL if one in sent and one in said), None)
        if named is not None:
            return frozenset({named})
        if "json_schema" in said and "response_format" in sent:
            return frozenset({"response_format"})
        return frozenset() if said or status == 404 else frozenset(sent & GUESSED)

    def _read(self, client: openai.OpenAI, body: dict[str, Any], gathering: Gathering, wire: Wire) -> None:
        """Make one request, and read its answer to the end."""
        import httpx
        import openai

        try:
            for chunk in _chunks(client, body):
                _take(chunk, gathering)
        except (openai.APIStatusError, ModelUnavailable):
            raise
        except (openai.APITimeoutError, httpx.TimeoutException):
            raise self._faults.silent() from None
        except (openai.APIConnectionError, httpx.HTTPError) as error:
            raise self._disconnected(error, wire) from None
        except openai.APIError as error:
            raise self._faults.told(error.message) from None
        except (openai.OpenAIError, ValueError, RecursionError):
            raise self._faults.unreadable() from None
        if gathering.finish_reason is None and b"[DONE]" not in wire.tail:
            raise self._faults.broken_off(wire) if wire.received_bytes else self._faults.unreadable()

    def _disconnected(self, error: Exception, wire: Wire) -> ModelUnavailable:
        import httpx

        cause = error if isinstance(error, httpx.HTTPError) else error.__cause__
        if isinstance(cause, httpx.ConnectError | httpx.ProxyError | httpx.UnsupportedProtocol):
            return self._faults.unreachable(str(cause))
        return self._faults.broken_off(wire)


def _chunks(client: openai.OpenAI, body: dict[str, Any]) -> Iterator[object]:
    """Yield the pieces of an answer; a server that does not stream sends one."""
    raw = client.chat.completions.with_raw_response.create(**body)
    media_type = raw.headers.get("content-type", "")
    if not body.get("stream") or "json" in media_type or "html" in media_type:
        yield parsed(raw.http_response.read())
        return
    with raw.parse() as stream:
        for chunk in stream:
            # Types are not checked by the library: what is no chunk comes as whatever it is.
            yield chunk.to_dict(warnings=False) if hasattr(chunk, "to_dict") else chunk


def _take(chunk: object, gathering: Gathering) -> None:
    if not isinstance(chunk, Mapping):
        raise ValueError("not an object")  # noqa: TRY004 -- what is not this API's is one case for the reader
    gathering.name(chunk.get("model"))
    usage = inner(chunk, "usage")
    gathering.count(usage.get("prompt_tokens"), usage.get("completion_tokens"))
    choice = first(chunk, "choices")
    part = inner(choice, "delta") or inner(choice, "message")
    gathering.add(part.get("content"))
    gathering.finish(choice.get("finish_reason"))
    if isinstance(part.get("refusal"), str) and part["refusal"]:
        gathering.add(part["refusal"])
        gathering.finish("refusal")
