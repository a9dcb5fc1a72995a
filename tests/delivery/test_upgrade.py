"""Upgrades with a full spool: what an earlier version left, killed at work, is carried by this one, whole."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from patchtrail.contract.events import ConsentRef, SessionEnd
from patchtrail.contract.lsp import DeviceKey
from patchtrail.delivery import TraceSpool
from patchtrail.delivery.recovery import last_event
from tests.delivery.fakes import RunningCollector, running_collector
from tests.delivery.test_courier import Carrier

OLD = sorted((Path(__file__).parent / "old_spools").glob("*.zip"))


class Upgraded(Carrier):
    """This version, started on what an earlier one left."""

    def __init__(self, folder: Path, collector: RunningCollector) -> None:
        left = DeviceKey.model_validate_json((folder / "device.json").read_bytes())
        super().__init__(folder / "spool", left.model_copy(update={"collector_url": collector.url}))
        self.device.remember_in(folder / "spool")
        self.store.adopt()

    def kept(self) -> dict[str, bytes]:
        """Return everything that was recorded and is still here, by name."""
        found = sorted(path for path in self.folder.glob("trace-*/**/*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in found}


def consent_of(folder: Path) -> ConsentRef:
    """Return the consent that the old sessions were recorded under."""
    segments = (folder / "spool").glob("trace-*/000000.seg")
    start = json.loads(next(segments).read_bytes().split(b"\n")[0])
    return ConsentRef.model_validate(start["data"]["consent"])


@pytest.fixture(params=OLD, ids=lambda path: path.stem)
def left(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Lay down what an earlier version left: its spool, and its collector's data."""
    with zipfile.ZipFile(request.param) as archive:
        archive.extractall(tmp_path)
    return tmp_path


def go_on(trace: TraceSpool) -> None:
    """Go on with an unfinished trace, and end it."""
    trace.resume()
    trace.append(SessionEnd(reason="participant"))


def test_28_an_upgrade_with_a_full_spool(left: Path) -> None:
    """What waits in an earlier version's spool goes on, active segments included, and arrives whole at its collector.

    What had been receipted stays; what is recorded afterwards joins the same chain, with the gap declared.
    """
    with running_collector(left / "collector", consent=consent_of(left)) as collector:
        carrier = Upgraded(left, collector)
        assert carrier.store.damaged == []
        traces = {trace.trace_id: trace for trace in carrier.store.owned()}
        recorded = {name: trace.next_seq for name, trace in traces.items()}
        unfinished = [trace for trace in traces.values() if not trace.is_ended]
        assert sorted(trace.opening.kind for trace in traces.values()) == [
            *("local", "offline_open", "offline_open", "online")
        ]
        for trace in unfinished:
            go_on(trace)
        for _ in range(4):
            carrier.look()
        kept = sorted(trace.opening.kind for trace in carrier.store.owned())
        documents = {
            name: collector.read(f"/v1/traces/{name}").json()
            for name, trace in traces.items()
            if trace.opening.kind != "local"
        }
        carrier.close()

    assert kept == ["local"]
    for name, document in documents.items():
        more = ["gap", "recovered", "session_end"] if traces[name] in unfinished else []
        told = [event["type"] for event in document["events"]]
        assert [event["seq"] for event in document["events"]] == list(range(recorded[name] + len(more)))
        assert told[recorded[name] :] == more
        assert told[-1] == "session_end"
        assert document["integrity"]["assurance"]["level"] in ("L1", "L2", "L3"), document["integrity"]["assurance"]


def test_28_a_local_trace_goes_on(left: Path) -> None:
    """An unsigned trace of an earlier version can be gone on with, and is never sent."""
    with running_collector(left / "collector", consent=consent_of(left)) as collector:
        carrier = Upgraded(left, collector)
        (trace,) = (one for one in carrier.store.owned() if one.opening.kind == "local")
        before = trace.next_seq
        go_on(trace)
        carrier.look()
        carrier.close()

    assert trace.next_seq == before + 3
    assert last_event(trace.folder.segment(trace.folder.numbers(".seg")[-1]).read_bytes())["type"] == "session_end"
    assert trace.folder.numbers(".env") == []


def test_28_a_consent_that_is_no_longer_in_force(left: Path) -> None:
    """Offline sessions under an earlier consent text are refused by a collector with a later one: kept, and told.

    What the collector had let in before is carried to its end.
    """
    with running_collector(left / "collector", consent=ConsentRef(version="99", sha256="0" * 64)) as collector:
        carrier = Upgraded(left, collector)
        before = carrier.kept()
        for trace in carrier.store.owned():
            if trace.opening.kind == "online":
                go_on(trace)
        for _ in range(3):
            carrier.look()
        kinds = sorted(trace.opening.kind for trace in carrier.store.owned())
        notices, after = carrier.courier.notices(), carrier.kept()
        carrier.close()

    assert kinds == ["local", "offline_open", "offline_open"]
    assert len([notice for notice in notices if "consent_missing" in notice]) == 2, notices
    waiting = {
        name: content for name, content in before.items() if name.endswith(".seg") and after.get(name) == content
    }
    assert len(waiting) == 4
