"""Drives the workbench: act through what is on screen, assert on files."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from playwright.sync_api import ConsoleMessage, Error, FrameLocator, Locator, Page, sync_playwright
from playwright.sync_api import TimeoutError as NotInTime

from tests.e2e.rig.browser import open_browser
from tests.e2e.rig.code_server import CodeServer
from tests.e2e.rig.until import until

__all__ = ["Workbench"]

QUICK_INPUT = ".quick-input-widget:visible"
PROMPT = re.compile(r"[$%#>]$")
ACTIVE = ".editor-group-container.active"


class Workbench:
    """One window on a folder.

    Its last screen is in the run folder as `last.png`, whatever the test's outcome, and what its console said in
    `console.log`. Wait for a mark of the extension's own before you act: that the window is drawn says nothing of it.
    """

    def __init__(self, server: CodeServer, folder: Path) -> None:
        self.server = server
        # One driver for each window: while it runs, this thread has an event loop, which other tests must not meet.
        self._playwright = sync_playwright().start()
        try:
            self._browser = open_browser(self._playwright, server)
        except BaseException:
            self._playwright.stop()
            raise
        self.page: Page = self._browser.pages[0]
        self.page.set_default_timeout(30_000)
        self.page.on("console", self._log)
        self.input = self.page.locator(f"{QUICK_INPUT} .quick-input-box input")
        self.rows = self.page.locator(f"{QUICK_INPUT} .quick-input-list .monaco-list-row")
        self.editor = self.page.locator(".editor-group-container.active .editor-instance .monaco-editor").first
        self._terminal_input = self.page.locator(".terminal-wrapper.active .xterm-helper-textarea").first
        self._dialog = self.page.locator(".monaco-dialog-box")
        try:
            self.page.goto(server.url_of(folder))
            self._loaded()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Workbench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- the window

    def close(self) -> None:
        """Leave the page as a user does, so that its extensions are deactivated, and close the browser.

        Its profile stays: a later window of the same server is the same user's.
        """
        hosts = len(self.server.extension_host_pids())
        try:
            with contextlib.suppress(Error):
                self.screenshot(self.server.run / "last.png")
            with contextlib.suppress(Error):
                self.page.goto("about:blank")
            # A browser that just ends would leave the extension host waiting for hours for it to come back.
            until("the extension host ended", lambda: len(self.server.extension_host_pids()) < max(hosts, 1), 60)
        finally:
            self._browser.close()
            self._playwright.stop()

    def reload(self) -> None:
        """Reload the window, which starts a new extension host."""
        self.page.reload()
        self._loaded()

    def screenshot(self, path: Path) -> None:
        """Write the screen as PNG."""
        self.page.screenshot(path=path)

    def keyboard(self, *keys: str) -> None:
        """Press keys one after the other, for instance `Control+S`."""
        for key in keys:
            self.page.keyboard.press(key)

    # --- quick input

    def command(self, title: str) -> None:
        """Run a command by its exact title, with its category: `Category: Title`."""
        name = json.dumps(title, ensure_ascii=False)
        rows = self.page.locator(f"{QUICK_INPUT} .quick-input-list .monaco-list-row[aria-label={name}]")
        start = json.dumps(f"{title}, ", ensure_ascii=False)
        keyed = self.page.locator(f"{QUICK_INPUT} .quick-input-list .monaco-list-row[aria-label^={start}]")
        self._choose("F1", f">{title}", rows.or_(keyed).first)

    def pick(self, text: str) -> None:
        """Click a row of the quick pick that is open."""
        # Enter would take whatever is first at that moment.
        self.rows.filter(has_text=text).first.click()

    def fill_input(self, text: str) -> None:
        """Fill the input box that is open, and confirm it."""
        self.input.fill(text)
        self.input.press("Enter")

    # --- the text editor

    def open_file(self, name: str) -> None:
        """Open a file of the folder and put the focus into it."""
        self._choose("Control+P", name, self.rows.filter(has_text=name).first)
        # The tab is active, and the editor has the focus, while the editor still holds the file before.
        end = json.dumps(f"/{quote(Path(name).name)}")
        self.page.locator(f"{ACTIVE} .editor-instance .monaco-editor.focused[data-uri$={end}]").first.wait_for()

    def goto_position(self, line: int, column: int = 1) -> None:
        """Put the cursor somewhere in the active editor."""
        self._quick_input("Control+G", f":{line}:{column}")
        self.input.press("Enter")
        self.input.wait_for(state="hidden")

    def type(self, text: str) -> None:
        """Type at the cursor; `open_file` and `goto_position` leave the focus in the editor."""
        self.page.keyboard.type(text)

    def save(self) -> None:
        """Save the active editor and wait until it is saved."""
        self.keyboard("Control+S")
        self.page.locator(".editor-group-container.active .tab.active:not(.dirty)").wait_for()

    def editor_text(self) -> str:
        """Return the lines on screen; the editor renders no others."""
        return self.editor.locator(".view-lines").inner_text().replace("\u00a0", " ")

    def quick_fix(self, title: str) -> None:
        """Open the menu of code actions at the cursor and click the one of that title."""
        action = self.page.locator(".action-widget .monaco-list-row", has_text=title).first
        self._press_until("Control+.", action)
        action.click()

    # --- terminals and tasks

    def open_terminal(self) -> None:
        """Open a new terminal; shell integration comes later, so wait for a mark of it before the first command."""
        # Needed after a task, too: the first key in its finished terminal closes that instead of being typed.
        every = self.page.locator(".terminal-wrapper")
        before = every.count()
        self.keyboard("Control+Shift+Backquote")
        every.nth(before).wait_for(state="attached")
        self._terminal_input.wait_for(state="attached")

    def terminal(self, line: str) -> None:
        """Type a command line into the active terminal, once its shell asks for one."""
        # The editor reads command lines off the screen, where the prompt comes a moment after what a command printed.
        # Where something else runs there is no prompt to come.
        with contextlib.suppress(TimeoutError):
            until("a prompt", self._is_prompting, 5)
        self._terminal_input.focus()
        self.page.keyboard.type(f"{line}\n", delay=5)

    def run_task(self, label: str) -> None:
        """Run a task by its label."""
        self.command("Tasks: Run Task")
        self.pick(label)

    # --- notifications and dialogs

    def toast(self, text: str) -> Locator:
        """Wait for a notification that contains a text."""
        found = self.page.locator(".notification-toast", has_text=text).first
        found.wait_for()
        return found

    def press_toast_button(self, text: str, button: str) -> None:
        """Press a button of the notification that contains a text, once more where it moved under the click."""
        toast = self.toast(text)
        for last in (False, False, True):
            try:
                toast.locator(".monaco-button", has_text=button).first.click(timeout=10_000)
                toast.wait_for(state="detached", timeout=5_000)
            except NotInTime:
                if last and toast.is_visible():
                    raise
            if not toast.is_visible():
                return

    def dialog_text(self) -> str:
        """Wait for a modal dialog and return what it says."""
        self._dialog.wait_for()
        return self._dialog.inner_text()

    def dialog_button(self, text: str) -> None:
        """Press a button of the modal dialog and wait until the dialog is gone."""
        button = self._dialog.locator(".monaco-button", has_text=text).first
        button.click()
        button.wait_for(state="detached")

    def trust(self) -> None:
        """Answer the question whether the folder is trusted with yes."""
        self.dialog_button("Yes, I trust the authors")

    # --- status bar, views, webviews

    def status_item(self, text: str) -> Locator:
        """Wait for an entry of the status bar that contains a text."""
        found = self.page.locator(".statusbar-item", has_text=text).first
        found.wait_for()
        return found

    def status_text(self, entry_id_prefix: str) -> str:
        """Return what the entry of the status bar says whose id starts so; the id starts with the extension's."""
        return self.page.locator(f'.statusbar-item[id^="{entry_id_prefix}"]').first.inner_text().strip()

    def click_status(self, text: str) -> None:
        """Click the entry of the status bar that contains a text."""
        self.status_item(text).locator("a").first.click()

    def tree_rows(self, view: str) -> list[str]:
        """Return label and description of each row on screen of a tree view, whose container is open."""
        pane = self.page.locator(f".pane:has(.pane-header[aria-label^={json.dumps(view)}])")
        folded = pane.locator('.pane-header[aria-expanded="false"]')
        if folded.count():
            folded.click()
        rows = pane.locator(".monaco-list-row").all()
        return [" ".join(row.locator(".label-name, .label-description").all_inner_texts()) for row in rows]

    def webview(self, n: int = 0) -> FrameLocator:
        """Return the content of the nth webview, to locate in."""
        return self.page.locator("iframe.webview.ready").nth(n).content_frame.frame_locator("#active-frame")

    # --- how quick input is opened

    def _quick_input(self, key: str, text: str) -> None:
        self._press_until(key, self.input)
        # Keys typed at the page may land in the editor while the focus is still moving.
        self.input.fill(text, timeout=10_000)

    def _choose(self, key: str, text: str, row: Locator) -> None:
        """Open a quick pick and click a row, once more where it closed before the click."""
        for last in (False, False, True):
            try:
                self._quick_input(key, text)
                row.click(timeout=10_000)
            except NotInTime:
                if last:
                    raise
                self.keyboard("Escape")
            else:
                return

    def _press_until(self, key: str, shown: Locator) -> None:
        for last in (*[False] * 9, True):
            self.keyboard(key)
            try:
                shown.wait_for(timeout=5_000)
            except NotInTime:
                if last:
                    raise
                # A menu that is open closes quick input as soon as that opens.
                self.keyboard("Escape")
            else:
                return

    def _is_prompting(self) -> bool:
        rows = self.page.locator(".terminal-wrapper.active .xterm-rows > div").all_text_contents()
        lines = [row.replace("\u00a0", " ").strip() for row in rows]
        return PROMPT.search(next((line for line in reversed(lines) if line), "")) is not None

    def _loaded(self) -> None:
        self.page.locator(".monaco-workbench .part.statusbar .statusbar-item").first.wait_for(timeout=60_000)

    def _log(self, message: ConsoleMessage) -> None:
        with (self.server.run / "console.log").open("a") as log:
            log.write(f"{message.type}: {message.text}\n")
