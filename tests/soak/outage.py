"""Thirty days offline, then everything at once: builds a spool, or drains one and says what it cost.

::

    python -m tests.soak.outage build SPOOL KEY_FILE MEGABYTES
    python -m tests.soak.outage drain SPOOL KEY_FILE
"""

from __future__ import annotations

import json
import resource
import secrets
import sys
import time
from pathlib import Path

from patchtrail.contract.events import CmdRun, SessionEnd, SessionStart
from patchtrail.contract.lsp import DeviceKey
from patchtrail.delivery import Courier, Device, SpoolStore, TaskFacts, open_offline
from patchtrail.study import current_consent
from tests.delivery.fakes import ManualClock

DAYS = 30
EVENT_BYTES = 60_000
TASK = TaskFacts(task_id="T", task_title="t", repo_origin="", start_commit="a" * 40, consent=current_consent())


class Rules:
    """The gate is open, and nothing is held."""

    def may_send(self) -> bool:
        """Allow."""
        return True

    def hold_ms(self) -> int:
        """Hold nothing."""
        return 0


def build(spool: Path, device: Device, megabytes: int) -> dict[str, int]:
    """Record a session a day."""
    clock = ManualClock()
    clock.now_ms = time.time_ns() // 1_000_000 - DAYS * 86_400_000
    store = SpoolStore(spool, clock, device.key)
    per_day = max(1, megabytes * 1_000_000 // DAYS // EVENT_BYTES)
    for _ in range(DAYS):
        new = open_offline(device, TASK, newest_receipt=store.newest_receipt(), made_ms=clock.now_ms)
        trace = store.create(new, "/w", b"k" * 32)
        facts = TASK.model_dump(exclude={"consent"})
        trace.append(
            SessionStart(
                kind="offline_open",
                participant_id=device.participant_id,
                task_description="",
                consent=TASK.consent,
                os="Linux",
                python_version="3.11",
                sidecar_version="0",
                client_name="soak",
                client_version="",
                **facts,
            )
        )
        for _ in range(per_day):
            trace.append(command())
        trace.append(SessionEnd(reason="participant"))
        clock.advance(86_400_000)
    store.close()
    return {"bytes": sum(path.stat().st_size for path in spool.rglob("*.seg"))}


def command() -> CmdRun:
    """Return a command with an output that hardly shrinks."""
    return CmdRun(
        command_line="make",
        confidence="high",
        cwd="/w",
        exit_code=0,
        duration_ms=1,
        output_tail=secrets.token_urlsafe(EVENT_BYTES * 3 // 4),
        output_size_bytes=EVENT_BYTES,
        output_artifact=None,
    )


def drain(spool: Path, device: Device) -> dict[str, int]:
    """Carry everything, half a simulated second after the other; return what it cost, and the busiest half second."""
    base_kib = peak_kib()
    started_s = time.monotonic()
    clock = ManualClock()
    clock.now_ms = time.time_ns() // 1_000_000
    store = SpoolStore(spool, clock, device.key)
    store.adopt()
    recovered_ms = round((time.monotonic() - started_s) * 1000)
    recovered_kib = peak_kib()
    courier = Courier(store, device, clock, Rules(), lambda: None)
    waiting, ticks, after_burst = courier.pending(), 0, 0
    while store.owned() and ticks < 100_000:
        courier.tend()
        courier.look()
        clock.advance(500)
        left = courier.pending()
        if ticks > 0:
            after_burst = max(after_burst, waiting - left)
        waiting, ticks = left, ticks + 1
    device.close()
    return {
        "left": len(store.owned()),
        "recovered_ms": recovered_ms,
        "recovery_kib": recovered_kib - base_kib,
        "drain_kib": peak_kib() - base_kib,
        "busiest_tick": after_burst,
    }


def peak_kib() -> int:
    """Return the most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    made = Device(DeviceKey.model_validate_json(Path(sys.argv[3]).read_bytes()))
    told = (
        build(Path(sys.argv[2]), made, int(sys.argv[4])) if sys.argv[1] == "build" else drain(Path(sys.argv[2]), made)
    )
    sys.stdout.write(json.dumps(told))
