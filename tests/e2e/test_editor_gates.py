"""With any of the gate's facts at no, a participant's work is neither captured nor sent."""

from __future__ import annotations

from pathlib import Path

from collector import Collector
from tests.e2e.desk import at_desk, bytes_below, make_shop, traces
from tests.e2e.participant import Participant, complete_traces
from tests.e2e.rig import until

MARK = "nobody-may-see-this"


def work(person: Participant, mark: str = MARK, *, has_terminal: bool = True) -> None:
    """Edit, save, and run a command and tests: what would be captured."""
    person.append("prices.py", f"# {mark}\n")
    if not has_terminal:
        return
    person.terminal()
    person.terminal_line(f"echo {mark} > ../{mark}.done; pytest -q --co > /dev/null; touch ../{mark}.tested")
    done = person.repository.parent / f"{mark}.tested"
    until("the commands have run", done.exists, 40)
    done.unlink()
    person.settle()


def holds_nothing(person: Participant, collector: Collector) -> None:
    """Neither this machine nor the collector holds a word of the work, nor a report of its tests."""
    person.settle()
    found = [path for path, content in bytes_below(person.data, collector.data_dir) if MARK.encode() in content]

    assert found == []
    until("no report is left", lambda: not list(person.data.rglob("*.xml")), 10)


def test_before_consent_and_in_a_folder_that_is_not_allowed(tmp_path: Path, vsix: Path, collector: Collector) -> None:
    """Before consent, in a folder that was not allowed, and without a session nothing is captured or sent."""
    shop = make_shop(tmp_path / "shop")
    with at_desk(tmp_path, vsix, shop, **{"patchtrail.upload.holdSeconds": 0}) as person:
        person.workbench.trust()
        person.connect(collector, collector.invite())
        person.refuse_consent()
        person.says("Consent has not been given")
        work(person)
        person.workbench.command("Patchtrail: Start Recording")
        person.refuse_consent()
        person.says("Consent has not been given")
        holds_nothing(person, collector)

        person.workbench.command("Patchtrail: Review Consent")
        person.consent()
        until("the gate is open", lambda: person.status == "Patchtrail", 20)
        work(person)
        person.workbench.command("Patchtrail: Start Recording")
        assert str(shop) in person.workbench.dialog_text()
        person.workbench.dialog_button("Cancel")
        work(person)
        holds_nothing(person, collector)

        assert list(person.spool.glob("trace-*")) == []
        assert traces(collector) == []


def test_paused_by_the_participant(tmp_path: Path, vsix: Path, collector: Collector) -> None:
    """While the participant pauses nothing is captured or sent; the pause outlives a reload of the window."""
    shop = make_shop(tmp_path / "shop")
    with at_desk(tmp_path, vsix, shop, **{"patchtrail.upload.holdSeconds": 0}) as person:
        begun(person, collector)
        person.page.keyboard.press("Control+Alt+r")
        person.page.keyboard.press("Space")
        person.says("Paused by the participant")
        chunks = traces(collector)
        work(person)
        holds_nothing(person, collector)
        assert traces(collector) == chunks
        person.workbench.reload()
        person.says("Paused by the participant")
        person.page.keyboard.press("Control+Alt+r")
        person.page.keyboard.press("Space")
        person.says("Recording")
        person.append("prices.py", "# after\n")
        person.wait_for("file_edit")
        person.end()
        types = person.remote_types(collector)

    interrupted = ["gap", "recovered", "pause"]
    assert types == ["session_start", "pause", *interrupted, "resume", "file_edit", "session_end"]


def test_telemetry_off(tmp_path: Path, vsix: Path, collector: Collector) -> None:
    """With telemetry off a session does not start, and a running one stops at once, until it is on again."""
    shop = make_shop(tmp_path / "shop")
    with at_desk(tmp_path, vsix, shop, **{"patchtrail.upload.holdSeconds": 0}) as person:
        begun(person, collector)
        person.settings(**{"telemetry.telemetryLevel": "off"})
        person.says("Telemetry is off in the editor")
        chunks = traces(collector)
        work(person)
        holds_nothing(person, collector)
        assert traces(collector) == chunks
        person.settings(**{"telemetry.telemetryLevel": "all"})
        person.says("Recording")
        person.end()
        # What was recorded before may still be sent, but not any more while telemetry is off.
        until("it is delivered", lambda: complete_traces(collector), 60)
        person.settings(**{"telemetry.telemetryLevel": "off"})
        person.says("Telemetry is off in the editor")
        person.is_refused()
        work(person)
        holds_nothing(person, collector)
        types = person.remote_types(collector)

    assert types == ["session_start", "pause", "resume", "session_end"]


def test_not_trusted(tmp_path: Path, vsix: Path, collector: Collector) -> None:
    """In a workspace that is not trusted nothing starts, is captured or is sent."""
    shop = make_shop(tmp_path / "shop")
    with at_desk(tmp_path, vsix, shop, **{"patchtrail.folders.allowed": [str(shop)]}) as person:
        person.workbench.dialog_button("No, I don't trust the authors")
        person.connect(collector, collector.invite())
        person.consent()
        person.says("The workspace is not trusted")
        person.is_refused()
        # The editor itself opens no terminal in such a folder.
        work(person, has_terminal=False)
        holds_nothing(person, collector)

        assert list(person.spool.glob("trace-*")) == []
        assert traces(collector) == []


def begun(person: Participant, collector: Collector) -> None:
    """Trust, connect, consent and start."""
    person.workbench.trust()
    person.connect(collector, collector.invite())
    person.consent()
    person.start("BUG-7: totals are one too large")
