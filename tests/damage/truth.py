"""A known right change, and a damaged answer that means it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["FORMS", "Damaged", "Form", "Truth"]

Form = Literal["unified", "search_replace", "apply_patch", "whole_file", "json"]
FORMS: tuple[Form, ...] = ("unified", "search_replace", "apply_patch", "whole_file", "json")


@dataclass(frozen=True)
class Truth:
    """One file before and after the right change."""

    file_path: str
    before: str
    after: str
    language: str


@dataclass(frozen=True)
class Damaged:
    """What a model would have answered, and what is wrong with it."""

    text: str
    defects: tuple[str, ...]
