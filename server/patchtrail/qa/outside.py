"""The environment of tools that fetch what participants name: it leads to the index, and holds no secret of ours."""

from __future__ import annotations

import os
import re

__all__ = ["outside_environment"]

KEPT = re.compile(
    r"PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|NETRC|XDG_\w+|PIP_\w+|NPM_\w+|GOPROXY|\w+_PROXY"
    r"|SSL_CERT_(?:FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|NODE_EXTRA_CA_CERTS",
    re.IGNORECASE,
)


def outside_environment() -> dict[str, str]:
    """Return what pip, npm and Go are given of this process's environment: a key of a model, say, is not for them."""
    return {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}
