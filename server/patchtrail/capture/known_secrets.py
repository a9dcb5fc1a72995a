"""What is secret or personal on this machine and in a session's folders, and whether that has changed."""

from __future__ import annotations

from pathlib import Path

from patchtrail.capture.machine import Machine, dotenv_files, is_dotenv
from patchtrail.redaction import Redactor

__all__ = ["KnownSecrets"]


class KnownSecrets:
    """The `.env` files of the folders that a session touches, beside what the machine itself knows."""

    def __init__(self, machine: Machine, folders: set[Path]) -> None:
        self._machine = machine
        self._folders = folders
        self._paths = {path for folder in folders for path in dotenv_files(folder)}
        self._stamps = self._seen()

    def redactor(self, key: bytes, denied_paths: list[str]) -> Redactor:
        """Return the rules that hold with what is known now."""
        known = [literal for folder in self._folders for literal in self._machine.literals(folder)]
        return Redactor(key, known, tuple(denied_paths))

    def join(self, folder: Path) -> None:
        """Take another folder of the session."""
        if folder not in self._folders:
            self._folders.add(folder)
            self._paths.update(dotenv_files(folder))

    def saved(self, path: Path) -> None:
        """Note a file that was saved: a new `.env` file is followed from now on."""
        if is_dotenv(path.name):
            self._paths.add(path)

    def have_changed(self) -> bool:
        """Return, once, whether a `.env` file changed, by whatever hand."""
        before, self._stamps = self._stamps, self._seen()
        return before != self._stamps

    def _seen(self) -> dict[Path, int]:
        """Return when each known file was changed last.

        Every report asks, so no tree is walked here: that is done when the session starts.
        """
        new = {path for folder in self._folders for path in folder.glob(".env*")}
        return {path: path.stat().st_mtime_ns for path in self._paths | new if path.is_file()}
