"""The way out: a durable spool, and the courier that carries it to the collector."""

from patchtrail.delivery.clock import Clock, SystemClock
from patchtrail.delivery.courier import Courier, SendingRules
from patchtrail.delivery.device import Device
from patchtrail.delivery.openings import NewTrace, TaskFacts, open_local, open_offline, open_online
from patchtrail.delivery.room import CAP_BYTES
from patchtrail.delivery.spool import TraceSpool
from patchtrail.delivery.store import SpoolStore

__all__ = [
    "CAP_BYTES",
    "Clock",
    "Courier",
    "Device",
    "NewTrace",
    "SendingRules",
    "SpoolStore",
    "SystemClock",
    "TaskFacts",
    "TraceSpool",
    "open_local",
    "open_offline",
    "open_online",
]
