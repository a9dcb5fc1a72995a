"""Names of failure modes in a file that people edit: a name given by hand stays, and two alike make one mode.

What is in the file and was not found again stays there: the next run may find it.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from patchtrail.contract.errors import InvalidInput

__all__ = ["KnownMode", "KnownModes", "read_modes"]


class KnownMode(BaseModel):
    """A mode, by its signature or else by its exemplars' masked texts.

    `name` is for people to edit, `suggested` is what it was before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode_id: str
    name: str
    suggested: str
    signature: tuple[str, ...] | None = None
    exemplars: tuple[str, ...] = ()

    @property
    def is_by_hand(self) -> bool:
        """Whether a person named it."""
        return self.name != self.suggested


class KnownModes(BaseModel):
    """The file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    modes: tuple[KnownMode, ...] = ()

    def followed_by(self, found: KnownModes) -> KnownModes:
        """Return what was found, and after it what was known and not found."""
        ids = {one.mode_id for one in found.modes}
        return KnownModes(modes=(*found.modes, *(one for one in self.modes if one.mode_id not in ids)))


def read_modes(path: Path) -> KnownModes:
    """Return the file's modes; none where there is no file. Raises `InvalidInput` where it is none of ours."""
    try:
        return KnownModes.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return KnownModes()
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"])) or "the file"
        raise InvalidInput(f"{path}: {where}: {fault['msg']}. Mend it, or name another file.") from None
