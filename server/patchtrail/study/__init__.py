"""Consent texts, and the one gate that says yes or no. Pure."""

from patchtrail.study.consent import CONSENT_TEXT, CONSENT_VERSION, current_consent
from patchtrail.study.gate import decide

__all__ = ["CONSENT_TEXT", "CONSENT_VERSION", "current_consent", "decide"]
