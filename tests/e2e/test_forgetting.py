"""Forgetting and going off the record, through a real sidecar and a real collector: no byte is left on either side."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

from collector import Collector, enrol
from lsp import LanguageClient, RequestFailed
from patchtrail.integrity.verify import verify_trace
from patchtrail.trace import read_bundle, replay
from tests.e2e.conftest import PATCHTRAIL

CANARY = "canary-5b1f0c8e7d"
MAGIC = b"\x28\xb5\x2f\xfd"


class Desk:
    """Somebody at an editor, whose spool and whose collector can be looked into."""

    def __init__(self, collector: Collector, repository: Path, folder: Path) -> None:
        self.collector, self.repository, self.folder = collector, repository, folder
        self.key_line = enrol(collector.url, collector.invite())
        self.trace_id: str | None = None
        self.client = self.started()

    @property
    def file(self) -> Path:
        """The file that is edited."""
        return self.repository / "shop.py"

    @property
    def trace(self) -> Path:
        """The trace's folder in the spool."""
        return self.folder / "spool" / str(self.trace_id)

    def started(self, hold_seconds: int = 0) -> LanguageClient:
        """Start a sidecar and the session, or go on with it."""
        command = [*PATCHTRAIL, "serve", "--key-stdin", "--spool", str(self.folder / "spool")]
        self.client = LanguageClient(command, self.key_line)
        settings = {"folders_allowed": [str(self.repository)], "upload_hold_seconds": hold_seconds}
        self.client.initialize(self.repository, {"settings": settings})
        self.facts()
        start = {"root_uri": self.repository.as_uri(), "task_id": "FORGET", "trace_id": self.trace_id}
        self.trace_id = self.client.request("patchtrail/session/start", start)["trace_id"]
        self.client.open(self.file)
        return self.client

    def facts(self, **changes: object) -> None:
        """Report the facts that the gate decides from."""
        consent = self.client.request("patchtrail/consent/read")["consent"]
        facts = {"is_telemetry_enabled": True, "is_workspace_trusted": True, "consent": consent, **changes}
        self.client.request("patchtrail/facts/report", facts)

    def restart(self) -> None:
        """Kill the sidecar and start another."""
        self.client.kill()
        self.started()

    def save(self, text: str) -> None:
        """Save the file; when this returns it is recorded."""
        self.client.edit_and_save(self.file, text)
        self.client.request("patchtrail/session/status")

    def act(self, token: str) -> None:
        """Have a token in everything that can hold one: a save, an output kept as an artifact, a draft, a note."""
        self.save(f"# {token}\n")
        report = {"command_line": "make", "confidence": "high", "cwd": str(self.repository), "exit_code": 0}
        output = f"{token}\n" + "line\n" * 3_000
        self.client.request("patchtrail/command/report", {**report, "duration_ms": 1, "output": output})
        draft = {"draft_id": "draft-of-canary", "kind": "plan", "text": f"about {token}"}
        self.client.request("patchtrail/note/draft", draft)

    def note(self, text: str) -> None:
        """Write a note, which seals a chunk."""
        self.client.request("patchtrail/note/add", {"kind": "observation", "text": text})

    def state(self) -> dict[str, Any]:
        """Return the session's state."""
        return dict(self.client.request("patchtrail/session/status"))

    def delivered(self) -> None:
        """Wait until nothing sealed and no request waits."""
        until(lambda: not self.state()["pending_chunks"] and not self.state()["deletions"])

    def end(self) -> dict[str, Any]:
        """End the session, wait until it is whole at the collector, and return its document."""
        self.client.request("patchtrail/session/end")
        until(lambda: not self.state()["undelivered"])
        return dict(self.collector.get(f"/v1/traces/{self.trace_id}"))

    def bundle(self) -> Path:
        """Export the trace."""
        target = self.folder / "trace.zip"
        command = [*PATCHTRAIL, "trace", "export", str(self.trace_id), "-o", str(target)]
        options = ["--collector", self.collector.url, "--token", self.collector.token]
        subprocess.run([*command, *options], check=True, capture_output=True)
        return target


