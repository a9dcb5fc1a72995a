"""Parts of JSON that somebody else wrote: what is not there, or is something else, is empty."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["first", "inner", "parsed"]


def parsed(content: bytes) -> Mapping[str, Any]:
    """Return a JSON object; `ValueError` for anything else."""
    try:
        value = json.loads(content)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 -- to its reader, the same as broken JSON
    return value


def inner(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object inside of another."""
    found = value.get(name)
    return found if isinstance(found, Mapping) else {}


def first(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the first object of a list."""
    found = value.get(name)
    return found[0] if isinstance(found, list) and found and isinstance(found[0], Mapping) else {}
