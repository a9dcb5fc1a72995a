"""What a failure means and what to do about it, in a sentence that never holds the key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from patchtrail.contract.errors import Detail, ModelUnavailable
from patchtrail.llm.endpoint import Endpoint
from patchtrail.llm.wire import Wire

__all__ = ["Faults", "is_too_long", "said_by"]

MAX_QUOTED = 200
MAX_RETRY_AFTER_S = 86_400
OUT_OF_QUOTA = re.compile(r"insufficient_quota|exceeded your current quota|credit balance|billing", re.IGNORECASE)
TOO_LONG = re.compile(r"context.{0,20}length|maximum context|prompt is too long|too many tokens", re.IGNORECASE)


@dataclass(frozen=True)
class Faults:
    """The words for one endpoint's failures; they name the variables that set its model and its address."""

    endpoint: Endpoint
    model_setting: str = "PATCHTRAIL_MODEL"
    url_setting: str = "PATCHTRAIL_MODEL_URL"

    def quoted(self, text: str, by: str = "It said") -> str:
        """Return what a server said, fit for a message: one line, short, without the key."""
        key = self.endpoint.api_key
        spoken = text.replace(key, "[key]") if key else text
        spoken = " ".join("".join(one if one.isprintable() else " " for one in spoken[: 8 * MAX_QUOTED]).split())
        return f" {by}: {spoken[:MAX_QUOTED]}" if spoken else ""

    def status(self, status: int, said: str, headers: Mapping[str, str]) -> ModelUnavailable:
        """Return the error for an answer that is no success."""
        where, detail = self.endpoint.host, Detail(status=status)
        retry_after = headers.get("retry-after", "")
        if status == 429 and retry_after.isascii() and retry_after.isdigit():
            detail["retry_after_s"] = min(int(retry_after[:9]), MAX_RETRY_AFTER_S)
        code = "model_timeout" if status in (408, 504) else "model_unavailable"
        return ModelUnavailable(
            f"{self._meaning(status, said, detail, where)}{self.quoted(said)}", code=code, detail=detail
        )

    def _meaning(self, status: int, said: str, detail: Detail, where: str) -> str:
        match status:
            case 401:
                return f"{where} refused the key: check {self.endpoint.key_variable} or the key kept in the editor."
            case 402:
                return f"{where} wants to be paid: check the account that {self.endpoint.key_variable} belongs to."
            case 403:
                rights = f"check its rights, or {self.model_setting}"
                return f"{where} does not let this key use {self.endpoint.model}: {rights}."
            case 404:
                settings = f"check {self.model_setting} and {self.url_setting}"
                return f"{where} knows no model {self.endpoint.model}, or nothing at this address: {settings}."
            case 429 if OUT_OF_QUOTA.search(said):
                return f"The account at {where} has no quota left: check its billing."
            case 429:
                wait = f"in {detail['retry_after_s']} s" if "retry_after_s" in detail else "in a while"
                return f"{where} has had too many requests: ask again {wait}."
            case _ if 300 <= status < 400:
                return f"{where} sends elsewhere ({status}): set {self.url_setting} to the address it means."
            case 408 | 504:
                return f"{where} did not answer in time ({status}): ask again later."
            case 413:
                return f"The prompt is too long for {where}: lower `max_prompt_tokens` under [agent]."
            case _ if status >= 500:
                return f"{where} failed ({status}): ask again later."
            case _ if is_too_long(said):
                return f"The prompt is too long for {self.endpoint.model}: lower `max_prompt_tokens` under [agent]."
            case _:
                return f"{where} refused the request ({status})."

    def unreachable(self, reason: str) -> ModelUnavailable:
        """Return the error for a server that there is no connection to; `reason` is the system's word."""
        return ModelUnavailable(
            f"No server can be reached at {self.endpoint.host}: check {self.url_setting}, whether the server runs, "
            f"and the network.{self.quoted(reason, 'The system said')}"
        )

    def silent(self) -> ModelUnavailable:
        """Return the error for a server that says nothing in time."""
        return ModelUnavailable(f"{self.endpoint.host} did not answer in time: ask again later.", code="model_timeout")

    def broken_off(self, wire: Wire) -> ModelUnavailable:
        """Return the error for an answer that ended before its end, or that was not read any further."""
        if wire.fault == "packed":
            return ModelUnavailable(f"{self.endpoint.host} sent a packed answer, which was not asked for.")
        if wire.fault == "flood":
            return ModelUnavailable(
                f"The answer of {self.endpoint.host} does not end ({wire.received_bytes} bytes came): try another.",
                detail={"reason": "too_large"},
            )
        return ModelUnavailable(f"The answer of {self.endpoint.host} broke off before its end: ask again.")

    def unreadable(self) -> ModelUnavailable:
        """Return the error for an answer that is not of this API."""
        return ModelUnavailable(
            f"The answer of {self.endpoint.host} is not one of its API ({self.endpoint.kind}): check "
            "PATCHTRAIL_MODEL_URL and PATCHTRAIL_MODEL_KIND."
        )

    def told(self, said: str) -> ModelUnavailable:
        """Return the error for a failure that the server tells in the middle of an answer."""
        return ModelUnavailable(
            f"{self.endpoint.host} gave up in the middle of its answer: ask again.{self.quoted(said)}"
        )


def is_too_long(said: str) -> bool:
    """Return whether a server's words say that the prompt does not fit."""
    return TOO_LONG.search(said) is not None


def said_by(body: object) -> str:
    """Return what an error's body says, whichever of the usual shapes it has."""
    if isinstance(body, str):
        return body
    if not isinstance(body, Mapping):
        return ""
    inner = body.get("error", body)
    if not isinstance(inner, Mapping):
        return str(inner) if isinstance(inner, str) else ""
    parts = [inner.get(one) for one in ("message", "code", "param")]
    return " ".join(part for part in parts if isinstance(part, str))
