"""Attempts at patches become events, and so does what became of them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from patchtrail.contract.attempt import AttemptRecord
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.lsp_changes import ChangeGroup
from patchtrail.contract.patch_events import PatchAttempt, fields_of_record, record_of_event
from patchtrail.study import CONSENT, CONSENT_TEXT, Consent
from patchtrail.text import apply
from tests.capture.recording import Recording, git, put, recording, repository
from tests.contract.patch_samples import ATTEMPT, FAILED, FINDING, RECORD

BEFORE = "import os\nimport sys\n\nprint(sys.argv)\n"
AFTER = "import sys\n\nprint(sys.argv)\n"
SECRET = "hunter2-hunter2-hunter2"
WIDER = Consent("texts", f"{CONSENT_TEXT}\nAnd prompts.\n", CONSENT.data_classes | {"model_texts"})


@dataclass(frozen=True)
class Changed:
    """One file of a patch."""

    file_path: str
    before: str | None
    after: str


def record(path: str = "shop.py", **fields: Any) -> AttemptRecord:
    """Return an attempt at a finding in one file."""
    found = {**FINDING, "file_path": path, "line": 1}
    told = {**RECORD, "finding": found, "findings": [found], "file": path, "line": 1, **fields}
    return AttemptRecord.model_validate_json(json.dumps(told))


def attempted(session: Recording, *files: Changed, **fields: Any) -> bool:
    """Report an attempt; return whether it was recorded."""
    told = record(files[0].file_path if files else "shop.py", **fields)
    return session.recorder.report_attempt(told, session.folders[0], files).result().is_recorded


def accepted(session: Recording, *paths: str, outcome: Any = "accepted") -> bool:
    """Report what became of the patch."""
    attempt_id = RECORD["attempt_id"]
    report = session.recorder.report_outcome
    return report(attempt_id, outcome, session.folders[0], paths, after_ms=9).result().is_recorded


def artifacts(session: Recording) -> list[bytes]:
    """Return every blob in the spool."""
    paths = (path for path in session.spool.rglob("*") if path.is_file())
    return [path.read_bytes() for path in paths if hashlib.sha256(path.read_bytes()).hexdigest() in path.name]


def test_an_attempt_is_recorded(tmp_path: Path) -> None:
    """The event tells the finding, the try, its cost in integers, and a diff that applies; no text of the model's."""
    folder = repository(tmp_path / "shop", {"shop.py": BEFORE})
    with recording(tmp_path / "spool", folder) as session:
        assert session.recorder.running_trace
        assert attempted(session, Changed("shop.py", BEFORE, AFTER))
        [event] = session.told("patch_attempt")
        stored = artifacts(session)

    assert event["findings"][0]["rule_id"] == "F401"
    assert (event["cost_microusd"], event["retry_attempt"], event["least_certainty_milli"]) == (1_234, 1, 1000)
    assert apply(event["diff_unified"], BEFORE) == AFTER
    assert (event["prompt_artifact"], event["response_artifact"], stored) == (None, None, [])
    assert event["prompt_size_bytes"] == len(RECORD["prompt"])
    assert event["prompt_hash"] != hashlib.sha256(RECORD["prompt"].encode()).hexdigest()


def test_prompt_and_response_go_along_where_consent_covers_them(tmp_path: Path) -> None:
    """Under a text that covers them they are artifacts, redacted; of a file that is never captured not kept."""
    folder = repository(tmp_path / "shop", {"shop.py": BEFORE, ".env": f"SHOP_PASSWORD={SECRET}\n"})
    with recording(tmp_path / "spool", folder, consent=WIDER) as session:
        attempted(session, Changed("shop.py", BEFORE, AFTER), prompt=f"key {SECRET}", llm_response="done")
        attempted(session, Changed(".env", "A=1\n", "A=2\n"), prompt="of .env", attempt_id="second")
        first, second = session.told("patch_attempt")
        stored = artifacts(session)

    assert sorted(stored)[0] == b"done"
    assert len(stored) == 2
    assert SECRET.encode() not in b"".join(stored)
    assert first["response_artifact"]["size_bytes"] == 4
    assert (second["prompt_artifact"], second["diff_unified"], second["files_withheld"]) == (None, "", 1)
    assert second["findings"][0]["message"] == ""


