"""Vectors from a server: asked once, read strictly, and never a reason for retrieval to fail."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from patchtrail.contract.errors import InvalidInput, ModelUnavailable
from patchtrail.learning import ModelEmbedder, Question, Retriever
from patchtrail.llm import EmbeddingDoor, embedding_door_of
from tests.learning.patterns import pattern_of

Answer = Callable[[dict[str, list[str]]], tuple[int, object]]
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@contextlib.contextmanager
def server(answer: Answer) -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    """Serve `/v1/embeddings`; yield its address and what it was asked."""
    asked = list[dict[str, list[str]]]()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(body | {"path": self.path, "key": self.headers.get("Authorization")})
            status, told = answer(body)
            sent = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}/v1", asked
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


def letters(body: dict[str, list[str]]) -> tuple[int, object]:
    """Answer with how often each letter stands in a text; the rows in reverse."""
    rows = [
        {"index": place, "embedding": [float(text.lower().count(one)) for one in LETTERS]}
        for place, text in enumerate(body["input"])
    ]
    return 200, {"data": rows[::-1]}


def door(url: str, key: str = "k") -> EmbeddingDoor:
    """Return the door that an environment names."""
    found = embedding_door_of(
        {"PATCHTRAIL_EMBEDDING_MODEL": "small", "PATCHTRAIL_EMBEDDING_URL": url, "OPENAI_API_KEY": key}
    )
    assert found is not None
    return found


def test_vectors_come_in_the_order_of_the_texts() -> None:
    """Texts are sent with model and key, in batches, and each gets its own vector whatever the answer's order."""
    with server(letters) as (url, asked):
        vectors = door(url).vectors([f"text {LETTERS[number % 26] * number}" for number in range(300)])

    assert len(vectors) == 300
    assert [vector[number % 26] >= number for number, vector in enumerate(vectors)] == [True] * 300
    assert [len(one["input"]) for one in asked] == [256, 44]
    assert (asked[0]["model"], asked[0]["path"], asked[0]["key"]) == ("small", "/v1/embeddings", "Bearer k")


def test_retrieval_uses_the_model_and_sends_nothing_unredacted() -> None:
    """With an endpoint likeness is the model's, and secrets are replaced before anything is sent."""
    patterns = [
        pattern_of("x", state="active", name="xx", description="xxyyxx"),
        pattern_of("q", state="active", name="qq", description="qqq hunter2"),
    ]
    with server(letters) as (url, asked):
        embedder = ModelEmbedder(door(url).vectors, lambda text: text.replace("hunter2", "*").replace("sesame", "*"))
        retriever = Retriever(patterns, embedder)
        found = retriever.retrieve(Question("yxyx sesame"))

    assert [(match.pattern.pattern_id, "% alike" in match.reason) for match in found] == [("x", True)]
    assert retriever.problem == ""
    assert not {"hunter2", "sesame"} & set(json.dumps(asked).replace('"', " ").split())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda _: (401, {"error": {"message": "bad key sk-1"}}), "refused the key"),
        (lambda _: (200, b"<html>"), "not one of its API"),
        (lambda _: (200, {"data": []}), "not one of its API"),
        (lambda _: (200, {"data": [{"index": 0, "embedding": ["a"]}]}), "not one of its API"),
        (lambda _: (200, {"data": [{"index": 7, "embedding": [1.0]}]}), "not one of its API"),
        (lambda _: (200, {"data": [{"index": [], "embedding": [1.0]}, 3]}), "not one of its API"),
        (lambda _: (200, b'{"data": [{"index": 0, "embedding": [NaN]}]}'), "not one of its API"),
        (lambda _: (503, b""), "ask again later"),
    ],
)
def test_what_is_no_vector_is_told(answer: Answer, said: str) -> None:
    """A refusal, an error or an answer of another shape is one clear error, and the key is not in it."""
    with server(answer) as (url, _), pytest.raises(ModelUnavailable, match=said) as raised:
        door(url, "sk-1").vectors(["text"])

    assert "sk-1" not in raised.value.message


def test_retrieval_goes_on_without_the_model() -> None:
    """A server that is away, from the start or later, costs likeness by the model, never the patterns with the rule."""
    pattern = pattern_of("p", state="active", name="json", rule_ids=["F401"])
    with server(letters) as (url, _):
        retriever = Retriever([pattern], ModelEmbedder(door(url).vectors, str))
    later = retriever.retrieve(Question("json"))
    never = Retriever([pattern], ModelEmbedder(door(url).vectors, str))

    assert [match.pattern.pattern_id for match in later] == ["p"]
    assert "No server can be reached" in retriever.problem
    assert [match.pattern.pattern_id for match in never.retrieve(Question("json"))] == ["p"]
    assert "No server can be reached" in never.problem


def test_the_setting() -> None:
    """Without a model's name there is no door; with one the address is its own or the other model's, and is checked."""
    assert embedding_door_of({"OPENAI_API_KEY": "k"}) is None
    assert embedding_door_of({"PATCHTRAIL_EMBEDDING_MODEL": "m", "OPENAI_API_KEY": "k"}) is not None
    assert embedding_door_of({"PATCHTRAIL_EMBEDDING_MODEL": "m", "PATCHTRAIL_MODEL_URL": "http://localhost:1/v1"})
    with pytest.raises(ModelUnavailable, match="PATCHTRAIL_EMBEDDING_URL"):
        embedding_door_of({"PATCHTRAIL_EMBEDDING_MODEL": "m"})
    with pytest.raises(InvalidInput, match="not on this machine"):
        embedding_door_of({"PATCHTRAIL_EMBEDDING_MODEL": "m", "PATCHTRAIL_EMBEDDING_URL": "http://example.org/v1"})