@pytest.fixture
def desk(collector: Collector, repository: Path, tmp_path: Path) -> Iterator[Desk]:
    """Sit somebody down."""
    desk = Desk(collector, repository, tmp_path)
    yield desk
    with contextlib.suppress(Exception):
        desk.client.kill()


def until(is_true: Callable[[], object], timeout_s: float = 120) -> None:
    """Wait until something is so."""
    ends = time.monotonic() + timeout_s
    while not is_true():
        assert time.monotonic() < ends, "it never came to be"
        time.sleep(0.05)


def holders(token: str, *folders: Path) -> list[str]:
    """Return the files that hold a token, plain or inside of any zstd frame in them."""
    return [path.name for folder in folders for path in folder.rglob("*") if path.is_file() and holds(path, token)]


def holds(path: Path, token: str) -> bool:
    """Return whether a file holds a token, in whatever clothes."""
    content = path.read_bytes()
    return token.encode() in content or any(token.encode() in frame for frame in frames(content))


def frames(content: bytes) -> Iterator[bytes]:
    """Yield what the zstd frames in some bytes decompress to, as far as they do."""
    at = content.find(MAGIC)
    while at >= 0:
        reader, frame = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content[at:])), b""
        with contextlib.suppress(zstandard.ZstdError):
            while piece := reader.read(4096):
                frame += piece
        yield frame
        at = content.find(MAGIC, at + 1)


def check_forgotten(desk: Desk, document: dict[str, Any]) -> None:
    """Compare what both sides hold with what was promised: no canary, a declared gap, L3, a bundle that verifies."""
    evidence = read_bundle(desk.bundle().read_bytes())
    verdict = verify_trace(evidence, pinned_jkt=json.loads(desk.key_line).get("server_jkt"))

    assert holders(CANARY, desk.folder / "spool", desk.collector.data_dir) == []
    assert not holds(desk.folder / "trace.zip", CANARY)
    assert [one["reason"] for one in document["coverage"]["gaps"] if one["reason"] == "forgotten"] == ["forgotten"]
    assert document["integrity"]["assurance"]["level"] == "L3", document["integrity"]["assurance"]
    assert verdict.errors == []
    assert (
        replay((one.event for one in verdict.events), start_text=lambda _: None, artifacts=evidence.artifacts).errors
        == []
    )


def test_what_was_sent_and_then_forgotten_is_in_no_byte(desk: Desk) -> None:
    """A canary that was typed, saved, sent and forgotten is gone on both sides, and the trace is L3 with the gap."""
    desk.act(CANARY)
    desk.note(f"It has to do with {CANARY}.")
    desk.delivered()
    sent = holders(CANARY, desk.collector.data_dir)
    kept = holders(CANARY, desk.folder / "spool")
    told = desk.client.request("patchtrail/session/forget", {"minutes": 1})
    entries = desk.client.request("patchtrail/session/entries")
    desk.delivered()
    desk.save("def total(x):\n    return 2 * x\n")
    desk.save("def total(x):\n    return 3 * x\n")
    document = desk.end()

    assert "collector.db" in sent or "collector.db-wal" in sent
    assert kept != []
    assert told["chunks_asked"] == 1
    assert told["events"] > 3
    assert CANARY not in json.dumps(entries)
    assert entries["generation"] == 1
    assert len(list(desk.trace.glob("*.forgotten"))) == 1
    assert document["integrity"]["forgotten_chunks"] == [0]
    check_forgotten(desk, document)


def test_what_was_not_sent_yet_is_rewritten(desk: Desk) -> None:
    """Chunks that never began to leave are rewritten: the collector hears nothing of them but the gap."""
    desk.client.kill()
    desk.trace_id = None
    desk.started(hold_seconds=240)
    desk.act(CANARY)
    desk.note(f"It has to do with {CANARY}.")
    told = desk.client.request("patchtrail/session/forget", {"minutes": 1})
    left = holders(CANARY, desk.folder / "spool")
    desk.save("def total(x):\n    return 2 * x\n")
    document = desk.end()

    assert (told["chunks_rewritten"], told["chunks_asked"]) == (1, 0)
    assert left == []
    assert [event["type"] for event in document["events"]][:2] == ["session_start", "gap"]
    assert document["integrity"]["forgotten_chunks"] == []
    check_forgotten(desk, document)


