"""The editor's own model behind the port, whoever asks it."""

from __future__ import annotations

import threading

import pytest

from patchtrail.contract.errors import ModelUnavailable
from patchtrail.llm import Cancellation, EditorAnswer, EditorDoor, ModelRequest
from tests.llm.asking import request_of


def test_the_editor_answers() -> None:
    """What the editor's model says is an answer that costs nothing, with tokens that are estimated."""
    asked = list[ModelRequest]()

    def ask_editor(request: ModelRequest, _: Cancellation) -> EditorAnswer:
        asked.append(request)
        return EditorAnswer("a fix of some words", "copilot/gpt-4o")

    answer = EditorDoor(ask_editor).ask(request_of(), Cancellation())

    assert asked == [request_of()]
    assert (answer.text, answer.model, answer.cost_microusd) == ("a fix of some words", "copilot/gpt-4o", 0)
    assert (answer.is_estimated, answer.output_tokens) == (True, 6)


def test_the_editor_s_no_is_passed_on() -> None:
    """Where the editor has no model, its words are the error."""

    def ask_editor(_: ModelRequest, __: Cancellation) -> EditorAnswer:
        raise ModelUnavailable("The editor has no model: sign in to one.", detail={"reason": "none"})

    with pytest.raises(ModelUnavailable, match="The editor has no model: sign in to one") as caught:
        EditorDoor(ask_editor).ask(request_of(), Cancellation())
    assert caught.value.detail["reason"] == "none"


@pytest.mark.parametrize("code", ["model_timeout", "cancelled"])
def test_an_editor_that_does_not_answer_holds_nobody(code: str) -> None:
    """When the time is over or nobody waits any more, whoever asked is free and the editor is told."""
    cancellation, told = Cancellation(), threading.Event()
    timeout_s = 60 if code == "cancelled" else 0.2

    def ask_editor(_: ModelRequest, theirs: Cancellation) -> EditorAnswer:
        theirs.on_cancel(told.set)
        if code == "cancelled":
            cancellation.cancel()
        told.wait(10)
        return EditorAnswer("too late", "m")

    with pytest.raises(ModelUnavailable) as caught:
        EditorDoor(ask_editor).ask(request_of(timeout_s=timeout_s), cancellation)

    assert caught.value.code == code
    assert told.wait(10)


def test_an_endless_text_is_refused() -> None:
    """The editor's model is capped as any other."""
    with pytest.raises(ModelUnavailable, match="does not end"):
        EditorDoor(lambda *_: EditorAnswer("x" * 10**6, "m")).ask(request_of(), Cancellation())
