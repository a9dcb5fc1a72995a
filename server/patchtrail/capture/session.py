"""One session being recorded: reports come in, redacted events go to its log. Knows no threads and no LSP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from patchtrail.capture.base_snapshot import BaseSnapshot
from patchtrail.capture.command_output import Seen, last_lines, seen_output
from patchtrail.capture.commit_diff import commit_diff
from patchtrail.capture.debugging import DebugFact, DebugTeller, StandingStops
from patchtrail.capture.drafts import Draft, Drafts
from patchtrail.capture.edits import MAX_INLINE_DIFF_CHARS, Edit, EditRecorder
from patchtrail.capture.entries import Entries
from patchtrail.capture.files import Files
from patchtrail.capture.hints import Hints
from patchtrail.capture.inner_shells import inner_shell
from patchtrail.capture.known_secrets import KnownSecrets
from patchtrail.capture.log import ForgottenEvents, TraceLog
from patchtrail.capture.note_events import event_of_note, with_origin_of
from patchtrail.capture.patches import Patches
from patchtrail.capture.places import Places
from patchtrail.capture.pytest_command import asks_for_junit, runs_pytest
from patchtrail.capture.report_files import ReportFiles
from patchtrail.capture.repository import SeenCommit
from patchtrail.capture.roots import Roots
from patchtrail.capture.start_files import StartFiles
from patchtrail.capture.terminal import plain_text
from patchtrail.capture.test_reports import TestReports, is_refusal
from patchtrail.capture.test_runs import (
    PreparedReports,
    event_of_run,
    results_of_command,
    results_of_report,
    results_of_reported,
)
from patchtrail.contract.artifact import ArtifactRef
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.event_lines import EventData
from patchtrail.contract.events import (
    ClockStep,
    CmdRun,
    Commit,
    Gap,
    GapReason,
    Heartbeat,
    OutputCoverage,
    Pause,
    Pauser,
    Resume,
    SessionEnd,
)
from patchtrail.contract.lsp import CommandReport, GapReport, NoteAdd, NoteDraft, TestsReport
from patchtrail.contract.lsp_debugging import DebugStandingFact
from patchtrail.redaction import Redactor
from patchtrail.trace import Episodes

__all__ = ["HEARTBEAT_MS", "Session"]

HEARTBEAT_MS = 30_000
STALL_MS = 45_000
"""What the verifier takes for silence: half as long again as the time between heartbeats."""
CLOCK_STEP_MS = 2_000
READING_MS = 500
OUTPUT_TAIL_CHARS = 4_000
MAX_COMMAND_LINE_CHARS = 100_000
MAX_DIRTY_FILES = 200
MAX_DETAIL_CHARS = 200


class Session:
    """A recording in one folder. Every method runs on the recorder's one worker thread."""

    def __init__(
        self,
        log: TraceLog,
        redactor: Redactor,
        roots: Roots,
        edits: EditRecorder,
        *,
        redact_key: bytes,
        secrets: KnownSecrets,
        folder: Path,
        reports: TestReports,
        is_saving: Callable[[Path], bool],
        has_model_texts: bool = False,
        start_commit: str = "",
    ) -> None:
        self.log = log
        self.redact_key = redact_key
        self.secrets = secrets
        self.redactor = redactor
        self.roots = roots
        self.repository = roots.first.repository
        self.edits = edits
        self.files = Files(edits, is_saving, self._take)
        self.entries = Entries(roots.first.path, folder, log.next_seq)
        self.base = BaseSnapshot(log)
        self.patches = Patches(edits, self.files, self.append, self.entries.remember_texts, has_texts=has_model_texts)
        self.files.moved = self.patches.moved
        self.drafts = Drafts(log)
        self.episodes = Episodes()
        self.hints = Hints(self.episodes)
        self._standing = StandingStops()
        self.paused_by: Pauser | None = None
        self._folder = folder
        self._start_commit = start_commit
        self._reports = reports
        self._prepared = PreparedReports()
        self._report_files = ReportFiles(folder)
        self._report_files.scopes = lambda: roots.scopes
        self._capturing_since_ms = log.wall_ms()
        self._clock_offset_ms = log.wall_ms() - log.mono_ms()
        roots.nested.pass_over(self._capturing_since_ms / 1000)

    def append(self, data: EventData) -> int:
        """Redact an event's free text, then write it: the one way into the log."""
        self._declare_sleep(data)
        return self._write(data)

    def _write(self, data: EventData) -> int:
        redacted = self.redactor.data(data)
        seq = self.log.append(redacted)
        self.entries.remember(seq, self.log.wall_ms(), redacted)
        self.episodes.take(seq, self.log.last_mono_ms, redacted)
        self.hints.take(seq, self.log.last_mono_ms, redacted)
        return seq

    def edit(self, edit: Edit) -> int:
        """Record a save."""
        seq = self.append(edit.event)
        if edit.texts is not None:
            self.entries.remember_texts(seq, edit.texts)
            self.hints.edited(seq, self.log.last_mono_ms, edit.event, edit.texts)
        return seq

    def follow_roots(self, folders: list[Path], *, is_declared: bool = False) -> None:
        """Record these workspace folders beside the first, and no others."""
        for root in self.roots.follow(folders, is_declared=is_declared, shown=self.redactor.text):
            for scope in root.scopes:
                self.secrets.join(scope)
            self.files.start_from(root.repository.changed_files(MAX_DIRTY_FILES))
        self.entries.roots = {root.name: root.path for root in self.roots}

    def look_at_disk(self, *, at_once: bool = False) -> None:
        """Record what changed on disk and is quiet by now; `at_once` before an event that may build on it."""
        try:
            self.files.look(at_once=at_once)
        except InvalidInput:
            # What was not recorded cannot be replayed: each file's next edit brings its base along.
            self.edits.snapshots.forget_recorded()
            raise

    def debug(self, fact: DebugFact, *, with_values: bool) -> int | None:
        """Record a fact of a debugger; None for what is only looked at."""
        now_ms = self.log.mono_ms()
        teller = DebugTeller(self._places(), self.redactor.text, with_values)
        if isinstance(fact, DebugStandingFact):
            self.hints.stands(self.log.next_seq - 1, now_ms, fact.duration_ms)
            self._standing.stands(fact, teller, now_ms)
            return None
        event = teller.event(fact, now_ms)
        self._standing.left(event)
        return self.append(event)

    def leave_stops(self) -> None:
        """Record the stops that still stand: nobody will come to say that they were left."""
        for stop in self._standing.take(self.log.mono_ms()):
            self.append(stop)

    def rewrite_rules(self, redactor: Redactor) -> None:
        """Go on with other redaction rules, and say so."""
        self.redactor = redactor
        self.edits.redactor = redactor
        self.append(redactor.facts())

    def command(self, report: CommandReport) -> int:
        """Record a terminal command or a task that ended, and the tests that it ran; return the command's number."""
        ended_ms = self.log.wall_ms()
        if report.started_ms is not None:
            ended_ms = min(ended_ms, report.started_ms + report.duration_ms)
        self.look_at_disk(at_once=True)
        if report.cwd:
            self.roots.met(Path(report.cwd))
        self.look_at_commits()
        # What ran on while nothing might be captured is known to have run, and no more.
        is_unseen = report.started_ms is not None and report.started_ms < self._capturing_since_ms
        whole = Seen("", 0) if is_unseen else seen_output(report)
        output = self.redactor.text(whole.text)
        tail = last_lines(output, OUTPUT_TAIL_CHARS)
        seq = self.append(
            CmdRun(
                command_line=plain_text(report.command_line)[:MAX_COMMAND_LINE_CHARS],
                confidence=report.confidence,
                cwd=report.cwd,
                exit_code=report.exit_code,
                duration_ms=report.duration_ms,
                output_tail=tail,
                output_size_bytes=len(output.encode("utf-8", "replace")),
                output_artifact=self._stored(output) if len(tail) < len(output) else None,
                output_coverage=_coverage(report, is_unseen=is_unseen, is_cut=whole.omitted_bytes > 0),
                is_trusted=report.is_trusted,
                origin=report.origin,
                task_name=report.task_name,
                shell=report.shell,
                output_omitted_bytes=whole.omitted_bytes,
                has_ended=report.has_ended,
            )
        )
        inner = inner_shell(report.command_line)
        if inner is not None and not is_unseen:
            to_ms = max(0, self.log.mono_ms() - (self.log.wall_ms() - ended_ms))
            from_ms = max(0, to_ms - report.duration_ms)
            self.append(Gap(from_ms=from_ms, to_ms=to_ms, reason="other_terminal", detail=inner))
        elif not is_unseen and report.has_ended:
            self._tests_of(report, whole.text, seq, ended_ms)
        return seq

    def prepare_tests(self) -> Path:
        """Return where the next test run may write its JUnit report: a private folder, deleted after reading."""
        return self._prepared.prepare()

    def tests(self, report: TestsReport) -> int:
        """Record a test run that the client ran itself."""
        self.look_at_disk(at_once=True)
        self.look_at_commits()
        results = results_of_report(self._prepared.read(report.junit_path))
        return self.append(event_of_run(results, report, self.redactor, self._stored_cases))

    def note(self, note: NoteAdd) -> int:
        """Record a rationale at once."""
        self._check_links(note)
        return self.append(event_of_note(note, self._places()))

    def draft(self, note: NoteDraft) -> Draft:
        """Keep a note that can still be changed."""
        self._check_links(note)
        event = self.redactor.data(event_of_note(note, self._places()))
        known = self.drafts.find(note.draft_id)
        self.hints.dismiss()
        return self.drafts.put(note.draft_id, event if known is None else with_origin_of(known.note, event))

    def confirm(self, draft: Draft) -> int:
        """Record a draft."""
        # Whatever else is due comes first: the draft announces the number that it takes.
        self._declare_sleep()
        return self.drafts.record(draft, self._write)

    def gap(self, reason: GapReason, detail: str = "") -> int:
        """Declare that from now on something cannot be seen."""
        now_ms = self.log.mono_ms()
        return self.append(Gap(from_ms=now_ms, to_ms=now_ms, reason=reason, detail=detail))

    def tell_gap(self, report: GapReport) -> int:
        """Declare what the client cannot see."""
        return self.gap(report.reason, report.detail)

    def look_at_commits(self) -> None:
        """Record the commits that appeared since the last look."""
        for root in self.roots:
            for seen in root.repository.new_commits():
                self._commit(seen, root.name)
                self.files.tracked_anew()
        for place in self.roots.committed_inside():
            self.gap("nested_repository", self.redactor.text(place.relative)[:MAX_DETAIL_CHARS])

    def pulse(self) -> None:
        """Do what time asks for: a heartbeat after silence, a gap after a suspend, a clock step, a look at HEAD."""
        self._notice_clock_step()
        if self.paused_by is not None:
            return
        self._declare_sleep()
        self.files.pending.sweep()
        self.look_at_disk()
        self.look_at_commits()
        self._confirm(self.drafts.due())
        self._tests_unasked()
        self.base.look(self._start_files())
        if self.log.mono_ms() - self.log.last_mono_ms >= HEARTBEAT_MS:
            self.append(Heartbeat())

    def pause(self, by: Pauser, gate_reasons: list[str]) -> None:
        """Stop capturing."""
        try:
            self._confirm(self.drafts.all())
            if by != "gate":
                self._look_last()
            self.append(Pause(reason=by, gate_reasons=gate_reasons))
        finally:
            # Whatever could not be written: from here on nothing is captured.
            self.paused_by = by
            self.files.discard()
            self._standing.take(0)
            self.edits.snapshots.forget_recorded()
            self._prepared.close()
            self.base.stop()

    def resume(self, by: Pauser) -> None:
        """Go on capturing; what happened meanwhile is nobody's business."""
        for root in self.roots:
            root.repository.new_commits()
        self.files.read_again()
        self.paused_by = None
        self._capturing_since_ms = self.log.wall_ms()
        self.roots.nested.pass_over(self._capturing_since_ms / 1000)
        self._reports.discard()
        self.append(Resume(reason=by))

    def forget(self, since_ms: int) -> ForgottenEvents:
        """Forget every event since an instant, and go on: with the rules in force, and still paused if it was."""
        forgotten = self.log.forget(since_ms, lambda first_seq: self.drafts.kept_before(since_ms, first_seq)[1])
        self.drafts.replace(self.drafts.kept_before(since_ms, forgotten.first_seq)[0])
        self.entries.forget(forgotten.first_seq)
        self.patches.forget(since_ms)
        # What began before and ends later tells of the time between.
        self._capturing_since_ms = self.log.wall_ms()
        self._reports.discard()
        self._prepared.close()
        self._standing.take(0)
        self.files.discard()
        # Their numbers may be given anew, to other events.
        self.episodes = Episodes()
        self.hints = Hints(self.episodes)
        self.append(self.redactor.facts())
        if self.paused_by is not None:
            self.append(Pause(reason=self.paused_by, gate_reasons=[]))
        return forgotten

    def end(self) -> None:
        """Record the end; nothing may follow it."""
        is_recording = self.paused_by is None
        if is_recording:
            self._look_last()
            self._confirm(self.drafts.all())
            self.leave_stops()
            self.patches.settle()
        elif self.secrets.have_changed():
            # What became a secret meanwhile may stand in it.
            self.base.want(is_wanted=False)
        if self.paused_by == "off_record":
            self.log.off_record.end()
        base = self.base.finish(self._start_files(), self.edits.from_start, may_make=is_recording)
        self.append(SessionEnd(reason="participant", base_snapshot=base))
        self.close()

    def close(self) -> None:
        """Let go of the repository and of reports that never came."""
        self.base.stop()
        self.roots.close()
        self._prepared.close()

    def _start_files(self) -> StartFiles:
        root = self.roots.first
        scopes = [scope.relative_to(root.path).as_posix() for scope in root.scopes]
        return StartFiles(
            work_tree=root.path,
            commit=self._start_commit,
            redactor=self.redactor,
            scopes=tuple("" if scope == "." else scope for scope in scopes),
            excluded=self.files.patterns,
        )

    def _take(self, data: EventData | Edit) -> int:
        return self.edit(data) if isinstance(data, Edit) else self.append(data)

    def _declare_sleep(self, data: EventData | None = None) -> None:
        """Declare a silence that no heartbeat broke, before what comes behind it: the machine slept.

        A pause is silent by itself, and so is its end; a gap that tells of the whole silence is the declaration.
        """
        last_ms, now_ms = self.log.last_mono_ms, self.log.mono_ms()
        is_told = isinstance(data, Resume) or (isinstance(data, Gap) and data.from_ms <= last_ms)
        if now_ms - last_ms > STALL_MS and self.paused_by is None and not is_told:
            self.append(Gap(from_ms=last_ms, to_ms=now_ms, reason="suspended"))

    def _look_last(self) -> None:
        """Look once more, at everything: what nobody has told of yet would be lost."""
        self.files.pending.sweep(at_once=True)
        self.look_at_disk(at_once=True)
        self.look_at_commits()

    def _places(self) -> Places:
        return Places(self.roots, self.redactor.denies)

    def _check_links(self, note: NoteAdd) -> None:
        unknown = [seq for seq in note.links if seq >= self.log.next_seq]
        if unknown:
            raise InvalidInput(f"The note links to events that do not exist: {unknown}.", code="unknown_link")

    def _confirm(self, drafts: list[Draft]) -> None:
        for draft in drafts:
            try:
                self.confirm(draft)
            except InvalidInput:
                # It can never be recorded, and must not keep anything else from being.
                self.drafts.discard(draft.draft_id)
                self.gap("capture_error")

    def _tests_of(self, report: CommandReport, output: str, command_seq: int, ended_ms: int) -> None:
        if is_refusal(report.command_line, report.exit_code, output) and runs_pytest(report.command_line):
            self._reports.withdraw("pytest refused the option --junitxml in this workspace.")
            self.gap("junit_refused")
        elif asks_for_junit(report.command_line):
            self._reports.withdraw("You ask pytest for JUnit reports of your own in this workspace.")
        results = results_of_command(report, output, ended_ms, self._reports, self._report_files)
        if results is None:
            return
        ran = TestsReport(
            command_line=report.command_line,
            exit_code=report.exit_code,
            duration_ms=report.duration_ms,
            junit_path=None,
        )
        self.append(event_of_run(results, ran, self.redactor, self._stored_cases, command_seq))

    def _tests_unasked(self) -> None:
        """Record runs that no command of a terminal started, such as the Test Explorer's."""
        for reported in self._reports.take_unasked(self._capturing_since_ms, self._folder):
            ran = TestsReport(
                command_line="", exit_code=reported.exit_code, duration_ms=reported.duration_ms, junit_path=None
            )
            results = results_of_reported(reported, "unknown")
            self.append(event_of_run(results, ran, self.redactor, self._stored_cases))

    def _commit(self, seen: SeenCommit, root: str) -> None:
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
                root=root,
            )
        )

    def _notice_clock_step(self) -> None:
        mono_ms = self.log.mono_ms()
        offset_ms = self.log.wall_ms() - mono_ms
        if self.log.mono_ms() - mono_ms > READING_MS:
            # Held up between the two readings: what lies between them is no step of the clock.
            return
        step_ms = offset_ms - self._clock_offset_ms
        if abs(step_ms) > CLOCK_STEP_MS:
            self._clock_offset_ms = offset_ms
            if self.paused_by is None:
                self.append(ClockStep(delta_ms=step_ms))

    def _stored(self, text: str, media_type: str = "text/plain; charset=utf-8") -> ArtifactRef:
        return self.log.store(text.encode("utf-8", "replace"), media_type)

    def _stored_cases(self, lines: str) -> ArtifactRef:
        return self._stored(lines, "application/x-ndjson")


def _coverage(report: CommandReport, *, is_unseen: bool, is_cut: bool) -> OutputCoverage:
    return "unknown" if is_unseen else "tail" if is_cut else report.output_coverage