def test_a_request_waits_until_the_collector_is_there(desk: Desk, repository: Path) -> None:
    """Asked while the collector is down, and the sidecar killed, a deletion goes out before anything else is sent.

    What was sealed meanwhile never began to leave, since the collector's log is asked for first: it is rewritten.
    """
    desk.act(CANARY)
    desk.note("First.")
    desk.delivered()
    desk.collector.stop()
    desk.note(f"This one waits: {CANARY}.")
    told = desk.client.request("patchtrail/session/forget", {"minutes": 1})
    desk.restart()
    waiting = desk.state()["deletions"]
    left = holders(CANARY, desk.folder / "spool")
    desk.collector = Collector(PATCHTRAIL, desk.collector.data_dir)
    line = {**json.loads(desk.key_line), "collector_url": desk.collector.url}
    desk.key_line = json.dumps(line)
    try:
        desk.restart()
        desk.delivered()
        document = desk.end()
        assert (told["chunks_asked"], told["chunks_rewritten"]) == (1, 1)
        assert waiting == 1
        assert left == []
        assert document["integrity"]["forgotten_chunks"] == [0]
        check_forgotten(desk, document)
    finally:
        desk.collector.stop()


def test_off_the_record_nothing_is_captured_and_it_ends_by_itself(desk: Desk) -> None:
    """It outlives a killed sidecar, captures and sends nothing, and goes on when its time is over, not before.

    What was typed meanwhile stays out of the base of the next edit, once it is no longer in the file.
    """
    desk.save("def total(x):\n    return 1 * x\n")
    desk.client.request("patchtrail/session/offRecord", {"minutes": 10})
    off = desk.state()
    desk.save(f"# {CANARY}\n")
    with pytest.raises(RequestFailed):
        desk.client.request("patchtrail/session/pause")
    desk.restart()
    restarted = desk.state()
    desk.save(f"# {CANARY} once more\n")
    refused = desk.client.request("patchtrail/note/add", {"kind": "plan", "text": CANARY})
    desk.facts(is_workspace_trusted=False)
    closed = desk.state()["state"]
    desk.facts()
    still = desk.state()
    desk.client.kill()
    kept = desk.trace / "off_record.json"
    kept.write_text(json.dumps({**json.loads(kept.read_text()), "until_boot_ms": 0}))
    desk.started()
    over = desk.state()
    desk.save("def total(x):\n    return 2 * x\n")
    desk.save("def total(x):\n    return 3 * x\n")
    document = desk.end()
    edits = [event for event in document["events"] if event["type"] == "file_edit"]
    types = [event["type"] for event in document["events"] if event["type"] in ("pause", "resume")]

    assert (off["state"], off["off_record_until_ms"] is not None) == ("paused", True)
    assert (restarted["state"], restarted["reasons"]) == ("paused", ["Off the record."])
    assert (refused["is_recorded"], closed, still["state"], over["state"]) == (False, "paused", "paused", "recording")
    assert types == ["pause", "pause", "resume"]
    assert [bool(edit["base_artifact"]) for edit in edits] == [False, True, False]
    assert holders(CANARY, desk.folder / "spool", desk.collector.data_dir) == []
    assert "off_record" in {gap["reason"] for gap in document["coverage"]["gaps"]}
    assert document["integrity"]["assurance"]["level"] == "L3", document["integrity"]["assurance"]


def test_it_can_be_ended_early_and_the_session_can_end_meanwhile(desk: Desk) -> None:
    """Resuming ends the time off the record for good; ending the session during it delivers what was before."""
    desk.client.request("patchtrail/session/offRecord", {"minutes": 5})
    desk.client.request("patchtrail/session/resume")
    early = desk.state()
    kept = desk.trace / "off_record.json"
    was_kept = kept.exists()
    desk.note("On the record.")
    desk.client.request("patchtrail/session/offRecord", {"minutes": 5})
    shown = desk.client.request("patchtrail/pending/read")
    document = desk.end()

    assert (early["state"], was_kept) == ("recording", False)
    assert shown["reasons"] == ["Off the record."]
    assert shown["total"] >= 1
    assert document["integrity"]["assurance"]["level"] == "L3", document["integrity"]["assurance"]
    assert document["events"][-1]["coverage"] == document["coverage"]
