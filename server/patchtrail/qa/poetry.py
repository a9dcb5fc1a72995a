"""Poetry's and Pipenv's way to write versions, as PEP 508 requirements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from patchtrail.contract.errors import InvalidInput
from patchtrail.qa.requirements import Requirements, requirement_of

__all__ = ["requirements_of_table"]

RELEASE = re.compile(r"[\^~]\s*(\d+(?:\.\d+)*)(\S*)")


def requirements_of_table(table: Mapping[str, Any], origin: str) -> Requirements:
    """Return what a table of names and versions requires; `python` itself is none, and an optional one neither.

    Raises `InvalidInput` where something is taken from an address, a repository or a folder.
    """
    told = [(name, value) for name, value in table.items() if name.lower() != "python"]
    return tuple(
        requirement_of(_written(name, value, origin), origin)
        for name, value in told
        if not (isinstance(value, Mapping) and value.get("optional"))
    )


def _written(name: str, value: Any, origin: str) -> str:  # noqa: ANN401 -- as TOML holds it
    if isinstance(value, list):
        value = value[0] if value else "*"
    told = {"version": value} if isinstance(value, str) else dict(value) if isinstance(value, Mapping) else {}
    if elsewhere := {"git", "path", "url", "file", "source", "index", "hg", "svn"} & told.keys():
        raise InvalidInput(
            f"{origin} takes {name} from elsewhere ({', '.join(sorted(elsewhere))}); names and versions are fetched.",
            code="recipe",
        )
    extras = f"[{','.join(str(one) for one in told['extras'])}]" if told.get("extras") else ""
    markers = f" ; {told['markers']}" if told.get("markers") else ""
    return f"{name}{extras}{_specifier(str(told.get('version', '*')))}{markers}"


def _specifier(version: str) -> str:
    parts = [_part(one.strip()) for one in version.split("||")[0].split(",")]
    return ",".join(one for one in parts if one)


def _part(part: str) -> str:
    """Write one bound: a caret keeps the first number that is not zero, a tilde the second."""
    if part in ("", "*"):
        return ""
    found = RELEASE.match(part)
    if found is None:
        return part if part[0] in "<>=!~" else f"=={part}"
    numbers = [int(one) for one in found[1].split(".")]
    kept = next((at for at, number in enumerate(numbers) if number), len(numbers) - 1)
    at = kept if part.startswith("^") else min(1, len(numbers) - 1)
    upper = [*numbers[:at], numbers[at] + 1]
    return f">={found[1]}{found[2]},<{'.'.join(map(str, upper))}"
