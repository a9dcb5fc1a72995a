"""A cheap estimate of tokens, for servers that count none; the model's own count wins wherever there is one."""

from __future__ import annotations

from collections.abc import Iterable

from patchtrail.llm.port import Message

__all__ = ["estimated_prompt_tokens", "estimated_tokens"]

BYTES_PER_TOKEN = 3.5
TOKENS_PER_MESSAGE = 4


def estimated_tokens(text: str) -> int:
    """Return about how many tokens a text is."""
    return -int(-len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN)


def estimated_prompt_tokens(messages: Iterable[Message]) -> int:
    """Return about how many tokens a conversation is; each message costs a few for its role."""
    return sum(estimated_tokens(one.content) + TOKENS_PER_MESSAGE for one in messages)
