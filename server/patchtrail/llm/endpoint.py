"""Where a model is: kind of API, address, name and key; read from an environment, never from a project."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from patchtrail.contract.errors import InvalidInput

__all__ = ["DEFAULT_MODELS", "DEFAULT_URLS", "Endpoint", "EndpointKind", "endpoint_of"]

EndpointKind = Literal["openai", "anthropic"]
DEFAULT_MODELS: Mapping[EndpointKind, str] = {"openai": "gpt-4o-mini", "anthropic": "claude-haiku-4-5"}
DEFAULT_URLS: Mapping[EndpointKind, str] = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
}
KEY_VARIABLES: Mapping[EndpointKind, str] = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
MAX_NAME = 200


@dataclass(frozen=True)
class Endpoint:
    """One model at one address; what could not be asked safely is refused when it is made."""

    kind: EndpointKind
    base_url: str
    model: str
    api_key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be asked."""
        if self.kind not in DEFAULT_URLS:
            raise InvalidInput(f"The model's kind is {self.kind!r}: it must be `openai` or `anthropic`.")
        if not self.model or len(self.model) > MAX_NAME or not self.model.isprintable():
            raise InvalidInput("The model's name must be 1 to 200 printable characters: set PATCHTRAIL_MODEL.")
        if not all("!" <= letter <= "~" for letter in self.api_key):
            raise InvalidInput(f"The key holds characters that no key has: check {self.key_variable}.")
        _check(self.base_url)

    @property
    def key_variable(self) -> str:
        """The variable that the key comes from."""
        return KEY_VARIABLES[self.kind]

    @property
    def host(self) -> str:
        """Host and port, for messages."""
        return urlsplit(self.base_url).netloc

    @property
    def is_plain(self) -> bool:
        """Whether it is asked without encryption, as only this machine may be."""
        return urlsplit(self.base_url).scheme == "http"


def endpoint_of(environment: Mapping[str, str]) -> Endpoint | None:
    """Return the endpoint that an environment names; None where it names neither a key nor an address.

    `PATCHTRAIL_MODEL_URL`, `PATCHTRAIL_MODEL` and `PATCHTRAIL_MODEL_KIND` win over what the vendors' own variables say.
    """
    value = {name: text.strip() for name, text in environment.items()}
    kind = _kind(value)
    if kind is None:
        return None
    url = value.get("PATCHTRAIL_MODEL_URL") or (value.get("OPENAI_BASE_URL") if kind == "openai" else "")
    key = value.get(KEY_VARIABLES[kind], "")
    if not key and not url:
        return None
    model = value.get("PATCHTRAIL_MODEL") or DEFAULT_MODELS[kind]
    return Endpoint(kind, (url or DEFAULT_URLS[kind]).rstrip("/"), model, key)


def _kind(value: Mapping[str, str]) -> EndpointKind | None:
    """Return the kind of API: as told, else by the address, else by the keys there are.

    An address of the user's own speaks OpenAI's API unless told otherwise: a key of Anthropic's that lies in the
    environment for other tools must not be sent there.
    """
    match value.get("PATCHTRAIL_MODEL_KIND", "").lower():
        case "openai":
            return "openai"
        case "anthropic":
            return "anthropic"
        case "":
            pass
        case other:
            raise InvalidInput(f"PATCHTRAIL_MODEL_KIND is {other[:40]!r}: it must be `openai` or `anthropic`.")
    url = value.get("PATCHTRAIL_MODEL_URL")
    if url:
        return "anthropic" if _split(url).hostname == "api.anthropic.com" else "openai"
    if value.get("ANTHROPIC_API_KEY"):
        is_openai = value.get("OPENAI_API_KEY") or value.get("OPENAI_BASE_URL")
        return "openai" if is_openai and not value.get("PATCHTRAIL_MODEL", "").startswith("claude") else "anthropic"
    return "openai" if value.get("OPENAI_API_KEY") or value.get("OPENAI_BASE_URL") else None


def _check(url: str) -> None:
    parts = _split(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput("The model's address must begin with http:// or https://, and name a host.")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise InvalidInput(
            "The model's address must hold no user, password, `?` or `#`: a key stands in its own variable."
        )
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise InvalidInput(
            f"The model's address {parts.hostname} is not on this machine, so code and key would travel unencrypted: "
            "use https://."
        )


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise InvalidInput("The model's address is no URL: check PATCHTRAIL_MODEL_URL or OPENAI_BASE_URL.") from None
    if not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidInput("The model's address holds characters that no URL has.")
    return parts


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
