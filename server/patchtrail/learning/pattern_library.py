"""The library of patterns: `patterns.json` in the repository, so that git keeps its history, and `AI_PATTERNS.md`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from patchtrail.contract.errors import InvalidInput, NotFound
from patchtrail.contract.learning import GateDecisionRecord, Pattern, PatternState, Provenance
from patchtrail.learning.ai_patterns_md import (
    PatternSection,
    changed_fields,
    page_name,
    read_sections,
    slug,
    write_sections,
)
from patchtrail.learning.detected_pattern import UNKNOWN_SCORE, detected_pattern, last_occurrence_of, taught_by
from patchtrail.learning.kept_file import KeptFile, read_plain
from patchtrail.learning.lifecycle import moved
from patchtrail.learning.metrics_collector import utc_now
from patchtrail.learning.occurrences import SEVERITIES, instant_of
from patchtrail.learning.pattern_file import KeptPatterns
from patchtrail.learning.uses import UseLog, counted, last_heard

__all__ = ["PatternLibrary", "is_waiting"]

NEW_PAGE = "# AI patterns\n"
MAX_NAME = 120
NEVER = datetime.min.replace(tzinfo=UTC)
UNSHOWN: tuple[PatternState, ...] = ("archived", "quarantined")
"""States whose patterns are not written to a page that people and models read."""
BY_EXAMPLE = ("bad_example", "good_example", "positive", "negative")
BY_PAGE = ("description", "bad_example", "good_example", "test_coverage", "scope", "severity", "rule_ids", "exceptions")


class PatternLibrary:
    """Patterns in memory, read from `patterns.json` at once and written by `save_patterns`.

    A detected pattern stays a draft until `approve`, unless `approves_detected`; what a person wrote into
    `AI_PATTERNS.md` is approved. Either way only the gate makes a pattern active. What another writer put into the file
    beside the contract's fields is kept.
    """

    def __init__(
        self,
        path: str | Path = "patterns.json",
        *,
        now: Callable[[], datetime] = utc_now,
        approves_detected: bool = False,
    ) -> None:
        """Read the library; one that is not there yet is empty.

        Raises `InvalidInput` for a file that is no library, naming the place.
        """
        self._kept = KeptPatterns(path)
        self._now = now
        self._approves_detected = approves_detected
        self._patterns = {one.name: one for one in self._kept.read()}
        self._saved = dict(self._patterns)

    def get_all_patterns(self) -> list[Pattern]:
        """Return every pattern, archived ones too."""
        return list(self._patterns.values())

    def get_pattern_by_name(self, name: str) -> Pattern | None:
        """Return the pattern of a name, or of an id; None when there is none."""
        by_id = (one for one in self._patterns.values() if one.pattern_id == name)
        return self._patterns.get(name) or next(by_id, None)

    def put(self, pattern: Pattern) -> None:
        """Take a pattern in, in place of the one of its name."""
        self._patterns[pattern.name] = pattern

    def approve(self, name: str) -> Pattern:
        """Let the gate try a pattern, and a generation apply it; raises `NotFound`."""
        return self._changed(self._known(name), approved_at=self._timestamp())

    def archive(self, name: str, reason: str = "by a person") -> Pattern:
        """Put a pattern away by a person's decision, which is kept with it; raises `NotFound`, `StateConflict`."""
        return self._moved(self._known(name), "archived", reason)

    def load_from_ai_patterns_md(self, path: str | Path = "AI_PATTERNS.md") -> list[Pattern]:
        """Take the patterns of a page in, and return those that are new or have another text now.

        Counts and history of a known pattern stay; if its text changed, it is a draft again, because what the gate let
        in was another. Raises `FileNotFoundError`, and `InvalidInput` for what is no plain UTF-8 file.
        """
        page = _page(Path(path))
        return [found for section in read_sections(page) if (found := self._taken(section)) is not None]

    def save_ai_patterns_md(self, path: str | Path = "AI_PATTERNS.md") -> int:
        """Write the patterns into a page, where there are any; what else stands on it stays. Return how many.

        Models read it, too: what is archived, quarantined, or was detected and not approved yet, is not written.
        """
        file = KeptFile(path)
        content = file.read()
        page = "" if content is None else _decoded(content, file.path)
        shown = [one for one in self._patterns.values() if one.state not in UNSHOWN and not is_waiting(one)]
        written = write_sections(page or (NEW_PAGE if shown else ""), shown)
        if written != page:
            file.write(written.encode())
        return len(shown)

    def update_frequencies(self, frequencies: Iterable[Mapping[str, Any]]) -> list[str]:
        """Count what `MetricsAnalyzer` found, and return the names of the patterns that it changed.

        Where `times` are told, only those after a pattern's last occurrence count, so that the same metrics may be
        counted twice; without them `count` is added.
        """
        changed = list[str]()
        for item in frequencies:
            pattern = self._patterns.get(_sound(str(item.get("pattern", ""))))
            added = _new_occurrences(item, pattern) if pattern else 0
            if pattern and added:
                self._changed(
                    pattern,
                    occurrence_frequency=pattern.occurrence_frequency + added,
                    last_occurrence=last_occurrence_of(item) or self._timestamp(),
                    provenance=taught_by(pattern.provenance, item),
                )
                changed.append(pattern.name)
        return changed

    def update_effectiveness(self, effectiveness: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """Take the scores of `MetricsAnalyzer.calculate_effectiveness` where there are enough data for one."""
        known = {
            name: found["score"]
            for name, found in effectiveness.items()
            if name in self._patterns and found["trend"] != "insufficient_data"
        }
        for name, score in known.items():
            self._changed(self._patterns[name], effectiveness_score=score)
        return list(known)

    def add_new_patterns(self, new_patterns: Iterable[Mapping[str, Any]]) -> list[Pattern]:
        """Add what `MetricsAnalyzer.detect_new_patterns` found, as drafts; return those that were not known.

        A known one that waits and has no good example yet takes the fix that is known by now.
        """
        added = list[Pattern]()
        for item in new_patterns:
            name = _sound(str(item.get("pattern", "")))
            found = detected_pattern(name, item, self._timestamp()) if name else None
            known = self._patterns.get(name)
            if found and known is None:
                approved_at = self._timestamp() if self._approves_detected else None
                added.append(self._added(found.model_copy(update={"approved_at": approved_at})))
            elif found and known and is_waiting(known) and not known.good_example:
                self._changed(known, **{field: getattr(found, field) for field in BY_EXAMPLE})
        return added

    def archive_unused_patterns(self, days: int = 90) -> list[str]:
        """Archive what was neither used nor decided on, and did not occur, for so many days; return the names."""
        start = self._now() - timedelta(days=days)
        unused = [
            one for one in self._patterns.values() if one.state != "archived" and (last_heard(one) or NEVER) < start
        ]
        for one in unused:
            self._moved(one, "archived", f"unused for {days} days")
        return [one.name for one in unused]

    def update_uses(self, log: UseLog) -> list[str]:
        """Count the uses that a working copy knows of, however often it tells them; return the patterns it changed."""
        found = [(one, counted(one, log)) for one in self._patterns.values()]
        changed = [after for before, after in found if after != before]
        for one in changed:
            self.put(one)
        return [one.name for one in changed]

    def save_patterns(self) -> None:
        """Write the library in one step; where nothing was changed in it, the file is left as it is.

        Raises `StateConflict`, and writes nothing, when the file was changed since it was read.
        """
        if self._patterns != self._saved:
            self._kept.write(self._patterns.values())
            self._saved = dict(self._patterns)

    def _known(self, name: str) -> Pattern:
        pattern = self.get_pattern_by_name(name)
        if pattern is None:
            raise NotFound(f"There is no pattern {name!r} in {self._kept.path}.")
        return pattern

    def _added(self, pattern: Pattern) -> Pattern:
        """Take a new pattern in; its name is new, and its id becomes so where another has it."""
        ids = {one.pattern_id for one in self._patterns.values()}
        tries = (
            pattern.pattern_id if number == 1 else f"{pattern.pattern_id}-{number}" for number in itertools.count(1)
        )
        return self._changed(pattern, pattern_id=next(one for one in tries if one not in ids))

    def _changed(self, pattern: Pattern, **fields: object) -> Pattern:
        changed = pattern.model_copy(update=fields)
        self.put(changed)
        return changed

    def _moved(self, pattern: Pattern, after: PatternState, reason: str) -> Pattern:
        decision = GateDecisionRecord(
            decided_at=self._timestamp(), before=pattern.state, after=after, reason=reason, decided_by="person"
        )
        changed = moved(pattern, decision)
        self.put(changed)
        return changed

    def _taken(self, section: PatternSection) -> Pattern | None:
        known = self._patterns.get(section.name)
        if known is None:
            return self._added(_written(section.name, _of_page(section, BY_PAGE), self._timestamp()))
        told = _of_page(section, changed_fields(section, known))
        if not told:
            return None
        changed = self._changed(known, **told, approved_at=known.approved_at or self._timestamp())
        return changed if changed.state == "draft" else self._moved(changed, "draft", "its text was changed by hand")

    def _timestamp(self) -> str:
        return self._now().astimezone(UTC).replace(tzinfo=None).isoformat()


def is_waiting(pattern: Pattern) -> bool:
    """Return whether a pattern waits for a person's approval."""
    return pattern.state == "draft" and pattern.approved_at is None


def _page(path: Path) -> str:
    return _decoded(read_plain(path), path)


def _decoded(content: bytes, path: Path) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is not UTF-8: {error.reason} at byte {error.start}.", code="bad_file") from error


def _of_page(section: PatternSection, names: Iterable[str]) -> dict[str, Any]:
    """Return some of a section's fields as a pattern's; what it leaves out is left out."""
    told: dict[str, Any] = {name: text for name in names if (text := section.fields.get(name))}
    if "severity" in told:
        severity = told["severity"].lower()
        told |= {"severity": severity} if severity in SEVERITIES else {"severity": "medium"}
    for name, separator in (("rule_ids", ","), ("exceptions", ";")):
        if name in told:
            told[name] = [one.strip(" `") for one in told[name].split(separator) if one.strip(" `")]
    return told


def _written(name: str, told: Mapping[str, Any], approved_at: str) -> Pattern:
    empty = {"description": "", "bad_example": "", "good_example": "", "test_coverage": "", "severity": "medium"}
    return Pattern(
        pattern_id=slug(name) or name,
        name=name,
        occurrence_frequency=0,
        last_occurrence=None,
        effectiveness_score=UNKNOWN_SCORE,
        approved_at=approved_at,
        provenance=Provenance(source="ai_patterns_md"),
        **{**empty, **told},
    )


def _sound(name: str) -> str:
    """Return a name as it can stand in a list and on a page."""
    return page_name(name)[:MAX_NAME].strip()


def _new_occurrences(item: Mapping[str, Any], pattern: Pattern) -> int:
    times = [time for one in item.get("times") or () if (time := instant_of(one)) is not None]
    last = instant_of(pattern.last_occurrence)
    return sum(one > last for one in times) if times and last else int(item.get("count", 0))
