"""This device towards one collector: its signing key, its transport, and what the collector is held to."""

from __future__ import annotations

from pathlib import Path

from patchtrail.contract.errors import VerificationFailed
from patchtrail.contract.evidence import Envelope, Grant, Receipt
from patchtrail.contract.lsp import DeviceKey
from patchtrail.delivery.log_memory import LogMemory
from patchtrail.delivery.log_watch import LogWatch
from patchtrail.delivery.transport import Answer, Transport
from patchtrail.integrity import opening, receipt
from patchtrail.integrity.dsse import Opened
from patchtrail.integrity.keys import SigningKey, VerifyingKey

__all__ = ["Device"]


class Device:
    """An enrolled device; the key comes from the client and lives in this process's memory only."""

    def __init__(self, enrolled: DeviceKey, *, timeout_s: float = 30.0, hasty_s: float = 2.0) -> None:
        self.participant_id = enrolled.participant_id
        self.key = SigningKey.from_jwk(enrolled.d, enrolled.x)
        self.transport = Transport(enrolled.collector_url, enrolled.device_token, timeout_s=timeout_s)
        self._hasty = Transport(enrolled.collector_url, enrolled.device_token, timeout_s=hasty_s)
        self._collector = enrolled.collector_url.rstrip("/")
        self._pinned_jkt = enrolled.server_jkt
        self.log = LogWatch(self._pinned_jkt, LogMemory(self._collector, self._pinned_jkt))

    def remember_in(self, folder: Path) -> None:
        """Keep in a folder what is seen of the collector's keys and log; without it that lasts as long as we live."""
        self.log = LogWatch(self._pinned_jkt, LogMemory(self._collector, self._pinned_jkt, folder))

    @property
    def hasty_transport(self) -> Transport:
        """The transport for requests that a person waits for."""
        return self._hasty

    def server_keys(self, transport: Transport | None = None) -> tuple[VerifyingKey, ...]:
        """Return the collector's keys of which one must have signed a grant or a receipt.

        With a pinned fingerprint no other collector's will do; without one the first keys seen are kept. Raises
        `CollectorUnavailable` when the collector does not show them.
        """
        return self.log.keys(transport or self.transport).receipt

    def open_grant(self, envelope: Envelope) -> Opened[Grant]:
        """Verify a grant; a receipt key that is new is looked for once."""
        try:
            return opening.open_grant(envelope, *self.server_keys())
        except VerificationFailed:
            return opening.open_grant(envelope, *self.log.keys(self.transport, is_fresh=True).receipt)

    def open_receipt(self, envelope: Envelope) -> Receipt:
        """Verify a receipt; a receipt key that is new is looked for once."""
        try:
            return receipt.open_receipt(envelope, *self.server_keys())
        except VerificationFailed:
            return receipt.open_receipt(envelope, *self.log.keys(self.transport, is_fresh=True).receipt)

    def check_log(self) -> Answer | None:
        """Hold the collector's log to what was seen of it: see `LogWatch.check`."""
        return self.log.check(self.transport)

    def close(self) -> None:
        """Close the connections."""
        self.transport.close()
        self._hasty.close()
