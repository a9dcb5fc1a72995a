"""The door to Anthropic's Messages API, with the rules of the other door; structured output is a forced tool."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from patchtrail.llm.endpoint import Endpoint
from patchtrail.llm.exchange import over_wire
from patchtrail.llm.faults import Faults, said_by
from patchtrail.llm.gathering import Gathering
from patchtrail.llm.json_parts import inner, parsed
from patchtrail.llm.port import Cancellation, ModelAnswer, ModelRequest
from patchtrail.llm.prices import Prices
from patchtrail.llm.sse import events
from patchtrail.llm.wire import Tls, Wire

if TYPE_CHECKING:  # Importing httpx costs a cold start; the first request pays it instead.
    import httpx

__all__ = ["AnthropicDoor"]

API_VERSION = "2023-06-01"
TOOL = "answer"
INPUT_COUNTS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


class AnthropicDoor:
    """A model behind `POST …/v1/messages`."""

    def __init__(self, endpoint: Endpoint, prices: Prices | None = None) -> None:
        self._endpoint = endpoint
        self._prices = prices or Prices()
        self._faults = Faults(endpoint)
        self._tls = Tls(is_plain=endpoint.is_plain)

    @property
    def name(self) -> str:
        """What attempts call it."""
        return self._endpoint.model

    def ask(self, request: ModelRequest, cancellation: Cancellation) -> ModelAnswer:
        """Ask once, without a retry."""
        return over_wire(request, cancellation, self.name, self._prices.of(self.name), self._exchange)

    def _exchange(self, request: ModelRequest, wire: Wire, gathering: Gathering) -> ModelAnswer:
        import httpx

        try:
            with wire.client(self._tls, timeout_s=request.timeout_s) as client:
                refusal = self._read(client, self._body(request, has_tool=request.json_schema is not None), gathering)
                if (
                    refusal is not None
                    and request.json_schema is not None
                    and refusal[0] == 400
                    and "tool" in refusal[1]
                ):
                    refusal = self._read(client, self._body(request, has_tool=False), gathering)
        except httpx.TimeoutException:
            raise self._faults.silent() from None
        except (httpx.ConnectError, httpx.ProxyError, httpx.UnsupportedProtocol) as error:
            raise self._faults.unreachable(str(error)) from None
        except httpx.HTTPError:
            raise self._faults.broken_off(wire) from None
        except ValueError:
            raise self._faults.unreadable() from None
        if refusal is not None:
            wire.is_sent = False
            raise self._faults.status(*refusal)
        if gathering.finish_reason is None:
            raise self._faults.broken_off(wire)
        return gathering.answer()

    def _url(self) -> str:
        base = self._endpoint.base_url
        return f"{base}/messages" if urlsplit(base).path.endswith("/v1") else f"{base}/v1/messages"

    def _body(self, request: ModelRequest, *, has_tool: bool) -> bytes:
        system = [one.content for one in request.messages if one.role == "system"]
        body = dict[str, Any](
            model=self._endpoint.model,
            max_tokens=request.max_output_tokens,
            stream=True,
            messages=[{"role": one.role, "content": one.content} for one in request.messages if one.role != "system"],
        )
        if system:
            body["system"] = "\n\n".join(system)
        if has_tool and request.json_schema is not None:
            schema = json.loads(request.json_schema)
            body["tools"] = [{"name": TOOL, "description": "Give the answer.", "input_schema": schema}]
            body["tool_choice"] = {"type": "tool", "name": TOOL}
        return json.dumps(body).encode()

    def _read(self, client: httpx.Client, body: bytes, gathering: Gathering) -> tuple[int, str, httpx.Headers] | None:
        """Make one request and read its answer to the end; return a refusal, where it is one."""
        headers = {"anthropic-version": API_VERSION, "Content-Type": "application/json"}
        if self._endpoint.api_key:
            headers["x-api-key"] = self._endpoint.api_key
        with client.stream("POST", self._url(), content=body, headers=headers) as response:
            if not response.is_success:
                return response.status_code, _said(response.read()), response.headers
            if "json" in response.headers.get("content-type", ""):
                _take_whole(parsed(response.read()), gathering)
                return None
            is_empty = True
            for data in events(response.iter_raw()):
                is_empty = False
                self._take(parsed(data), gathering)
            if is_empty:
                raise ValueError("no event at all")
        return None

    def _take(self, event: Mapping[str, Any], gathering: Gathering) -> None:
        match event.get("type"):
            case "message_start":
                message = inner(event, "message")
                gathering.name(message.get("model"))
                _count(inner(message, "usage"), gathering)
            case "content_block_delta":
                delta = inner(event, "delta")
                gathering.add(delta.get("text"))
                gathering.add(delta.get("partial_json"))
            case "message_delta":
                gathering.finish(inner(event, "delta").get("stop_reason"))
                _count(inner(event, "usage"), gathering)
            case "error":
                raise self._faults.told(said_by(event))
            case _:
                pass


def _take_whole(message: Mapping[str, Any], gathering: Gathering) -> None:
    """Take the answer of a server that does not stream."""
    blocks = message.get("content")
    if not isinstance(blocks, list):
        raise ValueError("no content")  # noqa: TRY004 -- to its reader, the same as broken JSON
    gathering.name(message.get("model"))
    for block in blocks:
        if isinstance(block, Mapping):
            gathering.add(block.get("text"))
            if block.get("type") == "tool_use":
                gathering.add(json.dumps(block.get("input"), ensure_ascii=False))
    _count(inner(message, "usage"), gathering)
    gathering.finish(message.get("stop_reason"))


def _count(usage: Mapping[str, Any], gathering: Gathering) -> None:
    counts = [usage.get(one) for one in INPUT_COUNTS]
    known = [one for one in counts if isinstance(one, int)]
    gathering.count(sum(known) if isinstance(counts[0], int) else None, usage.get("output_tokens"))


def _said(content: bytes) -> str:
    try:
        return said_by(parsed(content))
    except ValueError:
        return content[:2000].decode("utf-8", "replace")
