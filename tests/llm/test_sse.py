"""Server-sent events out of bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchtrail.llm.sse import events


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"data: a\n\ndata:b\n\n", [b"a", b"b"]),
        (b"event: x\r\ndata: a\r\ndata: b\r\n\r\n", [b"a\nb"]),
        (b"data: a\rdata: b\r\r", [b"a\nb"]),
        (b": ping\n\nid: 1\n\n", []),
        ("data: \u2028\x85\n\n".encode(), ["\u2028\x85".encode()]),
        (b"data: cut of", []),
        (b"data: a\n", []),
        (b"data\n\n", []),
    ],
)
def test_events(sent: bytes, expected: list[bytes]) -> None:
    """Lines end at CR, LF or both and at nothing else; comments and names are no data, and half an event is none."""
    assert list(events([sent])) == expected


LINES = st.lists(st.sampled_from([b"data: a", b"data: b", b"", b": c", b"event: d"]), max_size=8)


@given(LINES, st.sampled_from([b"\n", b"\r", b"\r\n"]), st.lists(st.integers(1, 5), max_size=30))
def test_pieces_do_not_matter(lines: list[bytes], end: bytes, sizes: list[int]) -> None:
    """However the bytes are cut, the events are the same, whichever way lines end."""
    sent, pieces = b"".join(line + end for line in lines), list[bytes]()
    rest = sent
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]

    assert list(events([*pieces, rest])) == list(events([sent.replace(end, b"\n")]))
