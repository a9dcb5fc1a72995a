"""The system's Chromium, headless."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

from playwright.sync_api import BrowserContext, Playwright

from tests.e2e.rig.code_server import CodeServer

__all__ = ["open_browser"]

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    # Chromium's own sandbox refuses to start as root; the pages are the test's own.
    "--no-sandbox",
    # A container's /dev/shm may be too small.
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]


def open_browser(playwright: Playwright, server: CodeServer) -> BrowserContext:
    """Open a browser whose profile lies in the server's run folder, as a user's lies in the home: it is kept."""
    return playwright.chromium.launch_persistent_context(
        server.run / "browser",
        executable_path=_inside(server, _chromium()),
        headless=True,
        args=FLAGS,
        viewport={"width": 1400, "height": 900},
    )


def _chromium() -> str:
    found = next(filter(None, (shutil.which(name) for name in (os.environ.get("CHROMIUM", ""), *NAMES) if name)), None)
    if found is None:
        raise FileNotFoundError("apt-get install chromium")
    return found


def _inside(server: CodeServer, chromium: str) -> Path:
    """Wrap the browser where the server has a network of its own; Playwright takes one file and speaks over pipes."""
    if not server.inside():
        return Path(chromium)
    wrapper = server.run / "chromium.sh"
    wrapper.write_text(f'#!/bin/sh\nexec {shlex.join([*server.inside(), chromium])} "$@"\n')
    wrapper.chmod(0o755)
    return wrapper
