"""Whatever a server does, who asked gets a clear error in time, and the key shows nowhere."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patchtrail.contract.errors import ModelUnavailable
from patchtrail.llm import Cancellation, Endpoint, model_of
from patchtrail.llm.endpoint import EndpointKind
from tests.llm.asking import ALWAYS, KEY, KINDS, door, refused, request_of, serving
from tests.model import ModelServer, Reply
from tests.model.reply import Fault

pytestmark = [pytest.mark.timeout(30), pytest.mark.parametrize("kind", KINDS)]


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (301, "model_unavailable", "PATCHTRAIL_MODEL_URL"),
        (400, "model_unavailable", "refused the request (400). It said: because"),
        (401, "model_unavailable", "_API_KEY or the key kept in the editor"),
        (402, "model_unavailable", "wants to be paid"),
        (403, "model_unavailable", "does not let this key use test-model"),
        (404, "model_unavailable", "knows no model test-model"),
        (408, "model_timeout", "did not answer in time"),
        (413, "model_unavailable", "`max_prompt_tokens`"),
        (429, "model_unavailable", "ask again in 30 s"),
        (500, "model_unavailable", "failed (500)"),
        (504, "model_timeout", "did not answer in time"),
        (529, "model_unavailable", "failed (529)"),
    ],
)
def test_a_status_says_what_to_do(kind: EndpointKind, status: int, code: str, words: str) -> None:
    """Each status becomes a sentence that says what to do, after one request alone, and costs nothing."""
    reply = Reply(status=status, error="because", headers={"Retry-After": "30", "Location": "http://127.0.0.1:9/"})
    with serving(reply) as server:
        error = refused(door(server, kind))

    assert (error.code, error.detail["status"]) == (code, status)
    assert words in error.message
    assert len(server.asked) == 1
    assert "cost_microusd" not in error.detail


@pytest.mark.parametrize(
    ("status", "said", "words"),
    [
        (429, "You exceeded your current quota (insufficient_quota)", "no quota left"),
        (400, "This model's maximum context length is 8192 tokens; max_tokens is 4000", "too long for test-model"),
        (400, "prompt is too long: 250000 tokens", "too long for test-model"),
    ],
)
def test_a_server_s_words_are_understood(kind: EndpointKind, status: int, said: str, words: str) -> None:
    """A quota that is used up and a prompt that is too long are told from other refusals."""
    with serving(Reply(status=status, error=said)) as server:
        error = refused(door(server, kind))

    assert words in error.message
    assert len(server.asked) == 1


def test_how_long_to_wait(kind: EndpointKind) -> None:
    """What Retry-After says stands in the error's detail; odd values do not."""
    told = dict[str, object]()
    for value in ("7", "999999999999", "-5", "soon"):
        with serving(Reply(status=429, headers={"Retry-After": value})) as server:
            told[value] = refused(door(server, kind)).detail.get("retry_after_s")

    assert told == {"7": 7, "999999999999": 86_400, "-5": None, "soon": None}


def test_a_key_that_is_refused_is_not_repeated(kind: EndpointKind, caplog: pytest.LogCaptureFixture) -> None:
    """A server that repeats the key it refuses is quoted without it; no library logs it, however much it logs."""
    caplog.set_level(logging.DEBUG)
    with serving(Reply("")) as server:
        server.api_key = "another"
        error = refused(door(server, kind))

    assert error.message.endswith("It said: Incorrect API key provided: [key]")
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("endless", "does not end"),
        ("giant", "does not end"),
        ("one_line", "does not end"),
        ("drop", "broke off"),
        ("truncated", "broke off"),
        ("malformed", "not one of its API"),
        ("not_json", "not one of its API"),
        ("told", "gave up in the middle of its answer: ask again. It said: overloaded"),
        ("packed", "packed"),
    ],
)
def test_a_bad_answer_is_refused(kind: EndpointKind, fault: Fault, words: str) -> None:
    """Endless, giant, broken, cut, malformed and foreign answers are refused in words; what they cost is told."""
    with serving(Reply(ALWAYS * 10, fault=fault, error="overloaded")) as server:
        error = refused(door(server, kind))

    assert error.code == "model_unavailable"
    assert words in error.message
    assert error.detail["cost_microusd"] == 0
    assert isinstance(error.detail["input_tokens"], int)


