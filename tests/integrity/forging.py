"""How evidence is forged: by changing bytes from outside, or by a participant who signs again."""

from __future__ import annotations

import json
from dataclasses import replace

from patchtrail.integrity import canonical, digest
from patchtrail.integrity.verify import (
    Finding,
    TraceEvidence,
    verify_trace,
)
from tests.integrity.honest import Honest, honest, server_key, sign_chunk

TRACE = honest()


def resigned(session: Honest, n: int, run: tuple[bytes, ...], **lies: object) -> TraceEvidence:
    """Let the participant sign other lines as chunk `n`, in its place."""
    manifest = session.manifests[n]
    body = sign_chunk(
        run,
        session.device,
        trace_id=session.evidence.trace_id,
        n=n,
        prev_chunk=manifest.prev_chunk,
        head_in=manifest.head_in,
        first=manifest.first,
        lies=lies,
    )
    return session.with_chunk(n, body)


def relinked(session: Honest, n: int, change) -> tuple[bytes, ...]:
    """Return a chunk's lines with `change(seq, event)` made to each event, and every link made to fit again."""
    prev, lines = session.manifests[n].head_in, []
    for line in session.runs[n]:
        event = {**json.loads(line), "prev": prev}
        event = change(event["seq"], event) or event
        lines.append(canonical.encode(event))
        prev = digest.event_hash(lines[-1])
    return tuple(lines)


def check_any(evidence: TraceEvidence) -> list[Finding]:
    """Return what breaks the evidence, whatever it is."""
    return verify_trace(evidence, pinned_jkt=server_key().jkt).errors


def with_part(part: str, content: bytes) -> TraceEvidence:
    """Return the evidence with one part replaced."""
    if part == "chunk":
        return TRACE.with_chunk(1, content)
    if part == "receipt":
        lines = list(TRACE.evidence.receipts)
        lines[1] = content
        return replace(TRACE.evidence, receipts=tuple(lines))
    return replace(TRACE.evidence, **{part: content})


def flipped(content: bytes, at: int, bit: int) -> bytes:
    """Return the bytes with one bit turned over."""
    return content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :]


def other_text(text: str) -> str:
    """Return another text of the same shape."""
    known = {"zstd": "identity", "default": "other", "p-1": "p-2"}
    if text in known:
        return known[text]
    return text[:-1] + ("0" if text[-1] != "0" else "1")


GOOD_LINE = b'{"a":1,"b":"x"}'
NOT_CANONICAL = {
    "duplicate key": b'{"a":1,"a":1}',
    "float": b'{"a":1.0}',
    "float without fraction": b'{"a":1e3}',
    "tiny float": b'{"a":1e-7}',
    "minus zero": b'{"a":-0}',
    "not a number": b'{"a":NaN}',
    "infinity": b'{"a":Infinity}',
    "2^53": b'{"a":9007199254740992}',
    "-2^53": b'{"a":-9007199254740992}',
    "beyond 64 bits": b'{"a":18446744073709551616}',
    "lone surrogate": b'{"a":"\\ud800"}',
    "reversed surrogates": b'{"a":"\\udc00\\ud800"}',
    "invalid UTF-8": b'{"a":"\xff"}',
    "byte order mark": b'\xef\xbb\xbf{"a":1}',
    "space": b'{"a": 1}',
    "CRLF": b'{"a":1}\r',
    "key order": b'{"b":1,"a":1}',
    "key order above U+FFFF": '{"\uffee":1,"\U0001f41b":1}'.encode(),
    "needless escape": b'{"a":"\\u0061"}',
    "escaped solidus": b'{"a":"\\/"}',
    "upper-case escape": b'{"a":"\\u001F"}',
    "1,000 deep": b'{"a":' + b"[" * 1000 + b"]" * 1000 + b"}",
    "17 deep": b'{"a":' + b"[" * 16 + b"]" * 16 + b"}",
    "array": b"[1]",
    "string": b'"a"',
    "nothing": b"",
    "trailing comma": b'{"a":1,}',
    "NUL behind": b'{"a":1}\x00',
}
