"""Answers, over real HTTP, by both doors."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request

import pytest

from patchtrail.llm import Cancellation, Endpoint, Message, ModelRequest, Price, Prices, model_of
from patchtrail.llm.endpoint import EndpointKind
from patchtrail.llm.port import FinishReason
from tests.llm.asking import ALWAYS, KEY, KINDS, asked_of, door, request_of, serving
from tests.model import ModelServer, Reply

SCHEMA = '{"type": "object", "properties": {"edits": {"type": "array"}}}'
GIVEN = '{"edits": [1, 2]}'


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_comes_with_its_tokens(kind: EndpointKind) -> None:
    """A streamed answer arrives letter by letter, with the counts and the name that the server tells."""
    answer = asked_of(kind, Reply(ALWAYS, input_tokens=321, output_tokens=45, chunk_size=3, model="test-model-0926"))

    assert (answer.text, answer.model) == (ALWAYS, "test-model-0926")
    assert (answer.input_tokens, answer.output_tokens, answer.is_estimated) == (321, 45, False)
    assert answer.finish_reason == "stop"
    assert answer.first_token_ms is not None
    assert answer.first_token_ms <= answer.latency_ms


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_does_not_stream_is_understood(kind: EndpointKind) -> None:
    """An answer in one piece, though a stream was asked for, is an answer."""
    with ModelServer(lambda _: Reply(ALWAYS, 3, 4), api_key=KEY, streams=False) as server:
        answer = door(server, kind).ask(request_of(), Cancellation())

    assert (answer.text, answer.input_tokens, answer.output_tokens) == (ALWAYS, 3, 4)


@pytest.mark.parametrize("kind", KINDS)
def test_tokens_are_estimated_where_none_are_told(kind: EndpointKind) -> None:
    """Without counts the tokens are estimated, and the answer says so."""
    answer = asked_of(kind, Reply("word " * 100, has_usage=False))

    assert answer.is_estimated
    assert 100 <= answer.output_tokens <= 200
    assert answer.input_tokens > 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("told", "expected"),
    [("stop", "stop"), ("length", "length"), ("content_filter", "content_filter"), ("whatever", "unknown")],
)
def test_why_an_answer_ended(kind: EndpointKind, told: str, expected: FinishReason) -> None:
    """Each API's word for why an answer ended becomes ours; a word that nobody knows is `unknown`."""
    assert asked_of(kind, Reply("text", finish_reason=told)).finish_reason == expected


def test_a_refusal_is_an_answer_that_was_filtered() -> None:
    """What a model says instead of an answer is kept, and marked."""
    answer = asked_of("openai", Reply("", refusal="I cannot help with that."))

    assert (answer.text, answer.finish_reason) == ("I cannot help with that.", "content_filter")


@pytest.mark.parametrize("kind", KINDS)
def test_structured_output_is_asked_for(kind: EndpointKind) -> None:
    """A schema reaches the server in its API's own way, and the answer is the JSON."""
    with serving(Reply(GIVEN)) as server:
        answer = door(server, kind).ask(request_of(json_schema=SCHEMA), Cancellation())
    body = server.asked[0].body
    asked = body["response_format"]["json_schema"] if kind == "openai" else body["tools"][0]

    assert json.loads(answer.text) == json.loads(GIVEN)
    assert answer.finish_reason == "stop"
    assert json.loads(SCHEMA) in (asked.get("schema"), asked.get("input_schema"))


@pytest.mark.parametrize(("kind", "field"), [("openai", "response_format"), ("anthropic", "tools")])
def test_structured_output_is_left_out_where_it_is_refused(kind: EndpointKind, field: str) -> None:
    """A server that refuses structured output is asked without; what it charges for is asked once."""
    with ModelServer(lambda _: Reply(GIVEN), api_key=KEY, rejects=frozenset({field})) as server:
        answer = door(server, kind).ask(request_of(json_schema=SCHEMA), Cancellation())

    assert answer.text == GIVEN
    assert [field in one.body for one in server.asked] == [False]


