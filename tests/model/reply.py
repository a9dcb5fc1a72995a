"""What the test model is asked, and what it answers: a text, and how badly the server behaves meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Answerer", "Asked", "Fault", "Reply", "Said"]

Fault = Literal[
    "", "endless", "comments", "giant", "one_line", "drop", "truncated", "malformed", "not_json", "told", "packed"
]
"""How an answer goes wrong.

endless: pieces without end · comments: keep-alives without end · giant: one huge piece · one_line: a line without end ·
drop: the connection breaks in the middle · truncated: it closes neatly in the middle · malformed: broken JSON ·
not_json: a web page · told: an error event in the middle · packed: compressed though nobody asked.
"""


@dataclass(frozen=True)
class Said:
    """One message of a request."""

    role: str
    content: str


@dataclass(frozen=True)
class Asked:
    """One request, whichever API it came by; a system text stands first among its messages."""

    messages: tuple[Said, ...]
    model: str
    api: Literal["openai", "anthropic"]
    is_stream: bool
    body: Mapping[str, Any] = field(repr=False)

    @property
    def prompt(self) -> str:
        """All that was said, in order."""
        return "\n".join(one.content for one in self.messages)

    @property
    def retry(self) -> int:
        """How many answers stand in the conversation already."""
        return sum(one.role == "assistant" for one in self.messages)


@dataclass(frozen=True)
class Reply:
    """One answer.

    A `status` other than 200 answers with an error that says `error`. `hold` is waited for after `hold_after` pieces
    (-1: before anything is sent), or until the client is gone or the server closes; `reached` is set when it begins.
    `pause` is called before every piece. `raw` is sent instead of an API's own events, as JSON.
    """

    text: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    finish_reason: str = "stop"
    chunk_size: int = 24
    model: str | None = None
    refusal: str | None = None
    status: int = 200
    error: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: Fault = ""
    hold: threading.Event | None = None
    hold_after: int = -1
    reached: threading.Event | None = None
    pause: Callable[[], None] | None = None
    has_usage: bool = True
    raw: tuple[Any, ...] = ()

    def pieces(self) -> list[str]:
        """Return the text as it is streamed."""
        return [self.text[at : at + self.chunk_size] for at in range(0, len(self.text), self.chunk_size)]


Answerer = Callable[[Asked], Reply]
