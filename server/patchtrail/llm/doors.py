"""Which door leads to an endpoint."""

from __future__ import annotations

from patchtrail.llm.anthropic_door import AnthropicDoor
from patchtrail.llm.endpoint import Endpoint
from patchtrail.llm.openai_door import OpenAIDoor
from patchtrail.llm.port import Model
from patchtrail.llm.prices import Prices

__all__ = ["model_of"]


def model_of(endpoint: Endpoint, prices: Prices | None = None) -> Model:
    """Return the model behind an endpoint; nothing is asked, and no library loaded, until it is."""
    if endpoint.kind == "anthropic":
        return AnthropicDoor(endpoint, prices)
    return OpenAIDoor(endpoint, prices)
