"""Server-sent events out of bytes; a line ends at CR, LF or both, and at no other of Unicode's separators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

__all__ = ["events"]


def events(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the data of each event; one that the end cuts off is none."""
    data = list[bytes]()
    for line in _lines(pieces):
        if line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
        elif not line and data:
            yield b"\n".join(data)
            data = []


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest, carried = list[bytes](), b""
    for piece in pieces:
        whole = carried + piece
        # A CR at a piece's end may be half of CRLF, so it waits for what follows.
        carried = b"\r" if whole.endswith(b"\r") else b""
        text = whole[: len(whole) - len(carried)]
        first, *others = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        rest.append(first)
        for other in others:
            yield b"".join(rest)
            rest = [other]
    if carried:
        yield b"".join(rest)
