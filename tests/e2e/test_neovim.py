"""Another editor against the same sidecar: headless Neovim, with its own language client."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from patchtrail.trace import replay
from tests.e2e.desk import make_shop
from tests.editor.spooled import events_of

SCRIPT = Path(__file__).with_name("neovim.lua")


def test_a_session_from_neovim(tmp_path: Path) -> None:
    """Neovim's own saves become edits that replay to the bytes that it wrote, with a note and an end."""
    shop, spool = make_shop(tmp_path / "shop"), tmp_path / "spool"
    before = (shop / "prices.py").read_text()
    environment = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    environment |= {"HOME": str(tmp_path), "SHOP": str(shop), "SIDECAR_PYTHON": sys.executable}
    command = ["nvim", "--headless", "-u", "NONE", "-i", "NONE", "-n", "-c", f"luafile {SCRIPT}"]
    done = subprocess.run(
        command, env={**environment, "SIDECAR_SPOOL": str(spool)}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr

    events = events_of(spool, parsed=True)
    result = replay(events, start_text=lambda path: before if path == "prices.py" else None, artifacts={})
    # A machine that stands still for a moment has its clock corrected after it.
    assert [event.type for event in events if event.type != "clock_step"] == [
        *("session_start", "redactor", "file_edit", "rationale_note", "session_end"),
    ]
    assert (events[0].data.client_name, result.findings) == ("Neovim", [])
    assert result.texts["prices.py"].encode() == (shop / "prices.py").read_bytes() != before.encode()
