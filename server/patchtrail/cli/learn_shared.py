"""`patchtrail learn patterns pull | push`: a repository's patterns and those that a team shares at a collector."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel, ValidationError

from patchtrail.cli.client import CollectorClient
from patchtrail.cli.collector_options import DEFAULT_COLLECTOR, Collector, Token
from patchtrail.cli.console import console, plain, told
from patchtrail.cli.fixing import redaction_of
from patchtrail.cli.learn_files import METRICS, PATTERNS, PatternsFile, ignore_own_folder, library_of
from patchtrail.contract.errors import InvalidInput, NotFound, StateConflict
from patchtrail.contract.learning import LIBRARY_NAME, Pattern, PatternFile, PatternRevision
from patchtrail.learning.kept_file import KeptFile
from patchtrail.learning.merged_patterns import MergedPatterns, merge_patterns
from patchtrail.learning.pattern_file import patterns_in
from patchtrail.learning.shared_rules import check_shared

__all__ = ["pull", "push"]

TRIES = 10
"""How often a push begins again because somebody else wrote meanwhile."""
Library = Annotated[str, typer.Option("--library", metavar="NAME", help="Which library of the collector.")]
Take = Annotated[
    list[str] | None, typer.Option("--take", metavar="PATTERN", help="Of these, text and state as given; repeatable.")
]


class _Common(BaseModel):
    """What a collector's library and the one here had in common when they met last, pattern by pattern."""

    collector: str
    patterns: list[Pattern]


@dataclass(frozen=True)
class _Shared:
    """One library of a collector, and what is remembered of it beside the patterns here."""

    collector: str
    library: str
    token: str | None
    kept: KeptFile

    @classmethod
    def of(cls, collector: str, library: str, token: str | None, patterns_file: Path) -> _Shared:
        if not re.fullmatch(LIBRARY_NAME, library):
            raise InvalidInput(f"{library!r} names no library: up to 64 small letters, digits, `-` and `_`.")
        path = patterns_file.parent / METRICS.parent.name / f"shared-{library}.json"
        # A folder that cannot keep what both sides have in common is refused before anything is taken in or given.
        ignore_own_folder(path)
        return cls(collector.rstrip("/"), library, token, KeptFile(path))

    @property
    def url(self) -> str:
        return f"/v1/patterns/{self.library}"

    def newest(self) -> tuple[list[Pattern], str]:
        """Return the patterns there and their version's tag; raises `NotFound`."""
        content, tag = CollectorClient(self.collector, self.token).get_tagged(self.url)
        patterns = patterns_in(content, f"The library {self.library}")[1]
        check_shared(patterns, str, datetime.now(UTC))
        return patterns, tag

    def write(self, patterns: tuple[Pattern, ...], tag: str) -> PatternRevision:
        """Store a version that follows the one of a tag, or the first; raises `StateConflict`, `library_changed`."""
        client, body = CollectorClient(self.collector, self.token), PatternFile(patterns=list(patterns))
        return client.put(self.url, body, PatternRevision, {"If-Match": tag} if tag else {"If-None-Match": "*"})

    def common(self) -> list[Pattern]:
        """Return what both sides had in common when they met last; nothing where they never did."""
        content = self.kept.read()
        try:
            common = None if content is None else _Common.model_validate_json(content)
        except ValidationError as error:
            message = f"{self.kept.path} was not written by patchtrail: delete it, and differences are asked about."
            raise InvalidInput(message, code="bad_file") from error
        return common.patterns if common is not None and common.collector == self.collector else []

    def remember(self, patterns: tuple[Pattern, ...]) -> None:
        """Keep what both sides have in common now."""
        self.kept.write(_Common(collector=self.collector, patterns=list(patterns)).model_dump_json().encode())


@told
def pull(
    library: Library = "team",
    take: Take = None,
    patterns_file: PatternsFile = PATTERNS,
    collector: Collector = DEFAULT_COLLECTOR,
    token: Token = None,
) -> None:
    """Take in what a team learned, from the collector's library: only what changed there, pattern by pattern.

    What is archived or quarantined here stays so. Exits 1 where a pattern is left as it is: both sides changed it.
    """
    shared = _Shared.of(collector, library, token, patterns_file)
    kept, common = library_of(patterns_file), shared.common()
    found = merge_patterns(kept.get_all_patterns(), shared.newest()[0], common, take or ())
    by_name = {one.name: one for one in found.patterns}
    for name in found.changed:
        kept.put(by_name[name])
    if found.changed:
        kept.save_patterns()
    shared.remember(found.base)
    _tell(found, "pulled", "--take NAME takes the collector's")


@told
def push(
    library: Library = "team",
    take: Take = None,
    patterns_file: PatternsFile = PATTERNS,
    collector: Collector = DEFAULT_COLLECTOR,
    token: Token = None,
) -> None:
    """Share what was learned here through the collector's library; it needs the server's token.

    Only what changed here is changed there. Exits 1 where a pattern is left as it is: both sides changed it.
    """
    shared = _Shared.of(collector, library, token, patterns_file)
    mine, common = library_of(patterns_file).get_all_patterns(), shared.common()
    check_shared(mine, redaction_of(Path.cwd()), datetime.now(UTC))
    found = _written(shared, mine, common, take or ())
    shared.remember(found.base)
    _tell(found, "pushed", "--take NAME writes the one here")


def _written(
    shared: _Shared, mine: list[Pattern], common: list[Pattern], take: Collection[str], tries: int = TRIES
) -> MergedPatterns:
    """Take the patterns here into the newest version there, again whenever somebody else was faster."""
    try:
        theirs, tag = shared.newest()
    except NotFound:
        theirs, tag = [], ""
    found = merge_patterns(theirs, mine, common, take)
    if not found.changed:
        return found
    try:
        told_revision = shared.write(found.patterns, tag)
    except StateConflict as error:
        if error.code != "library_changed" or tries == 1:
            raise
        return _written(shared, mine, common, take, tries - 1)
    console().print(plain(f"{shared.library}: revision {told_revision.revision}, {told_revision.patterns} patterns."))
    return found


def _tell(found: MergedPatterns, verb: str, remedy: str) -> None:
    states = {one.name: one.state for one in found.patterns}
    for name in found.changed:
        console().print(plain(f"{name}: {verb}, {states[name]}.", "green"))
    for one in found.conflicts:
        console().print(plain(f"{one.name}: left as it is, {one.reason}. {remedy}.", "yellow"))
    if not (found.changed or found.conflicts):
        typer.echo("Nothing changed.")
    if found.conflicts:
        raise typer.Exit(1)
