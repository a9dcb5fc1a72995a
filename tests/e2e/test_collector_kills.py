"""SIGKILL the collector while it takes chunks in: what it receipted is there, and the rest is sent again."""

from __future__ import annotations

import os
import random
import threading
from pathlib import Path

import pytest

from collector import Collector, enrol
from patchtrail.contract.events import Heartbeat, SessionEnd
from patchtrail.contract.lsp import DeviceKey
from tests.delivery.test_courier import NOTE, Carrier
from tests.e2e.conftest import PATCHTRAIL

KILLS = int(os.environ.get("PATCHTRAIL_SOAK_COLLECTOR_KILLS", "8"))


@pytest.mark.timeout(3600)
def test_a_collector_that_is_killed_keeps_what_it_receipted(tmp_path: Path) -> None:
    """P3, P5: however often the collector dies in the middle of an ingest, each event is there once, and receipted."""
    dice = random.Random(11)
    collector = Collector(PATCHTRAIL, tmp_path / "collector")
    carrier = Carrier(
        tmp_path / "spool", DeviceKey.model_validate_json(enrol(collector.url, collector.invite()).encode())
    )
    trace = carrier.trace(is_offline=True)
    for _ in range(KILLS):
        for _ in range(30):
            trace.append(Heartbeat())
            trace.append(NOTE)
        killer = threading.Timer(dice.uniform(0.0, 0.6), collector._process.kill)
        killer.start()
        while killer.is_alive():
            carrier.look()
        killer.join()
        collector._process.wait(timeout=30)
        receipted = trace.folder.numbers(".rcpt")
        collector = Collector(PATCHTRAIL, tmp_path / "collector")
        carrier.device.transport._url = collector.url
        held = [one["chunks"] for one in collector.get("/v1/traces")["traces"]]

        assert len(receipted) <= sum(held)
    trace.append(SessionEnd(reason="participant"))
    for _ in range(60 + KILLS * 2):
        if trace.folder.complete.exists():
            break
        carrier.look()
    carrier.close()
    document = collector.get(f"/v1/traces/{trace.trace_id}")
    collector.stop()

    assert [event["seq"] for event in document["events"]] == list(range(KILLS * 60 + 2))
    assert document["integrity"]["assurance"]["level"] != "L0", document["integrity"]["assurance"]["reasons"]
