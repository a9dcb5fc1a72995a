"""Addresses that a server may call when somebody else names the host: public ones, resolved once and then pinned.

Without it whoever names a URL reaches what the server's own network hides (server-side request forgery).
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from patchtrail.contract.errors import NotAllowed

__all__ = ["Resolve", "WhyNot", "public_addresses", "system_resolve", "why_not_public"]

Resolve = Callable[[str], Sequence[str]]
"""Returns a host's addresses; raises `OSError` when it has none."""
WhyNot = Callable[[str], str | None]
"""Returns why an address may not be called; None when it may."""

REFUSED = tuple(
    ip_network(one)
    for one in (
        # Shared, benchmarking, protocol assignments and reserved; not all of them are private to every Python.
        *("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4"),
        # A cloud's own service behind an address that looks public.
        "168.63.129.16/32",
        # Addresses that stand for an IPv4 address elsewhere: NAT64, 6to4, Teredo; and site-local ones.
        *("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "fec0::/10", "5f00::/16"),
    )
)


def why_not_public(address: str) -> str | None:
    """Return None, or what speaks against calling an address, in a few words.

    Only the written forms of RFC 4291 and four decimal numbers are addresses: `0x7f.1` and `2130706433` are none.
    """
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return "it is no address"
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return "it stands for an IPv4 address"
    for is_so, what in (
        (parsed.is_loopback, "it is this machine"),
        (parsed.is_link_local, "it is link-local"),
        (parsed.is_multicast, "it is multicast"),
        (parsed.is_unspecified, "it is unspecified"),
        (parsed.is_private or not parsed.is_global, "it is private or reserved"),
        (any(parsed in network for network in REFUSED if network.version == parsed.version), "it is reserved"),
    ):
        if is_so:
            return what
    return None


def public_addresses(host: str, resolve: Resolve, why_not: WhyNot = why_not_public) -> list[str]:
    """Resolve a host once, for the caller to connect to these addresses and no others.

    `why_not` may be milder where a server's own settings say so. Raises `NotAllowed` when the host has no address, or
    one that is not public: a name that leads both ways is a trick.
    """
    try:
        found = list(dict.fromkeys(resolve(host)))
    except (OSError, UnicodeError) as error:
        raise NotAllowed(f"The host {host!r} cannot be resolved.", code="host_unknown") from error
    if not found:
        raise NotAllowed(f"The host {host!r} has no address.", code="host_unknown")
    for address in found:
        if reason := why_not(address):
            raise NotAllowed(f"The host {host!r} leads to {address}, which is refused: {reason}.", code="address")
    return found


def system_resolve(host: str) -> list[str]:
    """Ask this machine's resolver."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
