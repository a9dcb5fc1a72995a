"""What a judge model answered: read strictly, or not at all."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from patchtrail.contract.errors import InvalidInput
from patchtrail.qa.judge.prompt import ASKED

__all__ = ["CheckVerdict", "Verdict", "read_verdict"]

FENCED = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?```\s*", re.DOTALL)
MAX_CHARS = 100_000


class CheckVerdict(BaseModel):
    """One check as a model answered it, before its evidence is looked at."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    check: str
    because: str = Field(max_length=4_000)
    event_ids: list[int] = Field(max_length=200)
    quotes: list[str] = Field(max_length=50)
    answer: Literal["yes", "partly", "no"]

    @field_validator("check")
    @classmethod
    def _is_asked(cls, name: str) -> str:
        if name not in ASKED:
            raise ValueError(f"{name[:40]!r} is no check of the rubric")
        return name


class Verdict(BaseModel):
    """One sample."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    checks: list[CheckVerdict] = Field(max_length=len(ASKED))

    @field_validator("checks")
    @classmethod
    def _each_once(cls, checks: list[CheckVerdict]) -> list[CheckVerdict]:
        if len({check.check for check in checks}) < len(checks):
            raise ValueError("a check is answered twice")
        return checks


def read_verdict(text: str) -> Verdict:
    """Return a model's verdict; raises `InvalidInput` for anything but one JSON object of the form asked for."""
    if len(text) > MAX_CHARS:
        raise InvalidInput("The model's verdict is too long.", code="bad_verdict")
    fenced = FENCED.fullmatch(text)
    try:
        return Verdict.model_validate_json(fenced[1] if fenced else text)
    except ValidationError as error:
        said = error.errors(include_input=False, include_url=False)[0]["msg"]
        raise InvalidInput(f"The model's verdict is not of the form asked for: {said}", code="bad_verdict") from None
