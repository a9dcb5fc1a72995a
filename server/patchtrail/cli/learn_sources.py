"""What `patchtrail learn collect` reads: reports of tests, findings, reviews and recorded sessions, as metrics."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from pydantic import JsonValue, TypeAdapter, ValidationError

from patchtrail.capture.junit import junit_started_ms, parse_failures
from patchtrail.cli.reading import Source, Unsigned, read_trace
from patchtrail.contract.attempt import AttemptRecord
from patchtrail.contract.episodes import Episode
from patchtrail.contract.errors import InvalidInput, PatchtrailError, VerificationFailed
from patchtrail.contract.event_lines import Event, FileEditEvent
from patchtrail.contract.learning import LearningSeverity, ReviewEntry
from patchtrail.learning import MetricsCollector
from patchtrail.learning.fix_example import FixExample, fix_example
from patchtrail.learning.kept_file import read_plain
from patchtrail.learning.pattern_names import pattern_of_failure
from patchtrail.learning.signature import rule_of
from patchtrail.patching.attempts import AttemptFilters, AttemptStore
from patchtrail.patching.finding import Severity
from patchtrail.patching.sarif import read_sarif
from patchtrail.trace import episodes_of
from patchtrail.trace.unsigned import events_of_document

__all__ = ["attempts_of", "log_attempts", "log_junit", "log_reviews", "log_sarif", "log_trace", "unreadable_attempts"]

MAX_REASON, MAX_SNIPPET = 2_000, 4_000
GRAVITY: dict[Severity, LearningSeverity] = {
    "error": "high",
    "warning": "medium",
    "information": "low",
    "hint": "low",
}
ANY = TypeAdapter(JsonValue)
REVIEWS = TypeAdapter(list[ReviewEntry])
TEST_FILE = re.compile(r"(?:^|/)(?:tests?/|test_|conftest)|[._-](?:test|spec)\.\w+$")


def log_junit(collector: MetricsCollector, path: Path) -> int:
    """Count the failed tests of a JUnit report; raises `InvalidInput` naming the file."""
    content = read_plain(path)
    try:
        failures = parse_failures(BytesIO(content))
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error.message}", code=error.code) from error
    started_ms = junit_started_ms(path)
    for one in failures:
        collector.log_test_failure(
            one.case.test_id,
            one.case.message[:MAX_REASON],
            pattern_of_failure(one.case.message, one.traceback),
            one.traceback[-MAX_SNIPPET:] or None,
            timestamp=None if started_ms is None else _iso(started_ms),
        )
    return len(failures)


def log_sarif(collector: MetricsCollector, path: Path, root: Path) -> int:
    """Count a tool's findings below `root` as a review's, by their rules; raises `InvalidInput` naming the file."""
    content = read_plain(path)
    try:
        findings = read_sarif(content, (root, root.resolve()), lambda _: None)
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error.message}", code=error.code) from error
    for one in findings:
        collector.log_code_review_issue(
            f"{one.tool} {one.rule_id}",
            rule_of(one.rule_id, one.message),
            GRAVITY[one.severity],
            one.file_path,
            one.line,
            one.message[:MAX_REASON],
            rule_id=rule_of(one.rule_id, one.message),
        )
    return len(findings)


def log_reviews(collector: MetricsCollector, path: Path) -> int:
    """Count reviews: a JSON list of the published entries, or a document that holds one as `code_reviews`.

    Raises `InvalidInput` naming the file and the entry; then nothing of the file is counted.
    """
    try:
        told = ANY.validate_json(read_plain(path))
        found = told.get("code_reviews") if isinstance(told, dict) else told
        entries = found if isinstance(found, list) else [found]
        reviews = REVIEWS.validate_python([_whole(one) for one in entries])
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"])) or "the top"
        raise InvalidInput(f"{path} holds no reviews: {fault['msg']} at {where}.", code="bad_reviews") from error
    for one, entry in zip(reviews, entries, strict=True):
        collector.log_code_review_issue(
            one.issue_type,
            one.pattern,
            one.severity,
            one.file_path,
            one.line,
            one.suggestion,
            rule_id=one.rule_id,
            timestamp=one.timestamp if _dated(entry) else None,
        )
    return len(reviews)


def log_trace(collector: MetricsCollector, path: Path) -> int:
    """Count the fault episodes of a recorded session: each test that was red, once, and how it became green.

    Raises `VerificationFailed` for a bundle whose evidence does not hold, `InvalidInput` for no trace.
    """
    read_plain(path)  # Refuses links and what is no plain file, before anything is made of it.
    events = _events(path)
    by_seq = {event.seq: event for event in events}
    episodes = episodes_of(events)
    for one in episodes:
        first, fix = by_seq[one.red[0]], None if one.is_flaky else _fix(one, by_seq)
        collector.log_test_failure(
            one.test_id or one.command_line,
            one.message[:MAX_REASON],
            pattern_of_failure(one.message),
            fix.before if fix else None,
            fixed_code=fix.after if fix else None,
            timestamp=_iso(first.ts_ms),
            trace_id=first.trace_id,
        )
    return len(episodes)


def attempts_of(root: Path, filters: AttemptFilters | None = None) -> tuple[AttemptRecord, ...]:
    """Return the attempts that are kept below a folder; raises `InvalidInput` where there is none."""
    if not root.is_dir():
        raise InvalidInput(f"{root} is no folder.")
    return AttemptStore(root.resolve(), redact=str).list(filters)


def unreadable_attempts(root: Path) -> tuple[str, ...]:
    """Return why each file that holds no attempt does not."""
    return tuple(reason for _, reason in AttemptStore(root.resolve(), redact=str).unreadable())


def log_attempts(collector: MetricsCollector, root: Path) -> int:
    """Count the accepted patches of a folder, each as a bug of its rule with the fix; raises `InvalidInput`."""
    accepted = attempts_of(root, AttemptFilters(status="accepted"))
    for one in accepted:
        fix = fix_example(one.patch_generated or "", one.line)
        rule = rule_of(one.rule_id, one.finding.message)
        collector.log_bug(
            rule,
            one.finding.message[:MAX_REASON],
            fix.before if fix else "",
            one.file,
            one.line,
            rule_id=rule,
            fixed_code=fix.after if fix else None,
            timestamp=one.timestamp,
            trace_id=one.trace_id,
        )
    return len(accepted)


def _fix(episode: Episode, by_seq: Mapping[int, Event]) -> FixExample | None:
    """Return what turned an episode's test green, as the last edit shows it; code before tests."""
    edits = [
        event.data for seq in reversed(episode.fixing_edits) if isinstance(event := by_seq.get(seq), FileEditEvent)
    ]
    edits.sort(key=lambda edit: bool(TEST_FILE.search(edit.file_path)))
    return next((fix for edit in edits if (fix := fix_example(edit.diff_unified)) is not None), None)


def _dated(entry: JsonValue) -> bool:
    return isinstance(entry, dict) and bool(entry.get("timestamp"))


def _whole(entry: JsonValue) -> JsonValue:
    """Return a review with what others leave out: when it was, and the line, which is 0 then."""
    if not isinstance(entry, dict):
        return entry
    return {"timestamp": "", "line": 0, **{name: value for name, value in entry.items() if value is not None}}


def _events(path: Path) -> list[Event]:
    try:
        found = read_trace(Source(collector="", name=str(path), token=None))
    except PatchtrailError as error:
        raise InvalidInput(f"{path}: {error.message}", code=error.code) from error
    if isinstance(found, Unsigned):
        return [held.event for held in events_of_document(found.document, lambda _: None).events]
    verdict = found.verdict(None)
    if verdict.errors:
        raise VerificationFailed(f"{path} does not verify: {verdict.errors[0]}")
    return [held.event for held in verdict.events]


def _iso(unix_ms: int) -> str:
    return datetime.fromtimestamp(unix_ms / 1000, UTC).isoformat()
