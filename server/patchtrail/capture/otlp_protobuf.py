"""OTLP's protocol buffers, as far as acts of agents are read from them: a reader of the wire format, and field numbers.

It gives what OTLP's JSON would be, so that both are read alike. No library is needed for so little of it; the numbers
are those of opentelemetry-proto 1.x (`trace.proto`, `logs.proto`, `common.proto`), which never change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["otlp_of_protobuf"]

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
MAX_VARINT_BYTES = 10
Field = tuple[int, int | bytes]
Reader = Callable[[bytes], Any]


def otlp_of_protobuf(content: bytes, signal: str) -> dict[str, Any]:
    """Return a request of the signal `traces` or `logs` as OTLP's JSON has it; of any other signal nothing is taken.

    Raises `ValueError` for bytes that are no protocol buffer.
    """
    if signal == "traces":
        return {"resourceSpans": [_resource(one, "scopeSpans", "spans", _span) for one in _all(content, 1)]}
    if signal == "logs":
        return {"resourceLogs": [_resource(one, "scopeLogs", "logRecords", _log_record) for one in _all(content, 1)]}
    return {}


def _resource(content: bytes, scopes: str, items: str, read: Reader) -> dict[str, Any]:
    attributes = [_attribute(one) for resource in _all(content, 1) for one in _all(resource, 1)]
    told = [{items: [read(one) for one in _all(scope, 2)]} for scope in _all(content, 2)]
    return {"resource": {"attributes": attributes}, scopes: told}


def _span(content: bytes) -> dict[str, Any]:
    fields = list(_fields(content))
    return {"endTimeUnixNano": _number(fields, 8), "attributes": _attributes(fields, 9)}


def _log_record(content: bytes) -> dict[str, Any]:
    fields = list(_fields(content))
    times = {"timeUnixNano": _number(fields, 1), "observedTimeUnixNano": _number(fields, 11)}
    return {**times, "attributes": _attributes(fields, 6)}


def _attributes(fields: list[Field], number: int) -> list[dict[str, Any]]:
    return [_attribute(value) for one, value in fields if one == number and isinstance(value, bytes)]


def _attribute(content: bytes) -> dict[str, Any]:
    key, value = "", dict[str, Any]()
    for number, told in _fields(content):
        if number == 1 and isinstance(told, bytes):
            key = told.decode("utf-8", "replace")
        elif number == 2 and isinstance(told, bytes):
            value = _value(told)
    return {"key": key, "value": value}


def _value(content: bytes) -> dict[str, Any]:
    """Return a value that is a text, a truth or a whole number; any other is left out."""
    for number, told in _fields(content):
        if number == 1 and isinstance(told, bytes):
            return {"stringValue": told.decode("utf-8", "replace")}
        if number == 2 and isinstance(told, int):
            return {"boolValue": told != 0}
        if number == 3 and isinstance(told, int):
            return {"intValue": str(told - 2**64 if told >= 2**63 else told)}
    return {}


def _all(content: bytes, number: int) -> list[bytes]:
    return [value for one, value in _fields(content) if one == number and isinstance(value, bytes)]


def _number(fields: list[Field], number: int) -> int:
    return next((value for one, value in fields if one == number and isinstance(value, int)), 0)


def _fields(content: bytes) -> Iterator[Field]:
    """Yield the number and the value of each field of a message."""
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise ValueError("This is no protocol buffer.")
        if kind == VARINT:
            value, at = _varint(content, at)
            yield number, value
            continue
        size = 8 if kind == FIXED64 else 4 if kind == FIXED32 else None
        if kind == LENGTH:
            size, at = _varint(content, at)
        if size is None or at + size > len(content):
            raise ValueError("This is no protocol buffer.")
        piece = content[at : at + size]
        yield number, piece if kind == LENGTH else int.from_bytes(piece, "little")
        at += size


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """Return the number that starts here, and where the next thing starts."""
    value = 0
    for shift, byte in enumerate(content[at : at + MAX_VARINT_BYTES]):
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value & (2**64 - 1), at + shift + 1
    raise ValueError("This is no protocol buffer.")
