"""What is not to be seen, in the real editor: off the record, the last minutes forgotten, what waits to be sent."""

from __future__ import annotations

import re
from pathlib import Path

from collector import Collector
from tests.e2e.desk import at_desk, bytes_below, make_shop
from tests.e2e.participant import Participant
from tests.e2e.rig import until

SEEN, UNSEEN, REGRETTED = "everybody-may-see-this", "nobody-may-see-this", "this-was-a-mistake"


def begin(person: Participant, collector: Collector) -> None:
    """Connect, agree and start."""
    person.workbench.trust()
    person.connect(collector, collector.invite())
    person.consent()
    person.start("BUG-11: some of it is private")


def waiting(person: Participant) -> str:
    """Open the document that shows what will be sent, and return what of it is on screen."""
    person.workbench.command("Patchtrail: What Will Be Sent")
    person.page.locator('.tabs-container .tab.active[aria-label*="What Will Be Sent"]').wait_for()
    until("it is read", lambda: "What will be sent to the collector" in person.workbench.editor_text())
    return person.workbench.editor_text()


def test_a_participant_keeps_things_to_themselves(tmp_path: Path, vsix: Path, collector: Collector) -> None:
    """What waits is shown before it leaves; off the record nothing is captured; forgotten minutes are gone everywhere.

    Both are declared in the trace, and recording goes on afterwards.
    """
    shop = make_shop(tmp_path / "shop")
    with at_desk(tmp_path, vsix, shop, **{"patchtrail.upload.holdSeconds": 240}) as person:
        begin(person, collector)
        person.append("prices.py", f"# {SEEN}\n")
        person.wait_for("file_edit")
        shown = waiting(person)
        person.workbench.keyboard("Control+w")
        person.workbench.command("Patchtrail: Go Off the Record for Ten Minutes")
        person.says("Off the record")
        person.append("test_shop.py", f"# {UNSEEN}\n")
        person.settle()
        person.workbench.command("Patchtrail: Resume Recording")
        person.wait_for("resume")
        person.says("Recording")
        person.note("h", f"A hypothesis: {REGRETTED}.")
        person.wait_for("rationale_note")
        person.workbench.command("Patchtrail: Forget the Last Minutes…")
        person.workbench.pick("1 minute")
        asked = person.workbench.dialog_text()
        person.workbench.dialog_button("Forget")
        person.workbench.status_item("Forgotten:")
        assert person.events("rationale_note") == []
        left = b"".join(content for _, content in bytes_below(person.data))
        gaps = {event["data"]["reason"] for event in person.events("gap")}
        person.append("prices.py", "# Going on.\n")
        edits = until("recording goes on", lambda: person.events("file_edit"))
        person.end()

    assert re.search(r"\d+ chunks? waits? on this machine|1 chunk waits", shown)
    assert "Deleted:" in asked
    assert "1 note" in asked
    assert UNSEEN.encode() not in left
    assert REGRETTED.encode() not in left
    assert "forgotten" in gaps
    assert edits[-1]["data"]["file_path"] == "prices.py"
