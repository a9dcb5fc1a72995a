"""What a model and we said to each other about a group: without a secret, and with what stood where secrets did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from patchtrail.contract.attempt import ContextPart
from patchtrail.llm import Message
from patchtrail.llm.tokens import estimated_tokens
from patchtrail.patching.finding import Finding
from patchtrail.patching.prompt import Part, first_messages, retry_messages
from patchtrail.patching.secrets_kept import KeptSecrets

__all__ = ["SILENCE", "Conversation", "opened"]


@dataclass(frozen=True)
class Conversation:
    """The messages of one try; `told` is what it was told of the one before."""

    parts: tuple[ContextPart, ...] = ()
    pattern_ids: tuple[str, ...] = ()
    messages: tuple[Message, ...] = ()
    known_paths: tuple[str, ...] = ()
    kept: KeptSecrets = field(default_factory=KeptSecrets)
    told: str | None = None

    def again(self, answer: str, told: str, redact: Callable[[str], str]) -> Conversation:
        """Return the conversation of a retry, which is told what was wrong with an answer."""
        return replace(self, told=told, messages=retry_messages(self.messages, answer, redact(told)))


SILENCE = Conversation()
"""Of a try that asked no model."""


def opened(
    findings: Sequence[Finding], parts: Sequence[Part], nonce: str, redact: Callable[[str], str]
) -> Conversation:
    """Return the first request; what is secret in it is replaced, and what stood there is kept for the answer."""
    kept, shown = KeptSecrets(), list[Message]()
    for message in first_messages(findings, parts, nonce):
        redacted = redact(message.content)
        kept.learn(message.content, redacted)
        shown.append(replace(message, content=redacted))
    costs = tuple(ContextPart(name=part.name, tokens=estimated_tokens(part.text)) for part in parts)
    paths = [*(one.file_path for one in findings), *(part.file_path for part in parts if part.file_path)]
    patterns = tuple(part.pattern_id for part in parts if part.pattern_id)
    return Conversation(costs, patterns, tuple(shown), tuple(dict.fromkeys(paths)), kept)
