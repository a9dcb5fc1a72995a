"""RFC 8785 canonical JSON for the contract's subset: ASCII keys, no floats, safe integers.

The fast encoder is byte-identical with RFC 8785 only inside that subset, so values outside it are refused
first; a test holds it against the `rfc8785` package.
"""

from __future__ import annotations

from typing import Any

import orjson
import rfc8785
from pydantic import JsonValue

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.wire import MAX_SAFE_INTEGER

__all__ = ["MAX_DEPTH", "decode", "encode"]

MAX_DEPTH = 16


def encode(value: dict[str, JsonValue]) -> bytes:
    """Return the canonical bytes of a JSON object.

    Raises `InvalidInput` for floats, integers beyond ±(2^53-1), lone surrogates and nesting deeper than 16.
    """
    is_ascii_keyed = _check(value, 1)
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS) if is_ascii_keyed else rfc8785.dumps(value)
    except (orjson.JSONEncodeError, rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise InvalidInput(f"This value has no canonical form: {error}", code="not_canonical") from error


def decode(line: bytes) -> dict[str, JsonValue]:
    """Parse canonical bytes strictly: whatever is not exactly the canonical form of its value is refused.

    Raises `InvalidInput` naming what is wrong: not UTF-8, not JSON, a duplicate key, a float, white space,
    key order, an escape that the canonical form does not use.
    """
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"This is not JSON: {error}", code="not_canonical") from error
    if not isinstance(value, dict):
        raise InvalidInput("A signed JSON value must be an object.", code="not_canonical")
    if encode(value) != line:
        raise InvalidInput("These bytes are not the canonical form of their value.", code="not_canonical")
    return value


def _check(value: Any, depth: int) -> bool:  # noqa: ANN401 -- any JSON value, told apart by its exact type
    """Refuse what signed bytes may not hold; return whether every key is ASCII, as the fast encoder needs.

    Every event passes here, so exact types are compared: it is what `orjson` makes, and twice as fast as isinstance.
    """
    if depth > MAX_DEPTH:
        raise InvalidInput(f"This value nests deeper than {MAX_DEPTH} levels.", code="not_canonical")
    is_object = type(value) is dict
    is_ascii_keyed = all(map(str.isascii, value)) if is_object else True
    for child in value.values() if is_object else value:
        kind = type(child)
        if kind is str or child is None or kind is bool:
            continue
        if kind is int:
            if not -MAX_SAFE_INTEGER <= child <= MAX_SAFE_INTEGER:
                raise InvalidInput(f"The integer {child} is beyond ±(2^53-1).", code="not_canonical")
        elif kind is dict or kind is list:
            is_ascii_keyed &= _check(child, depth + 1)
        else:
            raise InvalidInput(f"Signed bytes hold no {kind.__name__}.", code="not_canonical")
    return is_ascii_keyed
