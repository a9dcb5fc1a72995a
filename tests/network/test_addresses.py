"""Which addresses may be called."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchtrail.contract.errors import NotAllowed
from patchtrail.network import public_addresses, why_not_public

REFUSED = (
    *("127.0.0.1", "127.1.2.3", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("192.0.0.192", "168.63.129.16", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1"),
    *("::1", "::", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "::127.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1"),
    *("fd00:ec2::254", "fec0::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:1::1"),
    *("2001:db8::1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.1", "", "1.2.3.4.5"),
)
PUBLIC = ("1.1.1.1", "140.82.121.3", "2606:4700:4700::1111")


@pytest.mark.parametrize("address", REFUSED)
def test_44_an_address_that_is_refused(address):
    """What is no public address is refused: this machine, private networks, clouds' metadata, IPv4 in disguise."""
    assert why_not_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address(address):
    """A public address may be called."""
    assert why_not_public(address) is None


@given(st.ip_addresses(v=4))
def test_44_ipv4_in_ipv6_is_never_public(address):
    """No IPv4 address comes through as an IPv6 one."""
    assert why_not_public(f"::ffff:{address}")
    assert why_not_public(f"64:ff9b::{address}")


def test_44_one_bad_address_is_enough():
    """A name that leads to a public and to a private address is refused, whichever comes first."""
    for found in (["1.1.1.1", "10.0.0.1"], ["::1", "1.1.1.1"]):
        with pytest.raises(NotAllowed, match="refused"):
            public_addresses("two.example", lambda _, found=found: found)

    assert public_addresses("one.example", lambda _: ["1.1.1.1", "1.1.1.1"]) == ["1.1.1.1"]


def test_a_host_without_an_address():
    """A host that cannot be resolved is said to be so."""

    def unknown(_host):
        raise OSError("no such host")

    for resolve in (unknown, lambda _: []):
        with pytest.raises(NotAllowed, match=r"nowhere\.example"):
            public_addresses("nowhere.example", resolve)