def test_secrets_are_redacted_before_the_diff(tmp_path: Path) -> None:
    """Nothing of a secret reaches the spool, and the diff applies to the redacted text."""
    folder = repository(tmp_path / "shop", {"shop.py": BEFORE, ".env": f"SHOP_PASSWORD={SECRET}\n"})
    with recording(tmp_path / "spool", folder) as session:
        before = f"password = '{SECRET}'\n{BEFORE}"
        message = {**FINDING, "file_path": "shop.py", "message": f"unused {SECRET}"}
        told = record(finding=message, findings=[message], prompt=SECRET, llm_response=SECRET)
        patch = Changed("shop.py", before, before.replace("import os\n", ""))
        session.recorder.report_attempt(told, folder, [patch]).result()
        [event] = session.told("patch_attempt")
        spooled = b"".join(path.read_bytes() for path in session.spool.rglob("*") if path.is_file())

    assert SECRET.encode() not in spooled
    assert "-import os" in event["diff_unified"]
    assert "<<redacted:" in event["diff_unified"]


@pytest.mark.parametrize("path", [".patchtrail/traces/a.py", "built/out.py", "../elsewhere.py"])
def test_what_is_left_out_is_left_out_of_attempts_too(tmp_path: Path, path: str) -> None:
    """An attempt in a file that is ignored, ours or elsewhere is not recorded, and the answer says why."""
    folder = repository(tmp_path / "shop", {".gitignore": "built/\n", "shop.py": BEFORE})
    put(tmp_path / "shop" / path, BEFORE)
    with recording(tmp_path / "spool", folder) as session:
        answer = session.recorder.report_attempt(record(path), folder, [Changed(path, BEFORE, AFTER)]).result()
        assert not accepted(session, path)
        told = session.told("patch_attempt", "patch_outcome")

    assert (answer.is_recorded, answer.reasons, told) == (False, ["Its files are left out of the recording."], [])


def test_our_own_folder_is_never_recorded(tmp_path: Path) -> None:
    """Saves, changes on disk and commits below `.patchtrail/` are left out even where git tracks them."""
    folder = repository(tmp_path / "shop", {"shop.py": BEFORE, ".patchtrail/traces/x.json": "{}\n"})
    with recording(tmp_path / "spool", folder) as session:
        session.save(folder / ".patchtrail/traces/x.json", "{1}\n")
        put(folder / ".patchtrail/traces/y.json", "{prompt-of-y}\n")
        session.changed(created=(folder / ".patchtrail/traces/y.json",))
        git(folder, "add", "-fA")
        git(folder, "commit", "-qm", "all")
        session.command()
        told = session.told("file_edit", "file_create")
        spooled = b"".join(path.read_bytes() for path in session.spool.rglob("*") if path.is_file())

    assert told == []
    assert b"prompt-of-y" not in spooled
    assert b"content withheld: left out" in spooled


def test_nothing_is_recorded_while_nothing_may_be(tmp_path: Path) -> None:
    """Without a session, and while it is paused, reports are answered and not recorded."""
    folder = repository(tmp_path / "shop", {"shop.py": BEFORE})
    with recording(tmp_path / "spool", folder) as session:
        session.recorder.pause().result()
        assert session.recorder.running_trace is None
        assert not attempted(session, Changed("shop.py", BEFORE, AFTER))
        session.recorder.resume().result()
        told = session.told("patch_attempt")
        session.recorder.end().result()
        assert not accepted(session, "shop.py")

    assert told == []


