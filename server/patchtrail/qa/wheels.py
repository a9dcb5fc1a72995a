"""Fetches wheels with pip, by pip's own configuration, and unpacks them; nothing of a package is run for either."""

from __future__ import annotations

import re
import sys
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from email.parser import BytesParser
from pathlib import Path

from patchtrail.contract.errors import InvalidInput, NotFound
from patchtrail.qa.outside import outside_environment
from patchtrail.qa.requirements import requirement_of
from patchtrail.sandbox import Cancelling
from patchtrail.sandbox.process import Command, run_process

__all__ = ["NoWheel", "Pip", "check_needs"]

FETCH_S, UNPACK_S = 240.0, 180.0
MAX_FETCHED_BYTES = 1 << 30
MAX_UNPACKED_BYTES = 3 << 30
MAX_UNPACKED_FILES = 100_000
NO_WHEEL = re.compile(r"Could not find a version that satisfies the requirement (.+?) \(from")
METADATA = re.compile(r"[^/]+\.dist-info/METADATA", re.IGNORECASE)
MAX_METADATA_BYTES = 4 << 20
ADVICE = "To fix this you could try"
QUIET = ("--no-input", "--disable-pip-version-check", "--progress-bar=off", "--no-color")


class NoWheel(NotFound):
    """No wheel for this Python and machine satisfies `requirement`; a source distribution may."""

    def __init__(self, requirement: str, said: str) -> None:
        super().__init__(f"No wheel was found for {requirement}: {said}", code="no_wheel")
        self.requirement = requirement


@dataclass(frozen=True)
class Pip:
    """The pip of this very installation, working for `python`."""

    python: Path

    def fetch(
        self, requirements: Sequence[str], to: Path, cancellation: Cancelling, built: Sequence[Path] = ()
    ) -> list[Path]:
        """Download wheels of requirements and of all that they need into an empty folder.

        `built` are folders with further wheels. Raises `NoWheel`, or `NotFound` with what pip said.
        """
        listed = to.with_name(f"{to.name}.txt")
        listed.write_text("".join(f"{one}\n" for one in requirements))
        links = [word for folder in built for word in ("--find-links", str(folder))]
        words = ["download", *QUIET, "--only-binary=:all:", *links, "--dest", str(to), "-r", str(listed)]
        said = self._run(words, to.parent, FETCH_S, cancellation)
        if said is not None:
            if found := NO_WHEEL.search(said):
                raise NoWheel(found[1], said[-500:])
            told = said.partition(ADVICE)[0].strip()
            raise NotFound(f"The requirements cannot be fetched: {' '.join(told.split())[-800:]}")
        wheels = sorted(to.glob("*.whl"))
        if sum(one.stat().st_size for one in wheels) > MAX_FETCHED_BYTES:
            raise NotFound(f"The requirements come to more than {MAX_FETCHED_BYTES >> 20} MiB of wheels.")
        return wheels

    def unpack(self, wheels: Sequence[Path], to: Path, cancellation: Cancelling) -> None:
        """Install wheels into a folder, with their scripts in its `bin`; raises `InvalidInput` where one is unsound."""
        _check_wheels(wheels)
        words = ["install", *QUIET, "--no-deps", "--no-index", "--only-binary=:all:", "--no-warn-script-location"]
        words += ["--root-user-action=ignore", "--target", str(to), *map(str, wheels)]
        said = self._run(words, to.parent, UNPACK_S, cancellation) if wheels else None
        if said is not None:
            raise InvalidInput(f"What was fetched cannot be unpacked: {said[-800:]}", code="bad_wheel")

    def _run(self, words: Sequence[str], folder: Path, timeout_s: float, cancellation: Cancelling) -> str | None:
        """Return None, or what pip said when it failed."""
        other = () if self.python.resolve() == Path(sys.executable).resolve() else ("--python", str(self.python))
        # Isolated from PYTHONPATH and the like, and started elsewhere than in a project.
        argv = [sys.executable, "-I", "-m", "pip", *other, *words]
        ended = run_process(Command(argv, folder, outside_environment(), timeout_s), cancellation)
        if ended.ending == "exit" and ended.code == 0:
            return None
        said = (ended.stdout + ended.stderr).decode("utf-8", "replace").strip()
        return f"{said}\n{ended.problem or ended.ending}"


def _check_wheels(wheels: Sequence[Path]) -> None:
    """Raise `InvalidInput` where one is no wheel, or all of them would fill the disk."""
    files = size = 0
    for wheel in wheels:
        try:
            with zipfile.ZipFile(wheel) as archive:
                members = archive.infolist()
        except (OSError, zipfile.BadZipFile, ValueError) as error:
            raise InvalidInput(f"`{wheel.name}` is no wheel: {error}", code="bad_wheel") from error
        files, size = files + len(members), size + sum(one.file_size for one in members)
        if files > MAX_UNPACKED_FILES or size > MAX_UNPACKED_BYTES:
            raise InvalidInput(f"With `{wheel.name}` more is required than may be unpacked.", code="bad_wheel")


def check_needs(wheel: Path) -> None:
    """Refuse a wheel that was built here and needs what lies at an address.

    pip would follow it, and run what it finds there to learn what that is; of what comes from an index the index takes
    care. Raises `InvalidInput`.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [one for one in archive.infolist() if METADATA.fullmatch(one.filename)]
            if len(members) != 1 or members[0].file_size > MAX_METADATA_BYTES:
                raise InvalidInput(f"`{wheel.name}` does not tell once, and in short, what it needs.", code="bad_wheel")
            told = archive.read(members[0])
    except (OSError, zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError) as error:
        raise InvalidInput(f"`{wheel.name}` is no wheel: {error}", code="bad_wheel") from error
    for one in BytesParser().parsebytes(told, headersonly=True).get_all("Requires-Dist", []):
        requirement_of(str(one), f"`{wheel.name}`")
