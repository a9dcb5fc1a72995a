"""This device towards one collector: its signing key, its transport, and the collector's pinned key."""

from __future__ import annotations

from patchtrail.contract.errors import CollectorUnavailable
from patchtrail.contract.lsp import DeviceKey
from patchtrail.delivery.transport import Transport
from patchtrail.integrity.keys import SigningKey, VerifyingKey

__all__ = ["Device"]


class Device:
    """An enrolled device; the key comes from the client and lives in this process's memory only."""

    def __init__(self, enrolled: DeviceKey, *, timeout_s: float = 30.0) -> None:
        self.participant_id = enrolled.participant_id
        self.key = SigningKey.from_jwk(enrolled.d, enrolled.x)
        self.transport = Transport(enrolled.collector_url, enrolled.device_token, timeout_s=timeout_s)
        self._hasty = Transport(enrolled.collector_url, enrolled.device_token, timeout_s=2.0)
        self._pinned_jkt = enrolled.server_jkt
        self._server_key: VerifyingKey | None = None

    @property
    def hasty_transport(self) -> Transport:
        """The transport for requests that a person waits for."""
        return self._hasty

    def server_key(self, transport: Transport | None = None) -> VerifyingKey:
        """Return the collector's key that grants and receipts must be signed with.

        With a pinned fingerprint no other key will do; without one the first key seen is kept for as long as
        this process lives. Raises `CollectorUnavailable` when the collector does not show it.
        """
        if self._server_key is None:
            shown = [VerifyingKey(key.public_key) for key in (transport or self.transport).keys().receipt]
            trusted = [key for key in shown if self._pinned_jkt in (None, key.jkt)]
            if not trusted:
                raise CollectorUnavailable(
                    f"The collector does not show the key {self._pinned_jkt} that was pinned at enrolment.",
                    code="server_key_changed",
                )
            self._server_key = trusted[-1]
        return self._server_key

    def close(self) -> None:
        """Close the connections."""
        self.transport.close()
        self._hasty.close()