@pytest.mark.parametrize("says_why", [True, False])
def test_usage_is_left_out_where_it_is_refused(says_why: bool) -> None:
    """A server that does not know usage in a stream, and says so or not, is asked without, and from then on at once."""
    rejects = frozenset({"stream_options"})
    with ModelServer(lambda _: Reply(ALWAYS), api_key=KEY, rejects=rejects, says_why=says_why) as server:
        model = door(server, "openai")
        answers = [model.ask(request_of(), Cancellation()) for _ in range(2)]

    assert [(one.text, one.is_estimated) for one in answers] == [(ALWAYS, True)] * 2
    assert (server.refused, len(server.asked)) == (1, 2)


def test_the_limit_is_sent_under_the_name_that_is_known() -> None:
    """The answer's limit goes by either of its names, whichever the server takes; streaming is left out, too."""
    rejects = frozenset({"stream", "max_tokens", "stream_options"})
    with ModelServer(lambda _: Reply(ALWAYS, 5, 6), api_key=KEY, rejects=rejects) as server:
        answer = door(server, "openai").ask(request_of(), Cancellation())

    assert (answer.text, answer.input_tokens, answer.output_tokens) == (ALWAYS, 5, 6)
    assert server.asked[0].body["max_completion_tokens"] == 100


def test_a_limit_is_never_left_out() -> None:
    """A server that takes neither name of the limit is refused: without one an answer could cost anything."""
    rejects = frozenset({"max_tokens", "max_completion_tokens"})
    with (
        ModelServer(lambda _: Reply(ALWAYS), api_key=KEY, rejects=rejects) as server,
        pytest.raises(Exception, match="max_completion_tokens"),
    ):
        door(server, "openai").ask(request_of(), Cancellation())

    assert server.asked == []


@pytest.mark.parametrize("kind", KINDS)
def test_messages_arrive_as_they_were_said(kind: EndpointKind) -> None:
    """Roles, order and every letter of a conversation reach the server."""
    said = (Message("system", "A"), Message("user", "B\u2028\n"), Message("assistant", "C"), Message("user", "D"))
    with serving(Reply("E")) as server:
        door(server, kind).ask(ModelRequest(said, 10, 10.0), Cancellation())

    assert [(one.role, one.content) for one in server.asked[0].messages] == [(one.role, one.content) for one in said]


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_has_its_price(kind: EndpointKind) -> None:
    """Tokens are priced by the table or by the user's own price; a model that nobody priced costs nothing."""
    with serving(Reply("x", 1_000_000, 100_000)) as server:
        name = "gpt-4o-mini" if kind == "openai" else "claude-haiku-4-5"
        priced = door(server, kind, model=name).ask(request_of(), Cancellation())
        own = model_of(Endpoint(kind, server.url, name, KEY), Prices(Price(1_000_000, 10_000_000)))
        owned = own.ask(request_of(), Cancellation())
        unpriced = door(server, kind).ask(request_of(), Cancellation())

    assert priced.cost_microusd == {"openai": 150_000 + 60_000, "anthropic": 1_000_000 + 500_000}[kind]
    assert (owned.cost_microusd, unpriced.cost_microusd) == (2_000_000, 0)


def test_the_models_are_listed() -> None:
    """The test model lists its models to whoever has the key."""
    with serving(Reply("x")) as server:
        ask = urllib.request.Request(f"{server.url}/models", headers={"Authorization": f"Bearer {KEY}"})
        with urllib.request.urlopen(ask) as response:
            listed = json.load(response)

    assert [one["id"] for one in listed["data"]] == ["test-model"]


def test_no_library_is_loaded_before_a_model_is_asked() -> None:
    """Making a model loads neither the model's library nor an HTTP client, so that the sidecar starts fast."""
    code = (
        "import sys; from patchtrail.llm import *; model_of(endpoint_of({'OPENAI_API_KEY': 'k'}));"
        "model_of(endpoint_of({'ANTHROPIC_API_KEY': 'k'}));"
        "print(sorted({'openai', 'httpx', 'httpx2', 'anthropic'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
