"""What the gate is decided from in this window: the client's facts, the folders that are allowed, the consent."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from patchtrail.contract.events import ConsentRef
from patchtrail.contract.lsp import Facts, GateDecision
from patchtrail.study import Consent, DataClass, decide, may_snapshot

__all__ = ["Gate"]


class Gate:
    """Without facts it is closed."""

    def __init__(self, consent: Consent) -> None:
        self._consent = consent
        self._allowed: list[str] = []
        self._facts: Facts | None = None

    def allow(self, folders: list[str]) -> None:
        """Take the folders that the user allows."""
        self._allowed = _resolved(folders)

    def take(self, facts: Facts) -> None:
        """Take the client's facts."""
        self._facts = facts

    def decide(self, folder: Path | None) -> GateDecision:
        """Decide about a folder; without one only whether what was recorded before may be sent."""
        return decide(
            self._facts,
            folder=None if folder is None else folder.as_posix(),
            allowed_folders=self._allowed,
            consent=self._consent.ref,
        )

    def allowed_of(self, folders: Iterable[Path]) -> list[Path]:
        """Return those of some folders that may be recorded."""
        return [folder for folder in folders if self.decide(folder).is_allowed]

    def may_snapshot(self) -> bool:
        """Return whether a base snapshot may be made and sent."""
        return may_snapshot(self._facts, self._consent)

    @property
    def given(self) -> ConsentRef | None:
        """The consent that was given, to whichever text."""
        return self._facts.consent if self._facts else None

    def covers(self, data_class: DataClass) -> bool:
        """Return whether the consent that was given covers a class of data."""
        return self._consent.covers(self.given, data_class)

    @property
    def may_send(self) -> bool:
        """Whether what was recorded before may be sent: a participant's pause holds it back, too."""
        return self.decide(None).is_allowed and not (self._facts and self._facts.is_paused)


def _resolved(folders: list[str]) -> list[str]:
    """Return allowed folders as the session's is named: without links. What is no absolute path allows nothing."""
    paths = [Path(os.path.expanduser(folder)) for folder in folders]  # noqa: PTH111 -- it leaves unknown users alone
    return [path.resolve().as_posix() for path in paths if path.is_absolute() and "\0" not in str(path)]
