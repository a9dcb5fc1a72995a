"""A window that reloads, an editor that crashes and a sidecar that is killed lose nothing that was acknowledged."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import psutil

from collector import Collector
from tests.e2e.desk import at_desk, make_shop, traces
from tests.e2e.participant import Participant
from tests.e2e.rig import until
from tests.e2e.test_real_editor import complete, verified

KILLS = 20


def test_kills_reload_and_crash(tmp_path: Path, vsix: Path, collector: Collector) -> None:
    """Twenty killed sidecars, a reload and a killed extension host: one trace, each note once, every gap declared."""
    shop = make_shop(tmp_path / "shop")
    with at_desk(tmp_path, vsix, shop) as person:
        person.workbench.trust()
        person.connect(collector, collector.invite())
        person.consent()
        person.start("BUG-7: totals are one too large")
        for number in range(KILLS):
            kill_sidecar(person)
            person.wait_for("recovered", number + 1)
            acknowledged(person, number)
        person.workbench.reload()
        person.wait_for("recovered", KILLS + 1)
        acknowledged(person, KILLS)
        person.server.kill_extension_host()
        until("the sidecar of the dead host is gone", lambda: len(sidecars(person)) <= 1, 30)
        person.wait_for("recovered", KILLS + 2)
        acknowledged(person, KILLS + 1)
        person.end()
        trace_id = until("the trace is complete", lambda: complete(collector), 60)
        left = sidecars(person)

    trace = verified(collector, trace_id, shop, tmp_path)
    notes = Counter(note["text"] for note in trace.of_type("rationale_note"))
    assert notes == {f"note {number}": 1 for number in range(KILLS + 2)}
    edits = [edit for edit in trace.of_type("file_edit") if edit["file_path"] == "prices.py"]
    assert len(edits) == KILLS + 2
    assert len(trace.of_type("recovered")) == KILLS + 2
    assert {gap["reason"] for gap in trace.of_type("gap")} == {"restart"}
    assert len(traces(collector)) == 1
    assert len(left) == 1


def acknowledged(person: Participant, number: int) -> None:
    """Save and write a note; both are acknowledged when the note is on disk, because reports keep their order."""
    person.says("Recording")
    person.append("prices.py", f"# {number}\n")
    person.note("o", f"note {number}")
    until(f"note {number} is on disk", lambda: notes_on_disk(person, f"note {number}"), 40)


def notes_on_disk(person: Participant, text: str) -> bool:
    """Return whether a note is recorded or was delivered."""
    return any(event["data"]["text"] == text for event in person.events("rationale_note"))


def kill_sidecar(person: Participant) -> None:
    """Kill the sidecar, and wait until the next one is there."""
    (old,) = until("one sidecar", lambda: found if len(found := sidecars(person)) == 1 else [], 30)
    old.kill()
    until("another sidecar", lambda: [one for one in sidecars(person) if one.pid != old.pid], 30)


def sidecars(person: Participant) -> list[psutil.Process]:
    """Return the sidecars of this editor."""
    home = str(person.server.run)
    return [
        one
        for one in psutil.process_iter(["cmdline", "exe"])
        if "serve" in (words := one.info["cmdline"] or []) and any(home in word for word in words)
    ]
