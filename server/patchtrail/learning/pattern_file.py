"""`patterns.json`: patterns in their published fields, and whatever another writer put beside them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue, TypeAdapter, ValidationError

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.learning import Pattern, PatternFile
from patchtrail.learning.kept_file import KeptFile

__all__ = ["KeptPatterns", "patterns_in"]

DOCUMENT = TypeAdapter(dict[str, JsonValue])


class KeptPatterns:
    """The file of one library."""

    def __init__(self, path: str | Path) -> None:
        self._file = KeptFile(path)
        self._document: dict[str, JsonValue] = {}

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._file.path

    def read(self) -> list[Pattern]:
        """Return the patterns; none where there is no file yet.

        Raises `InvalidInput` that names the place where it is no library, or holds a name or an id twice.
        """
        content = self._file.read()
        if content is None:
            return []
        self._document, patterns = patterns_in(content, str(self.path))
        return patterns

    def write(self, patterns: Iterable[Pattern]) -> None:
        """Write the patterns in one step; raises as `KeptFile.write` does, and for what could not be read again."""
        patterns = list(patterns)
        _refuse_twins(patterns, str(self.path))
        before = _by_id(self._document)
        held = [{**before.get(one.pattern_id, {}), **one.model_dump(mode="json")} for one in patterns]
        document: dict[str, JsonValue] = {"version": 1, **self._document, "patterns": list[JsonValue](held)}
        self._file.write((json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode())
        self._document = document


def patterns_in(content: bytes, name: str) -> tuple[dict[str, JsonValue], list[Pattern]]:
    """Return a library's document and its patterns; `name` is what an error calls it.

    Raises `InvalidInput` that names the place where it is no library, or holds a name or an id twice.
    """
    try:
        document = DOCUMENT.validate_json(content)
        # Others count their versions in their own way; what matters is that the patterns are as published.
        patterns = PatternFile.model_validate({"patterns": document.get("patterns")}).patterns
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"])) or "the top"
        message = f"{name} is no pattern library: {fault['msg']} at {where}."
        raise InvalidInput(message, code="bad_patterns") from error
    _refuse_twins(patterns, name)
    return document, patterns


def _refuse_twins(patterns: Sequence[Pattern], name: str) -> None:
    for told in ([one.name for one in patterns], [one.pattern_id for one in patterns]):
        twice = [one for one, count in Counter(told).items() if count > 1]
        if twice:
            raise InvalidInput(f"{name} holds the pattern {twice[0]!r} twice: remove one.", code="bad_patterns")


def _by_id(document: Mapping[str, JsonValue]) -> dict[str, dict[str, JsonValue]]:
    held = document.get("patterns", [])
    return {str(one["pattern_id"]): one for one in held if isinstance(one, dict)} if isinstance(held, list) else {}
