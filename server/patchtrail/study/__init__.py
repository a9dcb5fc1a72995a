"""Consent texts, and the one gate that says yes or no. Pure."""

from patchtrail.study.consent import CONSENT, CONSENT_TEXT, CONSENT_VERSION, Consent, DataClass, current_consent
from patchtrail.study.gate import decide, may_snapshot

__all__ = [
    "CONSENT",
    "CONSENT_TEXT",
    "CONSENT_VERSION",
    "Consent",
    "DataClass",
    "current_consent",
    "decide",
    "may_snapshot",
]
