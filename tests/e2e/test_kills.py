"""SIGKILL the sidecar at random moments: what it acknowledged is at the collector, once."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from collector import Collector, enrol
from lsp import LanguageClient
from tests.e2e.conftest import PATCHTRAIL

SESSIONS = int(os.environ.get("PATCHTRAIL_SOAK_SESSIONS", "5"))
KILLS_PER_SESSION = 10
PATIENCE_S = 120
"""A busy machine answers late; a sidecar that was killed ends the wait by itself."""


class Driver:
    """Acts in a session, and writes down durably what was acknowledged."""

    def __init__(self, repository: Path, key_line: str, folder: Path, seed: int) -> None:
        self.repository, self.key_line, self.spool = repository, key_line, folder / "spool"
        self.log = folder / f"acknowledged-{seed}.log"
        self.dice = random.Random(seed)
        self.trace_id: str | None = None
        self.acts = 0

    def run_until_killed(self, *, is_starting: bool = False) -> None:
        """Start a sidecar and act until it is killed at a random moment, of the recording or of its start."""
        client = self.client()
        delay_s = self.dice.uniform(0.0, 0.7 if is_starting else 0.5)
        killer = threading.Timer(delay_s, client.kill)
        try:
            if is_starting:
                killer.start()
            self.open_session(client)
            if not is_starting:
                killer.start()
            while True:
                self.act(client)
        except (OSError, ValueError):
            killer.join()

    def finish(self) -> str:
        """Go on once more, end the session, and wait until it is delivered."""
        client = self.client()
        self.open_session(client)
        self.act(client)
        client.request("patchtrail/session/end")
        for _ in range(4 * 1200):
            state = client.request("patchtrail/session/status")
            if not state["undelivered"]:
                break
            time.sleep(0.05)
        assert state["undelivered"] == [], state
        client.stop()
        assert self.trace_id is not None
        return self.trace_id

    def client(self) -> LanguageClient:
        """Start a sidecar."""
        return LanguageClient([*PATCHTRAIL, "serve", "--key-stdin", "--spool", str(self.spool)], self.key_line)

    def open_session(self, client: LanguageClient) -> None:
        """Start the session, or go on with it."""
        settings = {"folders_allowed": [str(self.repository)], "upload_hold_seconds": 0}
        client.initialize(self.repository, {"settings": settings})
        consent = client.request("patchtrail/consent/read", timeout_s=PATIENCE_S)["consent"]
        facts = {"is_telemetry_enabled": True, "is_workspace_trusted": True, "consent": consent}
        client.request("patchtrail/facts/report", facts, timeout_s=PATIENCE_S)
        start = {"root_uri": self.repository.as_uri(), "task_id": "KILL", "trace_id": self.trace_id}
        self.trace_id = client.request("patchtrail/session/start", start, timeout_s=PATIENCE_S)["trace_id"]
        client.open(self.repository / "shop.py")

    def act(self, client: LanguageClient) -> None:
        """Do something, and log it once it is acknowledged."""
        self.acts += 1
        token = f"act-{self.acts}-{self.dice.getrandbits(64):016x}"
        act = self.dice.choice((self.note, self.command, self.edit))
        act(client, token)
        with self.log.open("a") as log:
            log.write(f"{token}\n")
            log.flush()
            os.fsync(log.fileno())

    def note(self, client: LanguageClient, token: str) -> None:
        """Write a note, which seals a chunk."""
        client.request("patchtrail/note/add", {"kind": "observation", "text": token}, timeout_s=PATIENCE_S)

    def command(self, client: LanguageClient, token: str) -> None:
        """Report a command, sometimes with an output that becomes an artifact."""
        report = {"command_line": token, "confidence": "high", "cwd": str(self.repository), "exit_code": 0}
        output = "line\n" * self.dice.choice((1, 3000))
        client.request(
            "patchtrail/command/report", {**report, "duration_ms": 1, "output": output}, timeout_s=PATIENCE_S
        )

    def edit(self, client: LanguageClient, token: str) -> None:
        """Save a file; the next answer says that it is recorded."""
        client.edit_and_save(self.repository / "shop.py", f"# {token}\n")
        client.request("patchtrail/session/status", timeout_s=PATIENCE_S)


@pytest.mark.timeout(1200)
def test_fifty_kills_lose_nothing_and_double_nothing(collector: Collector, repository: Path, tmp_path: Path) -> None:
    """P1: no event whose append returned is missing at the collector after 50 SIGKILLs, and none is there twice.

    Besides, the sidecar is killed 20 times while it starts and recovers.
    """
    key_line = enrol(collector.url, collector.invite())
    acknowledged_in_all = 0
    for seed in range(SESSIONS):
        driver = Driver(repository, key_line, tmp_path, seed)
        for number in range(KILLS_PER_SESSION):
            driver.run_until_killed()
            if number % 3 == 0:
                driver.run_until_killed(is_starting=True)
        acknowledged_in_all += check(collector, driver)

    # With nothing acknowledged nothing would be proved; how much it is depends on how busy the machine is.
    assert acknowledged_in_all > 5 * SESSIONS


def check(collector: Collector, driver: Driver) -> int:
    """Compare the driver's own log with what the collector holds; return how much was acknowledged."""
    document = collector.get(f"/v1/traces/{driver.finish()}")
    acknowledged = driver.log.read_text().split()
    held = Counter(token for event in document["events"] for token in tokens_of(event))

    assert [event["seq"] for event in document["events"]] == list(range(len(document["events"])))
    assert [token for token in acknowledged if held[token] != 1] == []
    assert [token for token, times in held.items() if times > 1] == []
    assert document["integrity"]["assurance"]["level"] == "L3", document["integrity"]["assurance"]
    return len(acknowledged)


def tokens_of(event: dict) -> list[str]:
    """Return the tokens of acts that an event records."""
    if event["type"] == "file_edit":
        added = [line for line in event["diff_unified"].split("\n") if line.startswith("+# act-")]
        return [line.removeprefix("+# ") for line in added]
    told = event.get("text") or event.get("command_line") or ""
    return [told] if told.startswith("act-") else []


def test_the_log_is_plain_json(tmp_path: Path) -> None:
    """Tokens are found where an event records them, and nowhere else."""
    edit = {"type": "file_edit", "diff_unified": "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-# act-1-a\n+# act-2-b\n"}

    assert tokens_of(edit) == ["act-2-b"]
    assert tokens_of(json.loads('{"type": "rationale_note", "text": "act-3-c"}')) == ["act-3-c"]
    assert tokens_of({"type": "gap"}) == []
