"""The real spool and courier over a disk and a collector in memory, and what must hold of them whatever happens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random

from patchtrail.contract.collection import TraceRequest
from patchtrail.contract.errors import SpoolUnavailable
from patchtrail.contract.event_lines import EventData
from patchtrail.contract.events import ClockStep, CmdRun, RationaleNote, SessionEnd
from patchtrail.contract.evidence import OPENING_TYPE, Envelope, Opening
from patchtrail.delivery import Courier, NewTrace, SpoolStore, TraceSpool
from patchtrail.integrity import digest, dsse, opening
from patchtrail.integrity.keys import SigningKey
from tests.delivery.crash_disk import CrashDisk, PowerCut
from tests.delivery.fakes import ManualClock
from tests.delivery.starts import TASK, start_of
from tests.delivery.strict_collector import LoopbackDevice, StrictCollector

__all__ = ["Desk", "PowerCut", "fact", "note"]

ROOT = Path("/spool")
DURABLE = (RationaleNote, SessionEnd)


@dataclass
class Returned:
    """An event whose append returned, and whether it must survive a power cut too."""

    token: str
    is_safe: bool


class Rules:
    """The gate is open, and nothing is held."""

    def may_send(self) -> bool:
        """Allow."""
        return True

    def hold_ms(self) -> int:
        """Hold nothing."""
        return 0


class Desk:
    """One device at work."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.key = SigningKey(bytes(range(32)))
        self.collector = StrictCollector(self.key.public)
        self.disk = CrashDisk(ROOT, on_unlink=self._check_unlink)
        self.returned: dict[str, list[Returned]] = {}
        self.ended: set[str] = set()
        self.tokens = self.opened = 0
        self.start()

    # What happens.

    def start(self) -> None:
        """Start a sidecar on what is there."""
        device = LoopbackDevice(self.collector, self.key)
        self.store = SpoolStore(ROOT, self.clock, self.key, disk=self.disk)
        self.courier = Courier(self.store, device, self.clock, Rules(), lambda: None)
        self.store.adopt()

    def open(self) -> TraceSpool | None:
        """Open a trace; none when the disk refuses."""
        try:
            new = self._offline()
            trace = self.store.create(new, "/w", b"k" * 32)
        except SpoolUnavailable:
            return None
        self.returned[trace.trace_id] = []
        start = start_of("offline_open")
        try:
            trace.append(start)
        except SpoolUnavailable:
            return None
        return trace

    def _offline(self) -> NewTrace:
        """Open offline as the product does, but with ids that are the same in every run."""
        self.opened += 1
        told = TASK.model_dump(exclude={"consent"})
        statement = Opening(
            v=1,
            kind="offline_open",
            trace_id=f"trace-{self.opened:032x}",
            participant_id="p-1",
            **told,
            consent=TASK.consent,
            newest_receipt=None,
            jkt=self.key.jkt,
            nonce=f"{self.opened:064x}",
            made_ms=0,
        )
        proof = Envelope.model_validate_json(dsse.seal(statement, OPENING_TYPE, self.key))
        request = TraceRequest(participant_id="p-1", **told, proof=proof)
        genesis = digest.genesis(opening.open_opening(proof, self.key.public).payload)
        return NewTrace(str(statement.trace_id), "offline_open", genesis, request, None, None)

    def going(self) -> list[TraceSpool]:
        """Return the traces that have begun and can go on."""
        return [trace for trace in self.store.resumable() if trace.next_seq > 0]

    def append(self, trace: TraceSpool, data: EventData, token: str) -> bool:
        """Append an event, and remember it if its append returned."""
        try:
            trace.append(data)
        except SpoolUnavailable:
            return False
        kept = self.returned[trace.trace_id]
        kept.append(Returned(token, is_safe=False))
        if isinstance(data, DURABLE):
            for one in kept:
                one.is_safe = True
        if isinstance(data, SessionEnd):
            self.ended.add(trace.trace_id)
        return True

    def token(self) -> str:
        """Draw a token that no other event has."""
        self.tokens += 1
        return f"act-{self.tokens}"

    def blob(self, trace: TraceSpool) -> bool:
        """Append a command whose output is an artifact."""
        token = self.token()
        try:
            ref = trace.store(b"output of " + token.encode(), "text/plain")
        except SpoolUnavailable:
            return False
        command = CmdRun(
            command_line=token,
            confidence="high",
            cwd="/w",
            exit_code=0,
            duration_ms=1,
            output_tail="",
            output_size_bytes=1,
            output_artifact=ref,
        )
        return self.append(trace, command, token)

    def tend(self) -> None:
        """Sync and seal; what was appended before is safe from power cuts, unless the disk failed."""
        faults = self.disk.faults
        self.courier.tend()
        if self.disk.faults == faults:
            for kept in self.returned.values():
                for one in kept:
                    one.is_safe = True

    def kill(self) -> None:
        """SIGKILL, and another sidecar."""
        self.disk.kill()
        self._restart()

    def cut_power(self, dice: Random) -> None:
        """Cut the power, boot, and start another sidecar."""
        self.disk.cut_power(dice)
        self.clock.reboot()
        for trace_id, kept in self.returned.items():
            there = self._tokens_of(trace_id)
            self.returned[trace_id] = [one for one in kept if one.is_safe or one.token in there]
        self._restart()

    def _restart(self) -> None:
        """Start, twice: recovering again changes nothing."""
        self.start()
        faults, before = self.disk.faults, self.disk.files()
        if self.disk.fault(0, "probe", ROOT) is None and not faults:
            self.disk.kill()
            self.start()

            assert self.disk.files() == before, "I5: recovery is idempotent"
        for trace in self.going():
            try:
                trace.resume()
            except SpoolUnavailable:
                continue

    # What must hold.

    def check(self) -> None:
        """Compare what was promised with what is there."""
        assert self.collector.refusals == [], "the client made something that the collector refuses"
        self._check_receipts()
        for trace_id, kept in self.returned.items():
            there = self._tokens_of(trace_id)
            missing = [one.token for one in kept if one.token not in there]

            assert missing == [], f"I3: {trace_id}"
            assert len(set(there)) == len(there), "P5: nothing is recorded twice"

    def _check_receipts(self) -> None:
        for name, content in self.disk.files().items():
            if name.endswith(".rcpt") and "/trace-" in name:
                trace = self.collector.traces[Path(name).parent.name]
                n = int(Path(name).stem)

                assert n < len(trace.chunk_ids), "I1: what is receipted is at the collector"
                assert trace.receipts[n] in content

    def _check_unlink(self, path: Path) -> None:
        if path.suffix in (".seg", ".env"):
            assert self.disk.is_durable(path.with_suffix(".rcpt")), f"I4: {path.name} goes without a receipt"

    def _tokens_of(self, trace_id: str) -> list[str]:
        """Return the tokens of a trace in order: the collector's, then those that are only here."""
        remote = self.collector.traces.get(trace_id)
        told = [] if remote is None else [held.event.model_dump(mode="json") for held in remote.events]
        next_n = 0 if remote is None else remote.tip.next_n
        files = self.disk.files()
        folder = ROOT / trace_id
        for name in sorted(one for one in files if Path(one).parent == folder):
            if name.endswith(".seg") and int(Path(name).stem) >= next_n:
                told.extend(json.loads(line) for line in files[name].split(b"\n")[:-1])
        told.extend(_lines(files.get(str(folder / "active.jsonl"), b""), len(told)))
        return [token for event in told if (token := _token(event)) is not None]

    # The end of every story.

    def deliver_everything(self) -> None:
        """With a sound disk and a sound wire, everything arrives."""
        self.disk.fault = lambda _number, _operation, _path: None
        self.disk.free_bytes = 100 * 1024**3
        self.collector.wire = lambda work: work()
        self.store.adopt()
        for trace in self.going():
            self.append(trace, SessionEnd(reason="participant"), "end")
        for _ in range(60):
            self.clock.advance(3_700_000)
            self.tend()
            self.courier.look()
            if not [trace for trace in self.store.owned() if trace.next_seq > 0]:
                break
        self.check()
        for trace_id in self.ended:
            remote = self.collector.traces.get(trace_id)

            assert remote is not None, self.told_of(trace_id)
            assert remote.is_complete, self.told_of(trace_id)
        for trace_id, kept in self.returned.items():
            if trace_id in self.collector.traces:
                events = self.collector.traces[trace_id].events
                there = [_token(held.event.model_dump(mode="json")) for held in events]
                promised = [one.token for one in kept if one.token != "end"]

                assert [token for token in there if token in promised] == promised, "P4: in order, each once"

    def told_of(self, trace_id: str) -> str:
        """Return everything that explains why a trace is still here."""
        names = [name for name in self.disk.files() if trace_id in name]
        owned = [trace.trace_id for trace in self.store.owned()]
        return f"{trace_id}: {self.courier.notices()} {self.store.damaged} owned {owned} {names}"


def note(token: str) -> RationaleNote:
    """Return an event that closes a chunk and is durable at once."""
    return RationaleNote(kind="plan", text=token, confidence=None, links=[])


def fact(token: str) -> ClockStep:
    """Return an event that closes nothing."""
    return ClockStep(delta_ms=int(token.removeprefix("act-")))


def _token(event: dict) -> str | None:
    data = event["data"]
    match event["type"]:
        case "rationale_note":
            return str(data["text"])
        case "cmd_run":
            return str(data["command_line"])
        case "clock_step":
            return f"act-{data['delta_ms']}"
        case "session_end":
            return "end"
    return None


def _lines(content: bytes, seq: int) -> list[dict]:
    """Return the whole event lines of an active segment that go on from `seq`."""
    found = list[dict]()
    for line in content.split(b"\n")[:-1]:
        try:
            event = json.loads(line)
        except ValueError:
            break
        if event["seq"] >= seq:
            found.append(event)
    return found
