"""One JSON file per attempt, in a folder that ignores itself in git and that only its owner can read.

The files are the truth, the database beside them is made from them. A file is there with all its bytes or not at all.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from patchtrail.contract.attempt import AttemptRecord
from patchtrail.contract.errors import InvalidInput, NotAllowed

__all__ = ["DATABASE", "AttemptFiles", "file_name_of", "millis_of"]

FOLDER, TRACES, DATABASE, LOCK, UNFINISHED = ".patchtrail", "traces", "traces.db", ".lock", ".unfinished"
FOLDER_MODE, FILE_MODE = 0o700, 0o600
MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_RULE_CHARS, MAX_PATH_CHARS = 60, 120
UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class AttemptFiles:
    """The folder `.patchtrail/traces` below a root."""

    def __init__(self, root: Path) -> None:
        self.home = root / FOLDER
        self.folder = self.home / TRACES

    @property
    def is_there(self) -> bool:
        """Whether anything was ever kept here. Raises `NotAllowed` when a link or a file stands in its place."""
        for path in (self.home, self.folder):
            if path.is_symlink():
                raise NotAllowed(f"{path} is a symbolic link: attempts are not kept in somebody else's folder.")
            if path.exists() and not path.is_dir():
                raise NotAllowed(f"{path} is no folder: move it away, so that attempts can be kept there.")
        if self.database.is_symlink():
            raise NotAllowed(f"{self.database} is a symbolic link: remove it, it will be made anew.")
        return self.folder.is_dir()

    @property
    def database(self) -> Path:
        """The database that is made from the files."""
        return self.folder / DATABASE

    def make(self) -> None:
        """Make the folder, private, and let it ignore itself in git."""
        if not self.is_there:
            for path in (self.home, self.folder):
                path.mkdir(mode=FOLDER_MODE, exist_ok=True)
        ignore = self.home / ".gitignore"
        if not ignore.is_symlink() and not ignore.exists():
            self.write(ignore, b"*\n")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one process write at a time."""
        descriptor = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    @property
    def is_unfinished(self) -> bool:
        """Whether a file was written and nobody knows that the database followed."""
        return (self.folder / UNFINISHED).exists()

    def begin(self) -> None:
        """Say that files are about to change."""
        descriptor = os.open(self.folder / UNFINISHED, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, FILE_MODE)
        os.close(descriptor)

    def finish(self) -> None:
        """Say that the database has followed."""
        (self.folder / UNFINISHED).unlink(missing_ok=True)

    def names(self) -> list[str]:
        """Return the names of all attempts' files, in order."""
        with os.scandir(self.folder) as entries:
            return sorted(
                entry.name
                for entry in entries
                if entry.name.endswith(".json") and not entry.name.startswith(".") and not entry.is_dir()
            )

    def put(self, name: str, record: AttemptRecord) -> None:
        """Write one attempt's file, over what is there."""
        told = json.dumps(record.model_dump(mode="json"), ensure_ascii=False, indent=1)
        content = told.encode("utf-8", "replace") + b"\n"
        if len(content) > MAX_FILE_BYTES:
            raise InvalidInput(
                f"{name}: an attempt of {len(content)} bytes is too large to be kept.", code="bad_attempt"
            )
        self.write(self.folder / name, content)

    def read(self, name: str) -> AttemptRecord:
        """Return one attempt; raises `InvalidInput` saying why a file holds none."""
        path = self.folder / name
        try:
            if path.is_symlink() or path.stat().st_size > MAX_FILE_BYTES:
                raise InvalidInput(f"{name}: a link, or larger than {MAX_FILE_BYTES} bytes.", code="bad_attempt")
            record = AttemptRecord.model_validate_json(path.read_bytes())
        except OSError as error:
            raise InvalidInput(f"{name}: {error.strerror}.", code="bad_attempt") from error
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, fault["loc"])) or "the file"
            raise InvalidInput(f"{name}: {where}: {fault['msg']}", code="bad_attempt") from None
        try:
            millis_of(record.timestamp)
        except InvalidInput as error:
            raise InvalidInput(f"{name}: {error.message}", code="bad_attempt") from None
        return record

    def free_name(self, record: AttemptRecord) -> str:
        """Return the name of a new attempt's file; of two in one millisecond the later one takes the next."""
        millis = millis_of(record.timestamp)
        while (self.folder / file_name_of(record, millis)).exists():
            millis += 1
        return file_name_of(record, millis)

    def write(self, path: Path, content: bytes) -> None:
        """Write a file whole: beside it first, then renamed over it."""
        # mkstemp gives 0600, and a name that nobody can have put a link at.
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(descriptor, "wb") as target:
                target.write(content)
                target.flush()
                os.fsync(target.fileno())
            Path(temporary).replace(path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise


def file_name_of(record: AttemptRecord, millis: int) -> str:
    """Return `RULE_FILE_LINE_ATTEMPT_MS.json`, safe on every file system; of a long path its end is kept."""
    rule = _safe(record.rule_id)[:MAX_RULE_CHARS].lstrip(".-") or "finding"
    return f"{rule}_{_safe(record.file)[-MAX_PATH_CHARS:]}_{record.line}_{record.retry_attempt}_{millis}.json"


def millis_of(timestamp: str) -> int:
    """Return Unix milliseconds of an ISO 8601 time; one without a zone is UTC."""
    try:
        at = datetime.fromisoformat(timestamp)
    except ValueError as error:
        raise InvalidInput(f"timestamp: {timestamp!r} is no ISO 8601 time.", code="bad_attempt") from error
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def _safe(text: str) -> str:
    return UNSAFE.sub("_", text)
