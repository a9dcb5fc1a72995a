"""Rate limits: token buckets in memory. A bucket fills steadily and holds a burst, so that a drained spool fits in.

One process serves a data folder, so nothing has to be shared. A refusal costs nothing of what is left.
"""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from patchtrail.contract.errors import NotAllowed

__all__ = ["Rate", "RateLimits", "Rates", "address_of"]

KEPT_BUCKETS = 50_000


@dataclass(frozen=True)
class Rate:
    """So many in so many seconds, and as many at once as `burst` says."""

    count: int
    seconds: int
    burst: int


@dataclass(frozen=True)
class Rates:
    """The limits of a collector, by what they are for."""

    device: Rate
    upload: Rate
    enrolment_address: Rate
    enrolment_study: Rate
    open_address: Rate


@dataclass
class _Bucket:
    left: float
    filled_s: float


class RateLimits:
    """The buckets of everybody who came lately."""

    def __init__(self, rates: Rates, now_s: Callable[[], float] = time.monotonic) -> None:
        self._rates = rates
        self._now_s = now_s
        self._turn = threading.Lock()
        self._buckets: OrderedDict[tuple[str, str], _Bucket] = OrderedDict()

    def device(self, device_id: str) -> None:
        """Count a device's request that is no upload."""
        self._take("device", device_id, self._rates.device)

    def upload(self, whose: str) -> None:
        """Count a chunk or an artifact, of a device or of an open trace."""
        self._take("upload", whose, self._rates.upload)

    def enrolment(self, address: str, study_id: str) -> None:
        """Count an attempt to enrol, by address and for the whole study."""
        self._take("enrolment by this address", address, self._rates.enrolment_address)
        self._take("enrolment in this study", study_id, self._rates.enrolment_study)

    def opening(self, address: str) -> None:
        """Count an open trace that is created."""
        self._take("open traces by this address", address, self._rates.open_address)

    def _take(self, what: str, whose: str, rate: Rate) -> None:
        per_s = rate.count / rate.seconds
        with self._turn:
            wait_s = self._wait_s((what, whose), rate, per_s)
        if wait_s:
            message = f"Too many requests ({what}): {rate.count} in {rate.seconds} s. Try again in {wait_s} s."
            raise NotAllowed(message, code="rate_limited", detail={"retry_after_s": wait_s})

    def _wait_s(self, key: tuple[str, str], rate: Rate, per_s: float) -> int:
        """Take one out of a bucket, or return how long it takes until there is one."""
        now_s = self._now_s()
        bucket = self._buckets.setdefault(key, _Bucket(rate.burst, now_s))
        self._buckets.move_to_end(key)
        if len(self._buckets) > KEPT_BUCKETS:
            self._buckets.popitem(last=False)
        bucket.left = min(rate.burst, bucket.left + max(0.0, now_s - bucket.filled_s) * per_s)
        bucket.filled_s = now_s
        if bucket.left < 1:
            return max(1, math.ceil((1 - bucket.left) / per_s))
        bucket.left -= 1
        return 0


def address_of(request: Request) -> str:
    """Return the address that a request came from; of IPv6 the network, since a host has 2^64 addresses.

    What a proxy forwards is believed only where the server was told to trust that proxy.
    """
    host = "" if request.client is None else request.client.host
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)
