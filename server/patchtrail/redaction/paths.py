"""Files whose content is never captured: only that they changed, and how long they are."""

from __future__ import annotations

from fnmatch import fnmatchcase

__all__ = ["DENIED_PATHS", "is_denied", "matches"]

DENIED_PATHS = (
    ".env*",
    "*.env",
    ".envrc",
    "*.pem",
    "*.p12",
    "*.pfx",
    "*.key",
    "*.jks",
    "*.keystore",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    ".npmrc",
    ".pypirc",
    ".netrc",
    "_netrc",
    ".pgpass",
    ".htpasswd",
    ".git-credentials",
    "kubeconfig*",
    "*/.git/*",
    "*/.ssh/*",
    "*/.aws/*",
    "*/.kube/*",
    "*/.gnupg/*",
    "*/.docker/config.json",
)


def is_denied(path: str, more: tuple[str, ...] = ()) -> bool:
    """Return whether `path` (with `/`) or any folder on it matches a denied pattern, whatever the case."""
    return matches(path, (*DENIED_PATHS, *more))


def matches(path: str, patterns: tuple[str, ...]) -> bool:
    """Return whether `path` or any folder on it matches a glob, whatever the case; one with `/` matches whole paths."""
    lowered = "/" + path.lower().replace("\\", "/").lstrip("/")
    parts = [part for part in lowered.split("/") if part]
    for pattern in (one.lower() for one in patterns):
        if "/" in pattern:
            if fnmatchcase(lowered, pattern if pattern.startswith(("*", "/")) else f"*/{pattern}"):
                return True
        elif any(fnmatchcase(part, pattern) for part in parts):
            return True
    return False
