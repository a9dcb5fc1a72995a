"""Somebody at a real editor with the packaged extension: what they do goes through the screen, as they would."""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator

from collector import Collector
from tests.e2e.rig import CodeServer, Workbench, until
from tests.editor.spooled import events_of

__all__ = ["Participant", "commands_on_path"]

STATUS = "patchtrail.patchtrail"
EPISODE = re.compile(r"red, \d+ runs?|green after")
FOCUSED = "() => document.activeElement.closest('.quick-input-widget .quick-input-box') !== null"


def commands_on_path(folder: Path) -> str:
    """Return a PATH on which this project's pytest is found, and nothing else of its environment."""
    folder.mkdir()
    for name in ("pytest",):
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec "{Path(sys.executable).parent / name}" "$@"\n')
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return os.pathsep.join([str(folder), os.environ["PATH"]])


class Participant:
    """A person in one window, on one repository."""

    def __init__(self, server: CodeServer, workbench: Workbench, repository: Path) -> None:
        self.server = server
        self.workbench = workbench
        self.repository = repository
        self.page = workbench.page

    @property
    def data(self) -> Path:
        """Where the sidecar keeps its data."""
        return self.server.home / ".local/share/patchtrail"

    @property
    def spool(self) -> Path:
        """What is not delivered yet."""
        return self.data / "spool"

    @property
    def status(self) -> str:
        """What the status bar item says."""
        return self.workbench.status_text(STATUS)

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Return the spooled events, of one type or all."""
        return [event for event in events_of(self.spool) if kind in (None, event["type"])]

    def wait_for(self, kind: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until so many events of a type are recorded."""

        def enough() -> list[dict[str, Any]]:
            found = self.events(kind)
            return found if len(found) >= count else []

        return until(f"{count} {kind}", enough, 40)

    def says(self, text: str, timeout_s: float = 40) -> None:
        """Wait until the status bar item says something."""
        until(f"the status bar says {text!r}", lambda: text in self.status, timeout_s)

    def answer(self, title: str, text: str) -> None:
        """Fill the input box of that title, and confirm it; the one before it may still be closing."""
        self.page.locator(".quick-input-widget:visible .quick-input-title", has_text=title).wait_for()
        self.workbench.fill_input(text)

    def connect(self, collector: Collector, code: str) -> str:
        """Connect to a collector with a one-time code; return what the question about its fingerprint said."""
        self.workbench.command("Patchtrail: Connect to a Collector")
        self.answer("Connect to a Collector (1/2)", collector.url)
        question = self.workbench.dialog_text()
        self.workbench.dialog_button("It Is the Same")
        self.answer("Connect to a Collector (2/2)", code)
        return question

    def consent(self, *, with_base: bool = False) -> str:
        """Read the consent page, agree, and return what it said; also to the base snapshot, or not."""
        page = self.workbench.webview()
        page.locator("#agree").wait_for()
        text = page.locator("main").inner_text()
        assert not page.locator("#base").is_checked()
        page.locator("#base").set_checked(with_base)
        page.locator("#agree").click()
        self.page.locator("iframe.webview.ready").first.wait_for(state="detached")
        return text

    def start(self, title: str, *, is_asked: bool = True) -> None:
        """Start a session; the first one in a folder asks whether the folder may be recorded."""
        self.workbench.command("Patchtrail: Start Recording")
        if is_asked:
            assert str(self.repository) in self.workbench.dialog_text()
            self.workbench.dialog_button("Allow This Folder")
        self.answer("Start Recording (1/2)", title)
        self.answer("Start Recording (2/2)", "")
        self.says("Recording")

    def terminal(self) -> None:
        """Open a terminal and wait until its shell is integrated."""
        self.workbench.open_terminal()
        self.page.locator(".terminal-wrapper.active .terminal-command-decoration").first.wait_for(timeout=30_000)

    def edit(self, name: str, before: str, after: str) -> None:
        """Replace the first place of a text in a file by typing, and save."""
        lines = (self.repository / name).read_text().split("\n")
        number, line = next((at, line) for at, line in enumerate(lines, 1) if before in line)
        self.workbench.open_file(name)
        self.workbench.goto_position(number, line.index(before) + 1)
        for _ in before:
            self.page.keyboard.press("Delete")
        self.workbench.type(after)
        self.workbench.save()

    def note(self, key: str, text: str, *, is_confirmed: bool = True) -> None:
        """Write a note by keyboard alone."""
        self.page.keyboard.press("Control+Alt+r")
        self.page.keyboard.press(key)
        # Keys that come while the focus is still moving land in the editor, as those of a person would.
        until("the box has the focus", lambda: self.page.evaluate(FOCUSED))
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")
        self.workbench.rows.filter(has_text="Done").first.wait_for()
        self.page.keyboard.press("Enter" if is_confirmed else "Escape")
        self.workbench.input.wait_for(state="detached")

    def end(self) -> None:
        """End the session."""
        self.workbench.command("Patchtrail: End the Session")
        until("the session has ended", lambda: "Recording" not in self.status and "paused" not in self.status)

    def settings(self, **changes: object) -> None:
        """Change the user's settings in their own file, in the editor."""
        wanted = {**json.loads(self.server.user_settings.read_text()), **changes}
        self.workbench.command("Preferences: Open User Settings (JSON)")
        # It opens above the other editors.
        self.page.locator(".monaco-editor.focused", has_text="telemetry.telemetryLevel").wait_for()
        self.workbench.keyboard("Control+A")
        self.page.keyboard.insert_text(json.dumps(wanted))
        # The editor closes quotes and brackets behind what is typed.
        self.workbench.keyboard("Control+Shift+End", "Delete")
        unsaved = self.page.locator('.activitybar [aria-label*="unsaved file"]').first
        unsaved.wait_for()
        self.workbench.keyboard("Control+S")
        until("the settings are saved", lambda: self._settings_on_disk() == wanted)
        # Closed before the editor knows it, the file would come back after a reload, as it was before the save.
        unsaved.wait_for(state="detached")
        self.workbench.keyboard("Escape")

    def _settings_on_disk(self) -> object:
        with contextlib.suppress(ValueError):
            return json.loads(self.server.user_settings.read_text())
        return None

    def terminal_line(self, line: str) -> None:
        """Type into the terminal, wherever the focus is."""
        self.workbench.terminal(line)

    def row(self, text: str, but_not: re.Pattern[str] | None = None) -> Locator:
        """Return a row of the session view."""
        return self.page.locator(".pane-body .monaco-list-row", has_text=text, has_not_text=but_not).first

    def click_test(self, test_id: str) -> str:
        """Click a failing test in the session view; return the file and line that it leads to."""
        # The test's fault episode stands above, under the same name.
        self.row(test_id, but_not=EPISODE).click()
        name = test_id.partition("::")[0]
        self.page.locator(f'.tabs-container .tab.active[data-resource-name="{name}"]').wait_for()
        line = self.page.locator(".editor-group-container.active .line-numbers.active-line-number").first
        return f"{name} {line.inner_text()}"

    def click_edit(self, summary: str) -> str:
        """Click an edit in the session view; return what its diff shows on the left."""
        self.row(summary).click()
        left = self.page.locator(".monaco-diff-editor .editor.original .view-lines")
        left.wait_for()
        until("the diff is drawn", lambda: "def " in left.inner_text().replace("\u00a0", " "))
        return left.inner_text().replace("\u00a0", " ")

    def append(self, name: str, text: str) -> None:
        """Type at the end of a file, and save."""
        self.workbench.open_file(name)
        self.workbench.keyboard("Control+End")
        self.workbench.type(text)
        self.workbench.save()

    def refuse_consent(self) -> None:
        """Read the consent page and do not agree."""
        self.workbench.webview().locator("#refuse").click()
        self.page.locator("iframe.webview.ready").first.wait_for(state="detached")

    def is_refused(self) -> None:
        """Ask for a session, and be told that none may be recorded before anything else is asked."""
        self.workbench.command("Patchtrail: Start Recording")
        self.workbench.toast("Recording is not allowed")

    def settle(self) -> None:
        """Give what must not happen the time to happen: the absence of something has no mark of its own."""
        self.page.wait_for_timeout(2_000)

    def remote_types(self, collector: Collector) -> list[str]:
        """Return the types of the events that the collector has of the one trace, without the quiet ones."""
        (listed,) = until("the trace is complete", lambda: complete_traces(collector), 60)
        events = collector.get(f"/v1/traces/{listed['trace_id']}")["events"]
        return [event["type"] for event in events if event["type"] not in ("heartbeat", "redactor")]


def complete_traces(collector: Collector) -> list[dict[str, Any]]:
    """Return the traces that are whole."""
    return [one for one in collector.get("/v1/traces")["traces"] if one["status"] == "complete"]
