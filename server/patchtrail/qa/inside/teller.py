"""Tells the watching process what happened, a sealed line each, over a descriptor that only this process has."""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Callable
from hashlib import sha256

__all__ = ["teller"]

NONCE_BYTES = 32


def teller(descriptor: int, nonce_descriptor: int) -> Callable[[dict[str, object]], None]:
    """Return what tells; to be called before anything of the project is imported.

    Nonce and descriptor live in a closure alone, and a process that a test forks is silent.
    """
    nonce = os.read(nonce_descriptor, NONCE_BYTES)
    os.close(nonce_descriptor)
    os.set_inheritable(descriptor, False)
    owner, getpid, write, new, dumps = os.getpid(), os.getpid, os.write, hmac.new, json.dumps
    count = 0

    def tell(told: dict[str, object]) -> None:
        nonlocal count
        if getpid() != owner:
            return
        # Half a surrogate pair, which a test may print, is no text.
        body = dumps(told, ensure_ascii=False).encode("utf-8", "replace")
        seal = new(nonce, str(count).encode() + b" " + body, sha256).hexdigest().encode()
        line = seal + b" " + body + b"\n"
        while line:
            line = line[write(descriptor, line) :]
        count += 1

    return tell
