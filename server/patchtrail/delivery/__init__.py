"""The way out: a durable spool, and the courier that carries it to the collector."""

from patchtrail.delivery.clock import Clock, SystemClock
from patchtrail.delivery.courier import Courier, SendingRules
from patchtrail.delivery.device import Device
from patchtrail.delivery.log_memory import LogMemory, Promise
from patchtrail.delivery.log_watch import LogWatch, Mistrusted
from patchtrail.delivery.openings import NewTrace, TaskFacts, open_local, open_offline, open_online
from patchtrail.delivery.pending import PendingRules, pending
from patchtrail.delivery.room import CAP_BYTES
from patchtrail.delivery.spool import TraceSpool
from patchtrail.delivery.store import SpoolStore
from patchtrail.delivery.transport import Transport

__all__ = [
    "CAP_BYTES",
    "Clock",
    "Courier",
    "Device",
    "LogMemory",
    "LogWatch",
    "Mistrusted",
    "NewTrace",
    "PendingRules",
    "Promise",
    "SendingRules",
    "SpoolStore",
    "SystemClock",
    "TaskFacts",
    "TraceSpool",
    "Transport",
    "open_local",
    "open_offline",
    "open_online",
    "pending",
]
