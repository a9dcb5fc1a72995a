"""The vocabulary: wire models, editor settings, the error tree and the schema builder. Imports pydantic only."""

from patchtrail.contract import collection, decimals, document, errors, events, evidence, lsp, problem, schema, settings

__all__ = [
    "collection",
    "decimals",
    "document",
    "errors",
    "events",
    "evidence",
    "lsp",
    "problem",
    "schema",
    "settings",
]
