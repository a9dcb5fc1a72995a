"""How the tests ask: one request, one way to ask it, one way to check a refusal."""

from __future__ import annotations

import pytest

from patchtrail.contract.errors import ModelUnavailable
from patchtrail.llm import Cancellation, Endpoint, Message, Model, ModelAnswer, ModelRequest, model_of
from patchtrail.llm.endpoint import EndpointKind
from tests.model import Answerer, ModelServer, Reply

__all__ = ["ALWAYS", "KEY", "KINDS", "asked_of", "door", "refused", "request_of", "serving"]

KEY = "sk-proj-Never0Shown0Never0Logged"
KINDS: tuple[EndpointKind, ...] = ("openai", "anthropic")
ALWAYS = "The answer is: ünïcode, \u2028 and all.\n"


def request_of(text: str = "Fix it.", *, timeout_s: float = 10.0, json_schema: str | None = None) -> ModelRequest:
    """Return a request for at most a hundred tokens."""
    said = (Message("system", "You fix code."), Message("user", text))
    return ModelRequest(said, 100, timeout_s, json_schema)


def door(server: ModelServer, kind: EndpointKind, *, key: str = KEY, model: str = "test-model") -> Model:
    """Return the door to a server."""
    return model_of(Endpoint(kind, server.url, model, key))


def asked_of(kind: EndpointKind, reply: Reply, request: ModelRequest | None = None) -> ModelAnswer:
    """Ask a server that always gives this reply."""
    with serving(reply) as server:
        return door(server, kind).ask(request or request_of(), Cancellation())


def serving(reply: Reply | Answerer) -> ModelServer:
    """Return a server with the tests' key."""
    return ModelServer((lambda _: reply) if isinstance(reply, Reply) else reply, api_key=KEY)


def refused(model: Model, request: ModelRequest | None = None) -> ModelUnavailable:
    """Ask, and return the error; the key stands nowhere in it, nor in what it came from."""
    with pytest.raises(ModelUnavailable) as caught:
        model.ask(request or request_of(), Cancellation())
    error: BaseException | None = caught.value
    while error is not None:
        assert KEY not in f"{error} {error!r} {vars(error)}"
        error = error.__cause__ or error.__context__
    assert KEY not in repr(model)
    return caught.value
