"""The test model: a real HTTP server that speaks as models' servers do, and answers what a test decides.

A test tool, never a default: the product does not know that it exists.
"""

from tests.model.reply import Answerer, Asked, Reply, Said
from tests.model.server import ModelServer
from tests.model.truths import Truth, TruthTable, clean, merged, truthful

__all__ = [
    "Answerer",
    "Asked",
    "ModelServer",
    "Reply",
    "Said",
    "Truth",
    "TruthTable",
    "clean",
    "merged",
    "truthful",
]