@pytest.mark.parametrize("hold_after", [-1, 0, 3])
def test_a_stall_ends_with_the_time(kind: EndpointKind, hold_after: int) -> None:
    """A server that falls silent, before its head or in the middle, holds nobody for longer than the request says."""
    with serving(Reply(ALWAYS * 10, hold=threading.Event(), hold_after=hold_after)) as server:
        error = refused(door(server, kind), request_of(timeout_s=0.3))
        assert server.asked == [] or server.gone.wait(10)

    assert error.code == "model_timeout"


def test_what_dribbles_for_ever_ends_with_the_time(kind: EndpointKind) -> None:
    """Keep-alives without end, each in time, do not hold anybody either: the time is that of the whole answer."""
    with serving(Reply(fault="comments")) as server:
        error = refused(door(server, kind), request_of(timeout_s=0.3))
        assert server.asked == [] or server.gone.wait(10)

    assert error.code == "model_timeout"


@pytest.mark.parametrize("hold_after", [-1, 3])
def test_a_cancelled_request_ends_at_once(kind: EndpointKind, hold_after: int) -> None:
    """Cancelling frees whoever waits and closes the connection, before the head came or in the middle."""
    reached = threading.Event()
    cancellation, errors = Cancellation(), list[ModelUnavailable]()

    def ask() -> None:
        try:
            door(server, kind).ask(request_of(timeout_s=600), cancellation)
        except ModelUnavailable as error:
            errors.append(error)

    hold = threading.Event()
    with serving(Reply(ALWAYS * 10, hold=hold, hold_after=hold_after, reached=reached)) as server:
        thread = threading.Thread(target=ask)
        thread.start()
        assert reached.wait(10)
        cancellation.cancel()
        thread.join(10)
        assert server.gone.wait(10)

    assert [error.code for error in errors] == ["cancelled"]
    assert errors[0].detail["cost_microusd"] == 0


def test_what_was_cancelled_before_is_not_asked(kind: EndpointKind) -> None:
    """A request that nobody waits for is never made."""
    cancellation = Cancellation()
    cancellation.cancel()
    with serving(Reply(ALWAYS)) as server, pytest.raises(ModelUnavailable) as caught:
        door(server, kind).ask(request_of(), cancellation)

    assert (caught.value.code, server.asked) == ("cancelled", [])


def test_a_plain_address_is_asked_by_no_proxy(kind: EndpointKind, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not encrypted does not leave the machine by a proxy that the environment names."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serving(Reply(ALWAYS)) as server:
        assert door(server, kind).ask(request_of(), Cancellation()).text == ALWAYS


def test_no_server_at_all(kind: EndpointKind) -> None:
    """An address that nobody listens at is told with what to check."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        model = model_of(Endpoint(kind, f"http://127.0.0.1:{reserved.getsockname()[1]}", "m", KEY))
        error = refused(model)

    assert error.message.startswith("No server can be reached at 127.0.0.1:")
    assert "PATCHTRAIL_MODEL_URL" in error.message
    assert "cost_microusd" not in error.detail


def test_a_server_that_speaks_no_http(kind: EndpointKind) -> None:
    """A peer that answers with anything but HTTP is told as such."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def speak() -> None:
            peer, _ = listening.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")

        thread = threading.Thread(target=speak)
        thread.start()
        error = refused(model_of(Endpoint(kind, f"http://127.0.0.1:{listening.getsockname()[1]}", "m", KEY)))
        thread.join(10)

    assert "broke off" in error.message


NAMES = [
    "choices",
    "delta",
    "message",
    "content",
    "usage",
    "model",
    "finish_reason",
    "type",
    "error",
    "refusal",
    "text",
]
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["stop", "message_delta"])
JSON = st.recursive(
    SCALARS,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inside, max_size=4),
    max_leaves=12,
)
NEARLY = st.fixed_dictionaries(
    {
        "choices": JSON | st.lists(st.fixed_dictionaries({"delta": JSON, "finish_reason": JSON}), max_size=2),
        "usage": JSON,
    }
)


@pytest.fixture(scope="module")
def any_server() -> Iterator[ModelServer]:
    """Run one server whose answers change."""
    with serving(Reply()) as server:
        yield server


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(values=st.tuples(NEARLY | JSON, JSON))
def test_any_json_is_an_answer_or_an_error(
    kind: EndpointKind, values: tuple[object, ...], any_server: ModelServer
) -> None:
    """Whatever JSON a server sends, the door returns an answer or raises its own error, and nothing else."""
    any_server.answerer = lambda _: Reply(raw=values)
    try:
        code = door(any_server, kind).ask(request_of(), Cancellation()).finish_reason
    except ModelUnavailable as error:
        code = error.code

    assert code in ("stop", "unknown", "content_filter", "length", "model_unavailable")
