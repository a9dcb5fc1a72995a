"""The door to the editor's own model, which the client asks; the editor room supplies how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from patchtrail.contract.errors import Detail
from patchtrail.llm.exchange import bounded
from patchtrail.llm.gathering import Gathering
from patchtrail.llm.port import Cancellation, FinishReason, ModelAnswer, ModelRequest
from patchtrail.llm.prices import UNPRICED

__all__ = ["AskEditor", "EditorAnswer", "EditorDoor"]

NAME = "editor"


@dataclass(frozen=True)
class EditorAnswer:
    """What the editor's model said, and what it is called; editors do not say why an answer ended."""

    text: str
    model: str
    finish_reason: FinishReason = "stop"


AskEditor = Callable[[ModelRequest, Cancellation], EditorAnswer]
"""Asks, and blocks until the answer is there; raises `ModelUnavailable` where the editor has no model, or says no."""


class EditorDoor:
    """The editor's model. The user pays for it with the editor, so here it costs nothing; tokens are estimated."""

    def __init__(self, ask_editor: AskEditor, *, name: str = NAME) -> None:
        self._ask_editor = ask_editor
        self._name = name

    @property
    def name(self) -> str:
        """What attempts call it; an answer says which model it was."""
        return self._name

    def ask(self, request: ModelRequest, cancellation: Cancellation) -> ModelAnswer:
        """Ask once, without a retry. When nobody waits any more the editor is told so."""
        gathering = Gathering(request, self._name, UNPRICED)
        theirs = Cancellation()
        cancellation.on_cancel(theirs.cancel)

        def work() -> ModelAnswer:
            answer = self._ask_editor(request, theirs)
            gathering.name(answer.model)
            gathering.add(answer.text)
            gathering.finish_reason = answer.finish_reason
            return gathering.answer()

        def spent() -> Detail:
            return gathering.spent()

        return bounded(work, stop=theirs.cancel, spent=spent, timeout_s=request.timeout_s, cancellation=cancellation)
