"""OpenAI's chat completions, as a server writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.model.reply import Asked, Reply, Said

__all__ = ["asked", "error", "events", "told", "whole"]


def asked(body: Mapping[str, Any]) -> Asked:
    """Read a request."""
    said = tuple(Said(one["role"], one["content"]) for one in body["messages"])
    return Asked(said, body["model"], "openai", bool(body.get("stream")), body)


def whole(ask: Asked, reply: Reply) -> dict[str, Any]:
    """Return an answer that is not streamed."""
    message = {"role": "assistant", "content": reply.text, "refusal": reply.refusal}
    choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason, "logprobs": None}
    answer = {**_head(ask, reply, "chat.completion"), "choices": [choice]}
    return answer | ({"usage": _usage(ask, reply)} if reply.has_usage else {})


def events(ask: Asked, reply: Reply) -> Iterator[tuple[str, Any]]:
    """Yield an answer's events, each with its name (none here) and its data."""
    head = _head(ask, reply, "chat.completion.chunk")
    yield "", {**head, "choices": [_choice({"role": "assistant", "content": ""}, None)]}
    for piece in reply.pieces():
        yield "", {**head, "choices": [_choice({"content": piece}, None)]}
    if reply.refusal:
        yield "", {**head, "choices": [_choice({"refusal": reply.refusal}, None)]}
    yield "", {**head, "choices": [_choice({}, reply.finish_reason)]}
    wants_usage = (ask.body.get("stream_options") or {}).get("include_usage")
    if wants_usage and reply.has_usage:
        yield "", {**head, "choices": [], "usage": _usage(ask, reply)}
    yield "", "[DONE]"


def error(reply: Reply) -> dict[str, Any]:
    """Return an error's body."""
    return {"error": {"message": reply.error, "type": "invalid_request_error", "param": None, "code": None}}


def told(said: str) -> tuple[str, Any]:
    """Return the event of a failure in the middle of an answer."""
    return "", {"error": {"message": said, "type": "server_error"}}


def _choice(delta: dict[str, Any], finish_reason: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}


def _head(ask: Asked, reply: Reply, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-test", "object": kind, "created": 1_760_000_000, "model": reply.model or ask.model}


def _usage(ask: Asked, reply: Reply) -> dict[str, int]:
    into = len(ask.prompt.split()) if reply.input_tokens is None else reply.input_tokens
    out = len(reply.text.split()) if reply.output_tokens is None else reply.output_tokens
    return {"prompt_tokens": into, "completion_tokens": out, "total_tokens": into + out}
