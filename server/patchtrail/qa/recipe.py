"""A recipe: how a repository's tests are made runnable. Detected at the start commit, overridable in the task as TOML.

Everything in it is somebody else's word: it names packages, folders and words of a command that runs in the sandbox,
and never anything that runs outside of it.
"""

from __future__ import annotations

import re
import tomllib
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from patchtrail.contract.errors import InvalidInput
from patchtrail.qa.requirements import requirement_of

__all__ = ["Recipe", "RunnerName", "overridden"]

RunnerName = Literal["pytest", "unittest", "node", "jest", "vitest", "go", "junit"]
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,80}")
RESERVED = re.compile(r"(?:PYTHON|PYTEST|LD_|COVERAGE|NODE_|GO|PATH$|HOME$|DYLD_)", re.IGNORECASE)
MAX_TOML_CHARS = 64 * 1024
MAX_TIMEOUT_S = 600


def _inside(path: str) -> str:
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or "\0" in path or "\n" in path:
        raise ValueError(f"`{path}` does not lie below the project")
    return path


def _required(text: str) -> str:
    try:
        return requirement_of(text, "the recipe")
    except InvalidInput as error:
        raise ValueError(error.message) from error


def _variables(given: dict[str, str]) -> dict[str, str]:
    for name, value in given.items():
        if not VARIABLE.fullmatch(name) or RESERVED.match(name) or "\0" in value:
            raise ValueError(f"the variable `{name}` may not be set")
    return given


Below = Annotated[str, AfterValidator(_inside)]


class Recipe(BaseModel):
    """What tests need; every field may be given in a task's TOML under the same name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    runner: RunnerName = "pytest"
    command: tuple[str, ...] = Field(default=(), description="Words, no shell; needed for `junit`.")
    report: Below = Field(default="", description="The JUnit or CTRF file that the command writes.")
    line_report: Below = Field(default="", description="The LCOV or Cobertura file that the command writes.")
    requirements: tuple[Annotated[str, AfterValidator(_required)], ...] = ()
    requirement_files: tuple[Below, ...] = ()
    extras: tuple[str, ...] = Field(default=(), description="Of the project itself.")
    groups: tuple[str, ...] = Field(default=(), description="Dependency groups (PEP 735).")
    install_project: bool = True
    python_path: tuple[Below, ...] = Field(default=(), description="Further folders to import from.")
    arguments: tuple[str, ...] = Field(default=(), description="Given to the runner before the tests.")
    environment: Annotated[dict[str, str], AfterValidator(_variables)] = Field(default_factory=dict)
    timeout_s: int = Field(default=120, ge=1, le=MAX_TIMEOUT_S)
    memory_mb: int = Field(default=2048, ge=64, le=8192)


def overridden(detected: Recipe, recipe_toml: str) -> Recipe:
    """Return a recipe with what a task says instead; raises `InvalidInput` with the place where the TOML is wrong."""
    if not recipe_toml.strip():
        return detected
    if len(recipe_toml) > MAX_TOML_CHARS:
        raise InvalidInput("The recipe is longer than 64 KiB.", code="recipe")
    try:
        told = tomllib.loads(recipe_toml)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"The recipe is no TOML: {error}", code="recipe") from error
    try:
        return Recipe.model_validate({**detected.model_dump(), **told})
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(str(one) for one in first["loc"])
        raise InvalidInput(f"The recipe's `{at}` is wrong: {first['msg']}", code="recipe") from error
