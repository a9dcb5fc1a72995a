"""Whether a request comes from this very machine to a collector that nobody else can reach."""

from __future__ import annotations

import ipaddress

from fastapi import Request

__all__ = ["is_local", "is_loopback"]

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine's own loopback."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_local(request: Request) -> bool:
    """Return whether a request was made to and from loopback, by its own name, through no proxy.

    The Host header is looked at because a web page can have its own name resolve to 127.0.0.1.
    """
    client = "" if request.client is None else request.client.host
    host = request.headers.get("host", "")
    name = host.partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    is_forwarded = any(one in request.headers for one in FORWARDED)
    return is_loopback(client) and is_loopback(name) and not is_forwarded
