"""Anthropic's messages, as a server writes them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.model.reply import Asked, Reply, Said

__all__ = ["asked", "error", "events", "told", "whole"]

STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}


def asked(body: Mapping[str, Any]) -> Asked:
    """Read a request."""
    system = [Said("system", body["system"])] if body.get("system") else []
    said = [Said(one["role"], one["content"]) for one in body["messages"]]
    _ = body["max_tokens"]
    return Asked((*system, *said), body["model"], "anthropic", bool(body.get("stream")), body)


def whole(ask: Asked, reply: Reply) -> dict[str, Any]:
    """Return an answer that is not streamed."""
    block = {"type": "text", "text": reply.text}
    if ask.body.get("tools"):
        block = {"type": "tool_use", "id": "toolu_test", "name": _tool(ask), "input": json.loads(reply.text)}
    usage = _usage(ask, reply) if reply.has_usage else {}
    return {**_head(ask, reply), "content": [block], "stop_reason": _stop(ask, reply), "usage": usage}


def events(ask: Asked, reply: Reply) -> Iterator[tuple[str, Any]]:
    """Yield an answer's events, each with its name and its data."""
    usage = _usage(ask, reply) if reply.has_usage else {}
    counted_in = {name: count for name, count in usage.items() if name == "input_tokens"}
    yield _event("message_start", message={**_head(ask, reply), "content": [], "usage": counted_in})
    is_tool = bool(ask.body.get("tools"))
    block = (
        {"type": "tool_use", "id": "toolu_test", "name": _tool(ask), "input": {}}
        if is_tool
        else {"type": "text", "text": ""}
    )
    yield _event("content_block_start", index=0, content_block=block)
    yield _event("ping")
    for piece in reply.pieces():
        delta = (
            {"type": "input_json_delta", "partial_json": piece} if is_tool else {"type": "text_delta", "text": piece}
        )
        yield _event("content_block_delta", index=0, delta=delta)
    yield _event("content_block_stop", index=0)
    counted_out = {name: count for name, count in usage.items() if name == "output_tokens"}
    yield _event("message_delta", delta={"stop_reason": _stop(ask, reply), "stop_sequence": None}, usage=counted_out)
    yield _event("message_stop")


def error(reply: Reply) -> dict[str, Any]:
    """Return an error's body."""
    return {"type": "error", "error": {"type": "invalid_request_error", "message": reply.error}}


def told(said: str) -> tuple[str, Any]:
    """Return the event of a failure in the middle of an answer."""
    return _event("error", error={"type": "overloaded_error", "message": said})


def _event(kind: str, **fields: Any) -> tuple[str, Any]:
    return kind, {"type": kind, **fields}


def _tool(ask: Asked) -> str:
    tools = ask.body.get("tools") or [{"name": ""}]
    return str(tools[0]["name"])


def _stop(ask: Asked, reply: Reply) -> str:
    stopped = STOP_REASONS.get(reply.finish_reason, reply.finish_reason)
    return "tool_use" if ask.body.get("tools") and stopped == "end_turn" else stopped


def _head(ask: Asked, reply: Reply) -> dict[str, Any]:
    return {"id": "msg_test", "type": "message", "role": "assistant", "model": reply.model or ask.model}


def _usage(ask: Asked, reply: Reply) -> dict[str, int]:
    into = len(ask.prompt.split()) if reply.input_tokens is None else reply.input_tokens
    out = len(reply.text.split()) if reply.output_tokens is None else reply.output_tokens
    return {"input_tokens": into, "output_tokens": out}
