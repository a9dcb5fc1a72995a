"""Libraries of patterns that a team shares: the newest version of each counts, and all before it are kept."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Select, func, insert, select, tuple_

from patchtrail.collector.pattern_tables import pattern_revisions
from patchtrail.contract.errors import NotFound, StateConflict
from patchtrail.contract.learning import Pattern, PatternFile, PatternRevision, PatternRevisions
from patchtrail.integrity import digest
from patchtrail.learning.pattern_file import patterns_in
from patchtrail.learning.shared_rules import check_shared
from patchtrail.redaction import Redactor

__all__ = ["Version", "add_version", "checked_version", "newest_of_each", "newest_version", "revisions_of", "version"]

TOLD = [column for column in pattern_revisions.c if column.name != "content"]


@dataclass(frozen=True)
class Version:
    """A library's bytes, as they are stored and given back."""

    content: bytes
    sha256: str
    patterns: int


def checked_version(body: bytes, now_ms: int) -> Version:
    """Return what is stored of a library that somebody sent: its patterns in the contract's fields, unchanged.

    Raises `InvalidInput` where it is no library, or one that may not be shared; nothing is taken out of it silently.
    """
    patterns: list[Pattern] = patterns_in(body, "The body")[1]
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    check_shared(patterns, Redactor(secrets.token_bytes(32), ()).text, now)
    content = PatternFile(patterns=patterns).model_dump_json().encode()
    return Version(content, digest.sha256(content), len(patterns))


def add_version(
    connection: Connection, library: str, made: Version, seen: Collection[str], *, written_by: str, now_ms: int
) -> PatternRevision:
    """Store a library's next version, where its newest is one of `seen`; of none yet, where `seen` is empty.

    The newest version once more is no new one. Raises `StateConflict`, code `library_changed`.
    """
    newest = _newest(connection, library)
    if newest is not None and newest.sha256 == made.sha256:
        return newest
    if newest is None and seen:
        raise StateConflict(f"There is no library {library} yet: create it.", code="library_changed")
    if newest is not None and newest.sha256 not in seen:
        raise StateConflict(
            f"The library {library} was changed since you read it: read it again, and take your changes into it.",
            code="library_changed",
            detail={"revision": newest.revision, "sha256": newest.sha256},
        )
    told = PatternRevision(
        library=library,
        revision=1 if newest is None else newest.revision + 1,
        made_ms=now_ms,
        written_by=written_by,
        sha256=made.sha256,
        patterns=made.patterns,
        size_bytes=len(made.content),
    )
    connection.execute(insert(pattern_revisions).values(**told.model_dump(), content=made.content))
    return told


def newest_version(connection: Connection, library: str) -> tuple[PatternRevision, bytes]:
    """Return a library's newest version; raises `NotFound`."""
    newest = _newest(connection, library)
    if newest is None:
        raise NotFound(f"There is no library {library}.")
    return version(connection, library, newest.revision)


def version(connection: Connection, library: str, revision: int) -> tuple[PatternRevision, bytes]:
    """Return one version of a library; raises `NotFound`."""
    mine = (pattern_revisions.c.library == library) & (pattern_revisions.c.revision == revision)
    row = connection.execute(select(pattern_revisions).where(mine)).one_or_none()
    if row is None:
        raise NotFound(f"There is no revision {revision} of a library {library}.")
    return PatternRevision.model_validate(dict(row._mapping)), bytes(row.content)


def revisions_of(connection: Connection, library: str, *, before: int | None, limit: int) -> PatternRevisions:
    """Return a library's versions, the newest first, from the one before `before` on; raises `NotFound`."""
    query = select(*TOLD).where(pattern_revisions.c.library == library)
    if before is not None:
        query = query.where(pattern_revisions.c.revision < before)
    found = _told(connection, query.order_by(pattern_revisions.c.revision.desc()).limit(limit))
    if not found.revisions and _newest(connection, library) is None:
        raise NotFound(f"There is no library {library}.")
    return found


def newest_of_each(connection: Connection) -> PatternRevisions:
    """Return the newest version of every library, by name."""
    columns = pattern_revisions.c
    newest = select(columns.library, func.max(columns.revision)).group_by(columns.library)
    query = select(*TOLD).where(tuple_(columns.library, columns.revision).in_(newest))
    return _told(connection, query.order_by(columns.library))


def _newest(connection: Connection, library: str) -> PatternRevision | None:
    query = select(*TOLD).where(pattern_revisions.c.library == library)
    found = _told(connection, query.order_by(pattern_revisions.c.revision.desc()).limit(1))
    return next(iter(found.revisions), None)


def _told(connection: Connection, query: Select[tuple[object, ...]]) -> PatternRevisions:
    rows = connection.execute(query)
    return PatternRevisions(revisions=[PatternRevision.model_validate(dict(row._mapping)) for row in rows])
