"""What people said of attempts, and what was withdrawn: two files of lines, in which nothing is ever changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, ValidationError

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.wire import WireModel

__all__ = ["Curation", "Mark", "Verdict", "Withdrawal"]

Verdict = Literal["good", "bad", "fine_tune"]
FOLDER, MARKS, WITHDRAWN = ".patchtrail/curation", "marks.jsonl", "withdrawn.jsonl"
Line = TypeVar("Line", bound=WireModel)


class Mark(WireModel):
    """One verdict on one attempt; the last one counts. `fine_tune` is a good one that a model should learn from."""

    attempt_id: str = Field(min_length=1)
    verdict: Verdict
    reason: str = Field(min_length=1)
    marked_at: str = Field(description="ISO 8601, UTC.")


class Withdrawal(WireModel):
    """An attempt or a session that must never be exported again."""

    withdrawn_id: str = Field(min_length=1, description="An attempt's id or a trace's.")
    reason: str = ""
    withdrawn_at: str = Field(description="ISO 8601, UTC.")


class Curation:
    """The files below one root. Every method raises `InvalidInput` naming a line that cannot be read."""

    def __init__(self, root: Path) -> None:
        self._folder = root / FOLDER

    def mark(self, mark: Mark) -> None:
        """Keep a verdict."""
        self._append(MARKS, mark)

    def withdraw(self, withdrawal: Withdrawal) -> None:
        """Keep a withdrawal; there is no way back."""
        self._append(WITHDRAWN, withdrawal)

    def marks(self) -> dict[str, Mark]:
        """Return the verdict that counts, by attempt."""
        return {one.attempt_id: one for one in self._lines(MARKS, Mark)}

    def withdrawn(self) -> frozenset[str]:
        """Return the ids of attempts and traces that were withdrawn."""
        return frozenset(one.withdrawn_id for one in self._lines(WITHDRAWN, Withdrawal))

    def _append(self, name: str, line: WireModel) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        ignore = self._folder.parent / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        with (self._folder / name).open("a", encoding="utf-8", newline="") as target:
            target.write(line.model_dump_json() + "\n")

    def _lines(self, name: str, kind: type[Line]) -> Sequence[Line]:
        path = self._folder / name
        if not path.exists():
            return []
        found = list[Line]()
        for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
            try:
                found += [kind.model_validate_json(line)] if line.strip() else []
            except ValidationError as error:
                fault = error.errors(include_url=False, include_input=False)[0]
                # A withdrawal that cannot be read might be the very one that forbids an export.
                raise InvalidInput(f"{path}, line {number}: {fault['msg']}. Repair it or take it out.") from None
        return found
