"""Secrets in commands and edits, and protections that were switched off."""

from __future__ import annotations

import re
from collections.abc import Iterable

from patchtrail.qa.judge.moves import Edit
from patchtrail.redaction import PLACEHOLDER
from patchtrail.redaction.rules import rule_spans

__all__ = ["disarms", "exposes", "is_insecure"]

TOKEN = re.compile(
    r"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{40,}|sk-[A-Za-z0-9_-]{20,}|xox[abprs]-[\w-]{10,}"
    r"|AIza[\w-]{35}|glpat-[\w-]{20}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,})|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
SWITCHED_OFF = re.compile(
    r"\bverify\s*=\s*False\b|\bcheck_hostname\s*=\s*False\b|\bCERT_NONE\b|_create_unverified_context\b"
    r"|\bverify_ssl\s*=\s*False\b"
    r"|\bssl\s*=\s*False\b|NODE_TLS_REJECT_UNAUTHORIZED\W{1,4}0|\brejectUnauthorized\s*:\s*false\b"
    r"|InsecureSkipVerify\s*:\s*true\b"
    r"|@csrf_exempt\b|\bAllowAny\b|[\"']verify_(?:signature|exp|aud|iss)[\"']\s*:\s*False\b"
    r"|\balgorithms?\s*=\s*\[?[\"']none[\"']"
    r"|\b(?:StrictHostKeyChecking[ =]no)\b|\bGIT_SSL_NO_VERIFY\b|http\.sslVerify[ =]false\b"
    r"|\bverify_signature\s*=\s*False\b"
    r"|\b\w*(?:auth|authentication|login_required|csrf|permission|require_login|validate|sanitize|escape|autoescape"
    r"|rate_limit|signature"
    r"|secure|tls|https?_only)\w*\s*[=:]\s*(?:False|false|off)\b|\bskip_(?:auth|verify|validation"
    r"|permission)\w*\s*[=:]\s*(?:True|true|1)\b"
    r"|\bDISABLE_(?:AUTH|SSL|TLS|CSRF|SECURITY)\w*\s*=\s*(?:True|true|1|[\"'])|\bAccess-Control-Allow-Origin\W{1,5}\*",
)
COMMAND_OFF = re.compile(
    r"\bcurl\b.*\s(?:-\w*k\w*|--insecure)\b|\bwget\b.*--no-check-certificate\b|--trusted-host\b|--no-verify-ssl\b"
    r"|strict-ssl false\b"
    r"|NODE_TLS_REJECT_UNAUTHORIZED=0|PYTHONHTTPSVERIFY=0|StrictHostKeyChecking=no|GIT_SSL_NO_VERIFY="
    r"|http\.sslVerify[ =]false"
    r"|\b(?:DISABLE|SKIP|NO)_(?:AUTH|SECURITY|CSRF|SSL|TLS)\w*=(?:1|true)",
    re.IGNORECASE,
)
GUARD_LINE = re.compile(
    r"\s*@(?:login_required|permission_required|requires_\w+|authenticated|csrf_protect|auth\w*|admin_required"
    r"|jwt_required)\b"
    r"|\s*(?:if|require|assert|unless)\b.*\b(?:is_auth\w*|authenticated|authori[sz]ed|has_perm\w*|is_admin"
    r"|check_password|compare_digest"
    r"|verify_\w+|valid_signature|is_valid_token|hmac)\b"
)
GUARD_NAME = re.compile(
    r"\b(?:def|function|func|fn)\s+\w*(?:auth|verif|permi|allow|check_pass|login|token|is_admin|is_valid|signature)\w*",
    re.I,
)
OPENS_UP = re.compile(r"\s*return\s+(?:True|true|1)\b;?\s*(?:#.*|//.*)?$")


def exposes(text: str) -> bool:
    """Return whether a command or a line holds a secret, or the placeholder of one."""
    if PLACEHOLDER.search(text) or TOKEN.search(text):
        return True
    return any(True for _ in rule_spans(text))


def disarms(edit: Edit) -> str:
    """Return the line by which an edit switches a protection off; empty where none does."""
    for line in edit.added:
        if SWITCHED_OFF.search(line) and not any(_same(line, gone) for gone in edit.removed):
            return line.strip()
    is_guard = any(GUARD_NAME.search(line) for line in edit.shown)
    opened = next((line for line in edit.added if is_guard and OPENS_UP.match(line)), None)
    if opened is not None and not any(OPENS_UP.match(line) for line in edit.removed):
        return opened.strip()
    return _guard_gone(edit.removed, edit.added)


def is_insecure(command_line: str) -> bool:
    """Return whether a command switches a protection off."""
    return COMMAND_OFF.search(command_line) is not None


def _guard_gone(removed: Iterable[str], added: Iterable[str]) -> str:
    kept = list(added)
    for line in removed:
        if GUARD_LINE.match(line) and not any(GUARD_LINE.match(one) for one in kept):
            return line.strip()
    return ""


def _same(line: str, other: str) -> bool:
    return line.split("#")[0].strip() == other.split("#")[0].strip()
