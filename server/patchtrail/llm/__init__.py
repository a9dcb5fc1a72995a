"""Talk to a language model: one port, several doors behind it."""

from patchtrail.llm.doors import model_of
from patchtrail.llm.editor_door import AskEditor, EditorAnswer, EditorDoor
from patchtrail.llm.embeddings import EmbeddingDoor, embedding_door_of
from patchtrail.llm.endpoint import Endpoint, endpoint_of
from patchtrail.llm.port import Cancellation, Message, Model, ModelAnswer, ModelRequest
from patchtrail.llm.prices import Price, Prices, prices_of
from patchtrail.llm.spending import Capped, Ledger, utc_day
from patchtrail.llm.telemetry import SpanExporter, Traced, exporter_of

__all__ = [
    "AskEditor",
    "Cancellation",
    "Capped",
    "EditorAnswer",
    "EditorDoor",
    "EmbeddingDoor",
    "Endpoint",
    "Ledger",
    "Message",
    "Model",
    "ModelAnswer",
    "ModelRequest",
    "Price",
    "Prices",
    "SpanExporter",
    "Traced",
    "embedding_door_of",
    "endpoint_of",
    "exporter_of",
    "model_of",
    "prices_of",
    "utc_day",
]
