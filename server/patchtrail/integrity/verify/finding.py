"""What a verifier found: what is wrong, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding"]


@dataclass(frozen=True)
class Finding:
    """A fault (`error`), a fact against a higher level (`remark`), or a hint to the reader (`advice`).

    `seq`, `root` and `file_path` say for programs what `where` says for people, where it is an event about a file.
    """

    code: str
    where: str
    message: str
    weight: Literal["error", "remark", "advice"] = "error"
    seq: int | None = None
    root: str = ""
    file_path: str = ""

    def __str__(self) -> str:
        """Return the finding as one line."""
        return f"{self.where}: {self.message} [{self.code}]"
