"""Placeholders: what stands where a secret stood.

`<<redacted:RULE:XXXXXXXX>>`, X the first 8 hex digits of an HMAC under the session's own key: the same secret
gives the same placeholder, so that a diff still shows whether a value changed, and nobody without the key can
test a guess.
"""

from __future__ import annotations

import hashlib
import hmac
import re

__all__ = ["PLACEHOLDER", "placeholder"]

PLACEHOLDER = re.compile(r"<<redacted:[a-z_]{1,20}:[0-9a-f]{8}>>")


def placeholder(rule: str, secret: str, key: bytes) -> str:
    """Return the placeholder for `secret`, found by `rule`."""
    digest = hmac.new(key, secret.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
    return f"<<redacted:{rule}:{digest[:8]}>>"
