"""Which places on the network may be called on a participant's word."""

from patchtrail.network.addresses import Resolve, WhyNot, public_addresses, system_resolve, why_not_public

__all__ = ["Resolve", "WhyNot", "public_addresses", "system_resolve", "why_not_public"]
