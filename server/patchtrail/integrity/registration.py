"""Device registration: the proof that a device holds the private key that it enrols."""

from __future__ import annotations

from collections.abc import Iterator

from patchtrail.contract.evidence import DEVICE_TYPE, DeviceRegistration, Envelope
from patchtrail.integrity import dsse
from patchtrail.integrity.keys import VerifyingKey
from patchtrail.integrity.verify.finding import Finding

__all__ = ["check_registration", "open_registration"]


def open_registration(envelope: Envelope, key: VerifyingKey) -> DeviceRegistration:
    """Verify a registration with the very key that it enrols."""
    return dsse.open_envelope(envelope, DEVICE_TYPE, DeviceRegistration, key).statement


def check_registration(
    registration: DeviceRegistration, *, challenge: str, jkt: str, participant_id: str, study_id: str
) -> Iterator[Finding]:
    """Yield what keeps a registration from being the answer to a challenge."""
    if registration.challenge != challenge:
        yield Finding("device.challenge", "registration", "The registration answers another challenge.")
    if registration.jkt != jkt:
        yield Finding("device.jkt", "registration", "The registration names another key.")
    if registration.participant_id != participant_id:
        yield Finding("device.participant_id", "registration", "The registration names another participant.")
    if registration.study_id != study_id:
        yield Finding("device.study_id", "registration", "The registration names another study.")
