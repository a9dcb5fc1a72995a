"""Which model an environment names, and what is refused."""

from __future__ import annotations

import pytest

from patchtrail.contract.errors import InvalidInput
from patchtrail.llm import Endpoint, endpoint_of, model_of
from patchtrail.llm.endpoint import EndpointKind
from tests.llm.asking import KEY

OPENAI = {"OPENAI_API_KEY": KEY}
ANTHROPIC = {"ANTHROPIC_API_KEY": "sk-ant"}
VENDOR = "https://api.openai.com/v1"
LOCAL = "http://localhost:11434/v1"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"PATCHTRAIL_MODEL": "gpt-4o"}, None),
        ({"OPENAI_API_KEY": "  "}, None),
        (OPENAI, Endpoint("openai", VENDOR, "gpt-4o-mini", KEY)),
        ({"OPENAI_API_KEY": f"{KEY}\n"}, Endpoint("openai", VENDOR, "gpt-4o-mini", KEY)),
        (ANTHROPIC, Endpoint("anthropic", "https://api.anthropic.com", "claude-haiku-4-5", "sk-ant")),
        (OPENAI | ANTHROPIC, Endpoint("openai", VENDOR, "gpt-4o-mini", KEY)),
        (
            OPENAI | ANTHROPIC | {"PATCHTRAIL_MODEL": "claude-sonnet-4-5"},
            Endpoint("anthropic", "https://api.anthropic.com", "claude-sonnet-4-5", "sk-ant"),
        ),
        (
            OPENAI | ANTHROPIC | {"PATCHTRAIL_MODEL_KIND": "Anthropic"},
            Endpoint("anthropic", "https://api.anthropic.com", "claude-haiku-4-5", "sk-ant"),
        ),
        ({"OPENAI_BASE_URL": f"{LOCAL}/"}, Endpoint("openai", LOCAL, "gpt-4o-mini", "")),
        (
            {"OPENAI_BASE_URL": VENDOR, "PATCHTRAIL_MODEL_URL": LOCAL, "PATCHTRAIL_MODEL": "qwen"},
            Endpoint("openai", LOCAL, "qwen", ""),
        ),
        (
            ANTHROPIC | {"PATCHTRAIL_MODEL_URL": "https://api.anthropic.com"},
            Endpoint("anthropic", "https://api.anthropic.com", "claude-haiku-4-5", "sk-ant"),
        ),
        (
            ANTHROPIC | {"PATCHTRAIL_MODEL_URL": "http://[::1]:9/v1", "PATCHTRAIL_MODEL_KIND": "anthropic"},
            Endpoint("anthropic", "http://[::1]:9/v1", "claude-haiku-4-5", "sk-ant"),
        ),
    ],
)
def test_an_environment_names_a_model(environment: dict[str, str], expected: Endpoint | None) -> None:
    """Our own variables win over the vendors'; neither key nor address is no model."""
    assert endpoint_of(environment) == expected


def test_a_key_for_one_vendor_is_not_sent_elsewhere() -> None:
    """An address of the user's own never gets the key of Anthropic that lies about for other tools."""
    endpoint = endpoint_of(ANTHROPIC | {"PATCHTRAIL_MODEL_URL": LOCAL, "PATCHTRAIL_MODEL": "claude-like"})

    assert endpoint == Endpoint("openai", LOCAL, "claude-like", "")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://models.example/v1", "unencrypted"),
        ("http://192.168.0.9:8000", "unencrypted"),
        ("http://localhost.example/v1", "unencrypted"),
        ("http://127.0.0.1@models.example/v1", "no user"),
        ("ftp://models.example", "http:// or https://"),
        ("models.example/v1", "http:// or https://"),
        ("https://", "http:// or https://"),
        (f"https://user:{KEY}@models.example", "no user, password"),
        (f"https://models.example/v1?key={KEY}", "no user, password"),
        ("https://models.example:port/", "is no URL"),
        ("https://[models.example", "is no URL"),
        ("https://models.example/a b", "characters"),
        ("https://mödels.example/", "characters"),
    ],
)
@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_an_unsafe_address_is_refused(kind: EndpointKind, url: str, words: str) -> None:
    """An address that is none, that is unencrypted or that holds a secret is refused, in words without the secret."""
    with pytest.raises(InvalidInput, match=words) as caught:
        Endpoint(kind, url, "m", KEY)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"OPENAI_API_KEY": f"{KEY}\nX-Other: 1"}, "OPENAI_API_KEY"),
        ({"ANTHROPIC_API_KEY": f"{KEY}ü"}, "ANTHROPIC_API_KEY"),
        (OPENAI | {"PATCHTRAIL_MODEL": "a\nb"}, "PATCHTRAIL_MODEL"),
        (OPENAI | {"PATCHTRAIL_MODEL_KIND": "gemini"}, "must be `openai` or `anthropic`"),
    ],
)
def test_odd_values_are_refused(environment: dict[str, str], words: str) -> None:
    """A key that could not be sent, a name that is none and a kind that nobody speaks are refused by name."""
    with pytest.raises(InvalidInput, match=words) as caught:
        endpoint_of(environment)
    assert KEY not in str(caught.value)


def test_an_endpoint_does_not_show_its_key() -> None:
    """Neither an endpoint nor a door shows the key when it is printed."""
    endpoint = Endpoint("openai", VENDOR, "m", KEY)

    assert KEY not in f"{endpoint} {endpoint!r} {model_of(endpoint)!r}"