@pytest.mark.parametrize(
    ("later", "outcome", "standing"),
    [
        ("import sys\nprint(sys.argv)\n", "survived", 2),
        ("import sys  \nprint(sys.argv)\nprint()\n", "survived", 2),
        ("print(sys.argv)\n", "changed", 1),
        ("import os\nprint(sys.argv)\n", "gone", 0),
        (None, "gone", 0),
    ],
)
def test_later_survival(tmp_path: Path, later: str | None, outcome: str, standing: int) -> None:
    """At the session's end the recorder says how much of an accepted patch still stands."""
    before, after = "import os\nprint(sys.argv)\n", "import sys\nprint(sys.argv)\n"
    folder = repository(tmp_path / "shop", {"shop.py": before})
    with recording(tmp_path / "spool", folder) as session:
        attempted(session, Changed("shop.py", before, after))
        accepted(session, "shop.py")
        session.save(folder / "shop.py", after)
        if later is None:
            (folder / "shop.py").unlink()
        else:
            session.save(folder / "shop.py", later)
        session.recorder.end().result()
        told = session.told("patch_outcome")

    assert [one["outcome"] for one in told] == ["accepted", outcome]
    assert (told[1]["lines_changed"], told[1]["lines_standing"], told[1]["evidence"]) == (2, standing, "saves")


def test_after_some_saves_it_is_told_once(tmp_path: Path) -> None:
    """Five saves after it was accepted a patch is told of, and not again at the end; a rename is followed."""
    folder = repository(tmp_path / "shop", {"shop.py": BEFORE})
    with recording(tmp_path / "spool", folder) as session:
        attempted(session, Changed("shop.py", BEFORE, AFTER))
        accepted(session, "shop.py")
        session.save(folder / "shop.py", AFTER)
        (folder / "shop.py").rename(folder / "store.py")
        session.recorder.renamed([(folder / "shop.py", folder / "store.py")])
        for number in range(6):
            session.save(folder / "store.py", f"{AFTER}print({number})\n")
        session.recorder.end().result()
        told = session.told("patch_outcome")

    assert [one["outcome"] for one in told] == ["accepted", "survived"]


@pytest.mark.parametrize("end", ["undone", "rejected"])
def test_what_was_undone_is_not_followed(tmp_path: Path, end: str) -> None:
    """A patch that was undone, or never taken, is told of once."""
    folder = repository(tmp_path / "shop", {"shop.py": BEFORE})
    with recording(tmp_path / "spool", folder) as session:
        attempted(session, Changed("shop.py", BEFORE, AFTER))
        accepted(session, "shop.py")
        accepted(session, "shop.py", outcome=end)
        session.recorder.end().result()
        told = session.told("patch_outcome")

    assert [one["outcome"] for one in told] == ["accepted", end]


def test_forgotten_attempts_are_not_told_of_again(tmp_path: Path) -> None:
    """When the minutes of an attempt are forgotten, nothing later names it."""
    folder = repository(tmp_path / "shop", {"shop.py": BEFORE})
    with recording(tmp_path / "spool", folder) as session:
        attempted(session, Changed("shop.py", BEFORE, AFTER))
        accepted(session, "shop.py")
        session.recorder.forget(10).result()
        session.recorder.end().result()

        assert session.told("patch_attempt", "patch_outcome") == []


def test_the_edit_that_applies_a_patch_says_so(tmp_path: Path) -> None:
    """The client's fact that it applied our patch makes the edit's evidence `patch`."""
    folder = repository(tmp_path / "shop", {"shop.py": BEFORE})
    with recording(tmp_path / "spool", folder) as session:
        session.recorder.opened(folder / "shop.py", BEFORE)
        attempted(session, Changed("shop.py", BEFORE, AFTER))
        accepted(session, "shop.py")
        group = ChangeGroup(
            started_ms=1, ended_ms=1, events=1, inserted=0, deleted=10, largest_delete=10, is_patch=True
        )
        session.recorder.changed(folder / "shop.py", [group], is_whole=True)
        session.save(folder / "shop.py", AFTER)
        [edit] = session.told("file_edit")

    assert (edit["evidence"], edit["authorship"][0]["source"]) == ("patch", "patch")


