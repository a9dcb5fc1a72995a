"""One session being recorded: reports come in, redacted events go to its log. Knows no threads and no LSP."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Literal

from patchtrail.capture.commit_diff import commit_diff
from patchtrail.capture.edits import MAX_INLINE_DIFF_CHARS, EditRecorder
from patchtrail.capture.junit import read_junit, totals_of
from patchtrail.capture.log import TraceLog
from patchtrail.capture.repository import Repository, SeenCommit
from patchtrail.capture.terminal import plain_text
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.events import (
    ArtifactRef,
    ClockStep,
    CmdRun,
    Commit,
    EventData,
    Gap,
    Heartbeat,
    Pause,
    RationaleNote,
    Resume,
    SessionEnd,
    TestCase,
    TestRun,
)
from patchtrail.contract.lsp import CommandReport, NoteAdd, TestsReport
from patchtrail.redaction import Redactor

__all__ = ["HEARTBEAT_MS", "Session"]

HEARTBEAT_MS = 30_000
STALL_MS = 45_000
CLOCK_STEP_MS = 2_000
OUTPUT_TAIL_CHARS = 4_000
MAX_OUTPUT_CHARS = 7_000_000
MAX_INLINE_CASES = 200
MAX_MESSAGE_CHARS = 1_000

JUNIT_PREFIX = "patchtrail-junit-"

Pauser = Literal["participant", "gate"]


class Session:
    """A recording in one folder. Every method runs on the recorder's one worker thread."""

    def __init__(
        self, log: TraceLog, redactor: Redactor, repository: Repository, edits: EditRecorder, redact_key: bytes
    ) -> None:
        self.log = log
        self.redact_key = redact_key
        self.redactor = redactor
        self.repository = repository
        self.edits = edits
        self.paused_by: Pauser | None = None
        self._junit_folders: set[Path] = set()
        _sweep_reports()
        self._last_pulse_ms = log.mono_ms()
        self._clock_offset_ms = log.wall_ms() - log.mono_ms()

    def append(self, data: EventData) -> int:
        """Redact an event's free text, then write it: the one way into the log."""
        return self.log.append(self.redactor.data(data))

    def rewrite_rules(self, redactor: Redactor) -> None:
        """Go on with other redaction rules, and say so."""
        self.redactor = redactor
        self.edits.redactor = redactor
        self.append(redactor.facts())

    def command(self, report: CommandReport) -> int:
        """Record a terminal command that ended."""
        self.look_at_commits()
        output = self.redactor.text(_last_lines(plain_text(report.output), MAX_OUTPUT_CHARS))
        tail = _last_lines(output, OUTPUT_TAIL_CHARS)
        return self.append(
            CmdRun(
                command_line=plain_text(report.command_line),
                confidence=report.confidence,
                cwd=report.cwd,
                exit_code=report.exit_code,
                duration_ms=report.duration_ms,
                output_tail=tail,
                output_size_bytes=len(output.encode("utf-8", "replace")),
                output_artifact=self._stored(output) if len(tail) < len(output) else None,
            )
        )

    def prepare_tests(self) -> Path:
        """Return where the next test run may write its JUnit report: a private folder, deleted after reading."""
        folder = Path(tempfile.mkdtemp(prefix=f"{JUNIT_PREFIX}{os.getpid()}-"))
        self._junit_folders.add(folder)
        return folder / "report.xml"

    def tests(self, report: TestsReport) -> int:
        """Record a test run, per test when its report can be read, else by its exit code."""
        self.look_at_commits()
        cases = self._cases(report.junit_path)
        # A message is cut after it is redacted: the first half of a secret is no longer known as one.
        shown = [_shortened(self.redactor.data(case)) for case in cases or []]
        is_long = len(shown) > MAX_INLINE_CASES
        inline = [case for case in shown if case.outcome in ("failed", "error")] if is_long else shown
        return self.append(
            TestRun(
                command_line=plain_text(report.command_line),
                evidence="exit" if cases is None else "junit",
                exit_code=report.exit_code,
                duration_ms=report.duration_ms,
                totals=None if cases is None else totals_of(cases),
                cases=inline[:MAX_INLINE_CASES],
                cases_artifact=self._stored_cases(shown) if is_long else None,
            )
        )

    def note(self, note: NoteAdd) -> int:
        """Record a rationale."""
        unknown = [seq for seq in note.links if seq >= self.log.next_seq]
        if unknown:
            raise InvalidInput(f"The note links to events that do not exist: {unknown}.", code="unknown_link")
        return self.append(RationaleNote(kind=note.kind, text=note.text, confidence=note.confidence, links=note.links))

    def look_at_commits(self) -> None:
        """Record the commits that appeared since the last look."""
        for seen in self.repository.new_commits():
            self._commit(seen)

    def pulse(self) -> None:
        """Do what time asks for: a heartbeat after silence, a gap after a suspend, a clock step, a look at HEAD."""
        now_ms = self.log.mono_ms()
        since_pulse_ms, self._last_pulse_ms = now_ms - self._last_pulse_ms, now_ms
        self._notice_clock_step()
        if self.paused_by is not None:
            return
        if since_pulse_ms > STALL_MS:
            self.append(Gap(from_ms=self.log.last_mono_ms, to_ms=now_ms, reason="suspended"))
        self.look_at_commits()
        if now_ms - self.log.last_mono_ms >= HEARTBEAT_MS:
            self.append(Heartbeat())

    def pause(self, by: Pauser, gate_reasons: list[str]) -> None:
        """Stop capturing."""
        if by == "participant":
            self.look_at_commits()
        self.append(Pause(reason=by, gate_reasons=gate_reasons))
        self.paused_by = by
        self.edits.snapshots.forget_recorded()

    def resume(self, by: Pauser) -> None:
        """Go on capturing; what happened meanwhile is nobody's business."""
        self.repository.new_commits()
        self.paused_by = None
        self._last_pulse_ms = self.log.mono_ms()
        self.append(Resume(reason=by))

    def end(self) -> None:
        """Record the end; nothing may follow it."""
        if self.paused_by is None:
            self.look_at_commits()
        self.append(SessionEnd(reason="participant"))
        self.close()

    def close(self) -> None:
        """Let go of the repository and of reports that never came."""
        self.repository.close()
        for folder in self._junit_folders:
            shutil.rmtree(folder, ignore_errors=True)

    def _cases(self, junit_path: str | None) -> list[TestCase] | None:
        if junit_path is None:
            return None
        path = Path(junit_path)
        try:
            return read_junit(path)
        except InvalidInput:
            return None
        finally:
            if path.parent in self._junit_folders:
                self._junit_folders.discard(path.parent)
                shutil.rmtree(path.parent, ignore_errors=True)

    def _commit(self, seen: SeenCommit) -> None:
        text = commit_diff(seen.commit, self.redactor)
        is_long = len(text) > MAX_INLINE_DIFF_CHARS
        message = seen.commit.message
        self.append(
            Commit(
                sha=seen.commit.hexsha,
                parents=[parent.hexsha for parent in seen.commit.parents],
                message=message if isinstance(message, str) else message.decode("utf-8", "replace"),
                kind=seen.kind,
                diff_unified="" if is_long else text,
                diff_artifact=self._stored(text, "text/x-diff") if is_long else None,
            )
        )

    def _notice_clock_step(self) -> None:
        offset_ms = self.log.wall_ms() - self.log.mono_ms()
        step_ms = offset_ms - self._clock_offset_ms
        if abs(step_ms) > CLOCK_STEP_MS:
            self._clock_offset_ms = offset_ms
            if self.paused_by is None:
                self.append(ClockStep(delta_ms=step_ms))

    def _stored(self, text: str, media_type: str = "text/plain; charset=utf-8") -> ArtifactRef:
        return self.log.store(text.encode("utf-8", "replace"), media_type)

    def _stored_cases(self, cases: list[TestCase]) -> ArtifactRef:
        lines = "".join(f"{case.model_dump_json()}\n" for case in cases)
        return self._stored(lines, "application/x-ndjson")


def _last_lines(text: str, limit: int) -> str:
    """Return the end of a text, from the start of a line on where it has one."""
    if len(text) <= limit:
        return text
    tail = text[-limit:]
    return tail.partition("\n")[2] or tail


def _shortened(case: TestCase) -> TestCase:
    return case.model_copy(update={"message": case.message[:MAX_MESSAGE_CHARS]})


def _sweep_reports() -> None:
    """Remove the raw test reports that a killed sidecar of this user left behind."""
    for folder in Path(tempfile.gettempdir()).glob(f"{JUNIT_PREFIX}*-*"):
        pid = folder.name.removeprefix(JUNIT_PREFIX).partition("-")[0]
        if pid.isdigit() and not Path("/proc", pid).exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)
