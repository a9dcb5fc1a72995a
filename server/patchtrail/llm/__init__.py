"""Talk to a language model: one port, several doors behind it."""

from patchtrail.llm.port import Cancellation, Message, Model, ModelAnswer, ModelRequest

__all__ = ["Cancellation", "Message", "Model", "ModelAnswer", "ModelRequest"]