def test_a_root_below_the_work_tree_is_told_in_it(tmp_path: Path) -> None:
    """Paths relative to a folder inside of the work tree are told relative to the work tree."""
    folder = repository(tmp_path / "mono", {"api/shop.py": BEFORE}) / "api"
    with recording(tmp_path / "spool", folder) as session:
        attempted(session, Changed("shop.py", BEFORE, AFTER))
        accepted(session, "shop.py")
        told = session.told("patch_attempt", "patch_outcome")

    assert told[0]["findings"][0]["file_path"] == "api/shop.py"
    assert told[0]["diff_unified"].startswith("--- a/api/shop.py\n")
    assert told[1]["file_paths"] == ["api/shop.py"]


def test_the_session_view_shows_it(tmp_path: Path) -> None:
    """The view has a line for the attempt that leads to its file and opens its diff, and one for the outcome."""
    folder = repository(tmp_path / "shop", {"shop.py": BEFORE})
    with recording(tmp_path / "spool", folder) as session:
        attempted(session, Changed("shop.py", BEFORE, AFTER), strategy="batch", retry_attempt=2)
        accepted(session, "shop.py")
        shown = session.recorder.entries(0).result().entries[-2:]
        texts = session.recorder.texts(shown[0].seq).result()

    assert [one.summary for one in shown] == [
        "patch offered for F401 in shop.py:1 (batch, 2nd try, 812 tokens)",
        "patch accepted in shop.py",
    ]
    assert (shown[0].path, shown[0].has_diff) == (str(folder / "shop.py"), True)
    assert (texts.before, texts.after) == (BEFORE, AFTER)


def test_an_attempt_that_makes_no_event_is_refused(tmp_path: Path) -> None:
    """A record with an id that no event takes is refused by name, and recording goes on."""
    folder = repository(tmp_path / "shop", {"shop.py": BEFORE})
    with recording(tmp_path / "spool", folder) as session:
        with pytest.raises(InvalidInput, match="attempt_id"):
            attempted(session, attempt_id="two words")
        assert attempted(session, **FAILED)


def test_record_and_event_say_the_same() -> None:
    """What a record and its event have in common is the same there and back; costs are exact to a millionth."""
    event = PatchAttempt.model_validate(ATTEMPT)
    back = record_of_event(event, trace_id=RECORD["trace_id"], timestamp="2025-10-05T20:00:58Z")

    told = fields_of_record(back)
    assert {name: ATTEMPT[name] for name in told if "hunk" not in name and "certainty" not in name} == {
        name: one for name, one in told.items() if "hunk" not in name and "certainty" not in name
    }
    assert (back.cost_usd, back.file_type, back.patch_generated) == (0.001234, "py", ATTEMPT["diff_unified"])


def test_what_is_off_the_record_is_no_diffs_ground(tmp_path: Path) -> None:
    """A file that was saved off the record is in no attempt's diff until it was saved on the record."""
    folder = repository(tmp_path / "shop", {"shop.py": BEFORE})
    hidden = f"{BEFORE}unseen = 1\n"
    with recording(tmp_path / "spool", folder) as session:
        session.recorder.go_off_record(5).result()
        session.save(folder / "shop.py", hidden)
        session.recorder.resume().result()
        attempted(session, Changed("shop.py", hidden, hidden.replace("import os\n", "")))
        session.save(folder / "shop.py", hidden)
        attempted(session, Changed("shop.py", hidden, hidden.replace("import os\n", "")), attempt_id="second")
        first, second = session.told("patch_attempt")

    assert (first["diff_unified"], first["files_withheld"], first["findings"][0]["message"]) == ("", 1, "")
    assert "-import os" in second["diff_unified"]


def test_a_long_diff_is_an_artifact(tmp_path: Path) -> None:
    """A diff that is too long for a line is stored beside it, under its own hash."""
    folder = repository(tmp_path / "shop", {"shop.py": BEFORE})
    with recording(tmp_path / "spool", folder) as session:
        attempted(session, Changed("new.py", None, "x = 1\n" * 12_000))
        [event] = session.told("patch_attempt")
        [stored] = artifacts(session)

    assert event["diff_unified"] == ""
    assert event["diff_artifact"]["sha256"] == hashlib.sha256(stored).hexdigest()
    assert stored.startswith(b"--- /dev/null\n+++ b/new.py\n")
